package registrar_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

func TestDelegationSigners(t *testing.T) {
	t.Parallel()
	sha256 := strings.Repeat("9f", 32)
	for _, c := range []struct{ why, text, code string }{
		{"ECDSA and SHA-256", "12345 13 2 " + sha256, ""},
		{"capitals, and blanks within the digest", "1 8 2 " + strings.ToUpper(sha256[:32]) + " " + sha256[32:], ""},
		{"SHA-1", "65535 5 1 " + strings.Repeat("0a", 20), ""},
		{"SHA-384", "0 14 4 " + strings.Repeat("0a", 48), ""},
		{"GOST", "1 12 3 " + sha256, ""},
		{"a key tag beyond 16 bits", "65536 13 2 " + sha256, "unreadable"},
		{"a negative one", "-1 13 2 " + sha256, "unreadable"},
		{"a name in place of the algorithm", "1 ECDSAP256SHA256 2 " + sha256, "unreadable"},
		{"no digest", "1 13 2", "unreadable"},
		{"nothing", "", "unreadable"},
		{"RSA/MD5", "1 1 2 " + sha256, "algorithm"},
		{"an algorithm that is none", "1 0 2 " + sha256, "algorithm"},
		{"a private one", "1 253 2 " + sha256, "algorithm"},
		{"a digest type that is none", "1 13 0 " + sha256, "digest-type"},
		{"a digest of another type", "1 13 4 " + sha256, "digest"},
		{"a digest that is cut short", "1 13 2 " + sha256[:62], "digest"},
		{"half a byte", "1 13 2 " + sha256[:63], "digest"},
		{"a digest with a letter that is none", "1 13 2 " + sha256[:63] + "g", "digest"},
	} {
		s, err := registrar.ParseDelegationSigner(c.text)
		if (err != nil) != (c.code == "unreadable") {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		problems := registrar.DelegationProblems([]registrar.DelegationSigner{s})
		switch {
		case err != nil:
		case c.code == "" && len(problems) > 0:
			t.Errorf("%s: %v", c.why, problems)
		case c.code != "" && (len(problems) != 1 || problems[0].Code != c.code || problems[0].Path != "ds[0]"):
			t.Errorf("%s: %v, want one of %q", c.why, problems, c.code)
		}
	}

	one, err := registrar.ParseDelegationSigner("1 13 2 " + sha256)
	if problems := registrar.DelegationProblems([]registrar.DelegationSigner{one, one}); err != nil || len(problems) != 1 || problems[0].Path != "ds[1]" {
		t.Errorf("a record given twice: %v, %v", problems, err)
	}
	var many []registrar.DelegationSigner
	for i := range 14 {
		one.KeyTag = uint16(i)
		many = append(many, one)
	}
	if problems := registrar.DelegationProblems(many); len(problems) != 1 || problems[0].Path != "ds" {
		t.Errorf("14 records: %v", problems)
	}
}

// What is written is read again.
func TestDelegationSignersAreReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := registrar.DelegationSigner{KeyTag: rapid.Uint16().Draw(t, "tag"), Algorithm: rapid.Uint8().Draw(t, "algorithm"),
			DigestType: rapid.Uint8().Draw(t, "type"), Digest: rapid.StringMatching(`[0-9a-f]{1,100}`).Draw(t, "digest")}
		if again, err := registrar.ParseDelegationSigner(s.String()); err != nil || again != s {
			t.Fatalf("%q is read as %+v, %v", s, again, err)
		}
	})
}
