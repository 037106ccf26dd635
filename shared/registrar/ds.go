package registrar

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DelegationSigner is a DS record, by which the zone above vouches for the keys of a domain. See RFC 4034,
// 5.
type DelegationSigner struct {
	KeyTag     uint16 `json:"key_tag"`
	Algorithm  uint8  `json:"algorithm"`
	DigestType uint8  `json:"digest_type"`
	Digest     string `json:"digest"` // lower-case hexadecimal digits
}

// String returns the record as zone files have it: "12345 13 2 9f86…".
func (s DelegationSigner) String() string {
	return fmt.Sprintf("%d %d %d %s", s.KeyTag, s.Algorithm, s.DigestType, s.Digest)
}

// ParseDelegationSigner reads a record as zone files have it: key tag, algorithm, digest type, and the
// digest in hexadecimal digits, which may contain blanks.
func ParseDelegationSigner(text string) (s DelegationSigner, err error) {
	words := strings.Fields(text)
	if len(words) < 4 {
		return s, fmt.Errorf("read DS record: it has the form \"KEYTAG ALGORITHM DIGESTTYPE DIGEST\"")
	}
	numbers := [3]uint64{}
	for i, bits := range []int{16, 8, 8} {
		if numbers[i], err = strconv.ParseUint(words[i], 10, bits); err != nil {
			return s, fmt.Errorf("read DS record: %q is no %s", words[i], []string{"key tag", "algorithm", "digest type"}[i])
		}
	}
	return DelegationSigner{KeyTag: uint16(numbers[0]), Algorithm: uint8(numbers[1]), DigestType: uint8(numbers[2]),
		Digest: strings.ToLower(strings.Join(words[3:], ""))}, nil
}

// algorithms are those that sign zones, by IANA's list, without any that are reserved, sign no zones or
// must not be used (RSA/MD5).
var algorithms = []uint8{3, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 23}

// digestBytes are the lengths of digests by type.
var digestBytes = map[uint8]int{1: 20, 2: 32, 3: 32, 4: 48, 5: 32, 6: 32}

// mostSigners is how many DS records a domain may have; registries take about as many.
const mostSigners = 13

// DelegationProblems reports the mistakes in DS records, with the paths ds and ds[0].
func DelegationProblems(list []DelegationSigner) (problems []Problem) {
	add := func(path, code, format string, args ...any) {
		problems = append(problems, Problem{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
	}

	if len(list) > mostSigners {
		add("ds", "too-many", "must be %d records at most", mostSigners)
	}
	for i, s := range list {
		path := fmt.Sprintf("ds[%d]", i)
		digest, err := hex.DecodeString(s.Digest)
		want, known := digestBytes[s.DigestType]
		// One problem for each record, the first that applies: only a known type says how long the digest
		// must be.
		switch {
		case !slices.Contains(algorithms, s.Algorithm):
			add(path, "algorithm", "has the algorithm %d, which signs no zone: one of %v", s.Algorithm, algorithms)
		case !known:
			add(path, "digest-type", "has the digest type %d, which is none: 1, 2, 3, 4, 5 or 6", s.DigestType)
		case err != nil || s.Digest != strings.ToLower(s.Digest):
			add(path, "digest", "has a digest that is not written in lower-case hexadecimal digits")
		case len(digest) != want:
			add(path, "digest", "has a digest of %d hexadecimal digits, and one of the type %d has %d", len(s.Digest), s.DigestType, 2*want)
		case slices.Contains(list[:i], s):
			add(path, "twice", "is given twice")
		}
	}
	return problems
}
