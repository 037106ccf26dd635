package seal

import (
	"errors"
	"fmt"
	"os"
)

// A key is exchanged in three steps, each of which may be the last before a crash: Renew puts a
// new key beside the former one, and the file with both is on the disk before anything is sealed
// with it; Again seals what the former one sealed; and when nothing is left of that, Forget
// removes it. What is interrupted goes on with the next Renew.

// Renew begins to seal with a new key; what is sealed with the former one can still be opened.
// While a former key is not forgotten there is no newer one: Renew changes nothing.
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

// Again seals a value with the present key that was sealed with the former one. It reports false
// for one that is sealed with the present key already.
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

	// The file first: a crash must not take a key away with which something is sealed.
	if err := writeKeys(b.file, keys, os.Rename); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	b.keys.Store(keys)
	return nil
}

// Steady runs fn while no key comes or goes: a copy that it makes of what is sealed, and of the
// keys, belong together.
func (b *Box) Steady(fn func() error) error {
	b.steady.RLock()
	defer b.steady.RUnlock()
	return fn()
}
