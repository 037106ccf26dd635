// Package seal keeps personal data unreadable on disk: a [Box] seals them before they are stored.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
)

// keyBytes is the size of an AES-256 key.
const keyBytes = 32

// Box seals data with AES-256-GCM under one key, which can be exchanged: see [Box.Renew]. It is
// safe for concurrent use.
type Box struct {
	file   string // with the keys; "" = they are only in memory
	keys   atomic.Pointer[ring]
	steady sync.RWMutex // held for writing while the keys change
}

// ring holds the keys of a box at one moment.
type ring struct {
	present *sealer
	former  *sealer // still opens, while what it sealed is sealed again; nil = there is none
	digests []byte  // the first key: digests can't be made anew, because most of what was digested is gone
}

type sealer struct {
	key  []byte
	aead cipher.AEAD
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != keyBytes {
		return nil, fmt.Errorf("the key has %d bytes, want %d", len(key), keyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sealer{key, aead}, err
}

// check is a fingerprint of the key itself.
func (s *sealer) check() string { return digest(s.key, "the key of this database") }

// NewBox makes a box of a 32-byte key.
func NewBox(key []byte) (*Box, error) {
	present, err := newSealer(key)
	if err != nil {
		return nil, fmt.Errorf("make box: %w", err)
	}
	b := &Box{}
	b.keys.Store(&ring{present: present, digests: key})
	return b, nil
}

// OpenBox reads the key from a file that only its owner may read. With
// create, a missing file is made with a fresh key; without, it is an error,
// because a new key can't read data that were sealed under a lost one.
func OpenBox(file string, create bool) (*Box, error) {
	keys, err := readKeys(file)
	if errors.Is(err, fs.ErrNotExist) && create {
		keys, err = makeKeys(file)
	}
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	b := &Box{file: file}
	b.keys.Store(keys)
	return b, nil
}

// Seal encrypts. The same context (for example "contact
// 42") must be given to open the value, so a sealed value can't be moved to another row.
func (b *Box) Seal(plain []byte, context string) []byte {
	return b.keys.Load().present.aead.Seal(nil, nil, plain, []byte(context))
}

// Open decrypts what Seal made under the present or the former key and the same context.
func (b *Box) Open(sealed []byte, context string) ([]byte, error) {
	plain, _, err := b.open(sealed, context)
	return plain, err
}

func (b *Box) open(sealed []byte, context string) (plain []byte, present bool, err error) {
	keys := b.keys.Load()
	plain, err = keys.present.aead.Open(nil, nil, sealed, []byte(context))
	if err == nil {
		return plain, true, nil
	}
	if keys.former != nil {
		plain, err = keys.former.aead.Open(nil, nil, sealed, []byte(context))
	}
	if err != nil {
		return nil, false, fmt.Errorf("open sealed %s: wrong key, or the data were changed", context)
	}
	return plain, false, nil
}

// Check returns a fingerprint of the present key. Two files with the same fingerprint hold the same key.
func (b *Box) Check() string { return b.keys.Load().present.check() }

// Name returns a short fingerprint of the present key, for people.
func (b *Box) Name() string { return b.Check()[:16] }

// Knows reports whether a fingerprint is that of the present or the former key.
func (b *Box) Knows(check string) bool {
	keys := b.keys.Load()
	return check == keys.present.check() || keys.former != nil && check == keys.former.check()
}

// Fingerprint returns a keyed digest: equal inputs have equal fingerprints, even
// after the key was exchanged, and a guess can't be tested without the key file.
func (b *Box) Fingerprint(parts ...string) string { return digest(b.keys.Load().digests, parts...) }

func digest(key []byte, parts ...string) string {
	// The length precedes each part, or ("ab", "c") and ("a", "bc") would have one digest.
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
