package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"registrar.panel/host/input"
)

// Cost is the cost of one hash, and so of each guess.
type Cost struct {
	Passes  uint32
	Memory  uint32 // in KiB
	Threads uint8
}

// UsualCost returns the second recommendation of RFC 9106, for machines without plenty of memory.
func UsualCost() Cost { return Cost{Passes: 3, Memory: 64 << 10, Threads: 4} }

// The length of a password, in characters, and of its salt and hash, in bytes.
const (
	shortestPassword = 12
	longestPassword  = 256
	saltLength       = 16
	hashLength       = 32
)

// atOnce is how many hashes are made at a time, because each takes its memory. mostQueued is how
// many wait for that: guessers must not keep others out for long.
const (
	atOnce     = 2
	mostQueued = 32
)

// hasher makes and checks the hashes of passwords.
type hasher struct {
	cost   Cost
	random io.Reader
	queue  chan struct{}
	turns  chan struct{}
	unused string // a hash of no password, which costs as much to check as any other
}

func newHasher(c Cost) (*hasher, error) {
	if c == (Cost{}) {
		c = UsualCost()
	}
	h := &hasher{cost: c, random: rand.Reader, queue: make(chan struct{}, mostQueued), turns: make(chan struct{}, atOnce)}
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return nil, fmt.Errorf("make salt: %w", err)
	}
	h.unused = encode(c, salt, make([]byte, hashLength))
	return h, nil
}

// checkPassword checks a new password. Which characters it has is its owner's business.
func checkPassword(name, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return input.Mistake("password", "must be UTF-8 text")
	case n < shortestPassword:
		return input.Mistake("password", fmt.Sprintf("must have %d characters at least", shortestPassword))
	case n > longestPassword:
		return input.Mistake("password", fmt.Sprintf("must have %d characters at most", longestPassword))
	case utf8.RuneCountInString(strings.ReplaceAll(strings.ToLower(password), name, "")) < shortestPassword/2:
		return input.Mistake("password", "must be more than the name")
	case strings.Trim(password, string([]rune(password)[:1])) == "":
		return input.Mistake("password", "must not be one character again and again")
	}
	return nil
}

// hash makes the hash that is stored of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	key, err := h.key(ctx, h.cost, salt, password)
	return encode(h.cost, salt, key), err
}

// check reports whether a hash was made of a password. With "" for a hash it takes as long, and returns false.
func (h *hasher) check(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = h.unused
	}
	cost, salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}

	// An overlong password is wrong; checking it takes as long as checking others, and costs no more.
	if utf8.RuneCountInString(password) > longestPassword {
		password, known = "", false
	}
	got, err := h.key(ctx, cost, salt, password)
	return known && err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// key makes the key of a password when its turn has come; it returns errCrowded if too many others wait.
func (h *hasher) key(ctx context.Context, c Cost, salt []byte, password string) ([]byte, error) {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return nil, errCrowded
	}

	select {
	case h.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.turns }()

	// Keyboards write the same letter in several ways, which NFC makes one.
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, c.Passes, c.Memory, c.Threads, hashLength), nil
}

// encode writes a hash as a PHC string.
func encode(c Cost, salt, key []byte) string {
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads, text(salt), text(key))
}

var errHash = errors.New("the hash of a password in the panel's database is none")

// decode reads a hash within limits: the database's content must not take all memory.
func decode(hash string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); n != 3 || err != nil {
		return c, nil, nil, errHash
	}
	if c.Memory > 1<<20 || c.Passes == 0 || c.Passes > 100 || c.Threads == 0 {
		return c, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) != hashLength {
		return c, nil, nil, errHash
	}
	return c, salt, key, nil
}
