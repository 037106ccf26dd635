package seal

import (
	"errors"
	"fmt"
	"os"
)

// A key is exchanged in three steps, and a crash may follow each. Renew puts a new key
// beside the former one; the file with both is on the disk before anything is sealed with
// the new key. Again seals anew what the former key sealed. When nothing is left of that,
// Forget removes the former key. The next Renew continues an exchange that was interrupted.

// Renew begins to seal with a new key; what the former one sealed can still
// be opened. While a former key is not forgotten, Renew changes nothing.
func (b *Box) Renew() error {
	b.steady.Lock()
	defer b.steady.Unlock()
	keys := *b.keys.Load()
	if keys.former != nil {
		return nil
	}
	fresh, err := newSealer(newKey())
	if err != nil {
		return fmt.Errorf("renew key: %w", err)
	}
	keys.present, keys.former = fresh, keys.present
	return b.replace(&keys, "renew key")
}

// Again seals with the present key a value that was sealed with the former
// one. changed is false for a value that the present key has sealed already.
func (b *Box) Again(sealed []byte, context string) (again []byte, changed bool, err error) {
	plain, present, err := b.open(sealed, context)
	if err != nil || present {
		return sealed, false, err
	}
	return b.Seal(plain, context), true, nil
}

// Forget removes the former key: nothing is sealed with it any more.
func (b *Box) Forget() error {
	b.steady.Lock()
	defer b.steady.Unlock()
	keys := *b.keys.Load()
	if keys.former == nil {
		return nil
	}
	keys.former = nil
	return b.replace(&keys, "forget former key")
}

func (b *Box) replace(keys *ring, what string) error {
	if b.file == "" {
		return fmt.Errorf("%s: %w", what, errors.New("it is in no file"))
	}

	// The file first, so that a crash can't lose a key with which something is sealed.
	if err := writeKeys(b.file, keys, os.Rename); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	b.keys.Store(keys)
	return nil
}

// Steady runs fn while the keys don't change, so that copies
// that fn makes of sealed data and of the keys belong together.
func (b *Box) Steady(fn func() error) error {
	b.steady.RLock()
	defer b.steady.RUnlock()
	return fn()
}
