package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyBytes is the size of an AES-256 key.
const keyBytes = 32

// Box seals data with AES-256-GCM under one key. It is safe for concurrent use.
type Box struct {
	key  []byte
	aead cipher.AEAD
}

// NewBox makes a box of a 32-byte key.
func NewBox(key []byte) (*Box, error) {
	if len(key) != keyBytes {
		return nil, fmt.Errorf("make box: the key has %d bytes, want %d", len(key), keyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make box: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make box: %w", err)
	}
	return &Box{key: key, aead: aead}, nil
}

// OpenBox reads the key from a file that only its owner may read. With create, a missing
// file is made with a fresh key; without, it is an error, because data sealed under a lost
// key can't be read by a new one.
func OpenBox(file string, create bool) (*Box, error) {
	key, err := readKey(file)
	if errors.Is(err, fs.ErrNotExist) && create {
		key, err = makeKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	return NewBox(key)
}

func readKey(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: others can read it; chmod 600 it", file, mode)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key := make([]byte, keyBytes)
	if n, err := hex.Decode(key, text[:min(len(text), 2*keyBytes)]); err != nil || n != keyBytes {
		return nil, fmt.Errorf("%s does not hold a key", file)
	}
	return key, nil
}

// makeKey writes through a temporary name, so that a crash leaves no half key behind.
func makeKey(file string) ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key)
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	// Link fails when the file has appeared meanwhile: a key is never replaced.
	if err := os.Link(tmp.Name(), file); err != nil {
		return nil, err
	}
	return key, nil
}

// Seal encrypts. The context (for example "contact|42") must be given again to open it, so
// a sealed value can't be moved to another row.
func (b *Box) Seal(plain []byte, context string) []byte {
	return b.aead.Seal(nil, nil, plain, []byte(context))
}

// Open decrypts what Seal made under the same key and context.
func (b *Box) Open(sealed []byte, context string) ([]byte, error) {
	plain, err := b.aead.Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("open sealed %s: wrong key, or the data were changed", context)
	}
	return plain, nil
}

// Check is a fingerprint of the key itself: by it two files are known to hold one key.
func (b *Box) Check() string { return b.Fingerprint("the key of this database") }

// Save writes the key that the box works with into a new file that only its owner may read.
func (b *Box) Save(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(b.key) + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	return nil
}

// Fingerprint returns a keyed digest: equal inputs have equal fingerprints, and a guess can't
// be tested without the key.
func (b *Box) Fingerprint(parts ...string) string {
	mac := hmac.New(sha256.New, b.key)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
