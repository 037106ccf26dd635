package engine

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// EraserStore is a store that can purge its files of what was removed.
type EraserStore interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
	// Purge takes removed data out of the store's files.
	Purge(ctx context.Context) error
}

// Eraser removes personal data that need not be kept. It moves no request and reports no event:
// the panel's Action Log shows who demanded it.
type Eraser struct {
	settings *Settings
	store    EraserStore
	log      *slog.Logger
	now      func() time.Time
}

// NewEraser composes the eraser of a store.
func NewEraser(s *Settings, st EraserStore, log *slog.Logger, now func() time.Time) *Eraser {
	return &Eraser{settings: s, store: st, log: log, now: now}
}

// eraseAtOnce bounds a transaction, and so how long others wait for it.
const eraseAtOnce = 100

// Erase removes in small transactions. A call that is interrupted has removed a part, and the
// next call removes the rest.
func (er *Eraser) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	if problems := q.Problems(); len(problems) > 0 {
		return registrar.Erasure{}, &registrar.Error{Code: registrar.Invalid, Detail: "no customer is named", Problems: problems}
	}

	f := store.Finished{Customer: q.Customer, Before: q.Before}
	bodies, mails, err := er.requests(ctx, f)
	if err != nil {
		return registrar.Erasure{}, err
	}

	codes, err := er.codes(ctx, f)
	if err != nil {
		return registrar.Erasure{}, err
	}

	searched, err := er.unbound(ctx, f)
	if err != nil {
		return registrar.Erasure{}, err
	}
	mails += searched.removed

	// Contacts last, because they serve to find and hide what other texts repeat of a person.
	contacts, err := er.contacts(ctx, f)
	if err != nil {
		return registrar.Erasure{}, err
	}

	// The files may still contain what was removed. This error makes the panel ask again; then only the purge is left.
	if err := er.store.Purge(ctx); err != nil {
		return registrar.Erasure{}, registrar.Errorf(registrar.Unavailable, "the data were removed and may still lie in the files: %v", err)
	}

	er.log.Info("personal data erased", "contacts", contacts, "requests", bodies, "mails", mails, "codes", codes)
	done := registrar.Erasure{Removed: counted(registrar.Removed{What: "contacts", Count: contacts},
		registrar.Removed{What: "requests", Count: bodies}, registrar.Removed{What: "mails", Count: mails}, registrar.Removed{What: "transfer codes", Count: codes})}

	// Erasing by age names no customer, so there is no answer about what stays.
	if q.Customer == "" {
		return done, nil
	}

	done.Beyond = er.beyond(searched.more)
	done.Kept, err = Look(ctx, er.store, func(tx *store.Tx) ([]registrar.Kept, error) { return tx.Erasures.Kept(q.Customer) })
	done.Kept = append(done.Kept, searched.waiting...)
	return done, err
}

// requests looks, without keeping writers waiting, for what may go, and looks again before it removes.
func (er *Eraser) requests(ctx context.Context, f store.Finished) (bodies, mails int64, err error) {
	for last := ""; ; {
		ids, err := Look(ctx, er.store, func(tx *store.Tx) ([]string, error) { return tx.Erasures.FindRequests(f, last, eraseAtOnce) })
		if err != nil || len(ids) == 0 {
			return bodies, mails, err
		}

		var b, m int64
		err = er.store.Write(ctx, func(tx *store.Tx) error {
			b, m = 0, 0
			for _, id := range ids {
				oneBody, itsMails, err := tx.Erasures.Request(f, id)
				if err != nil {
					return err
				}
				b, m = b+oneBody, m+itsMails
			}
			return nil
		})
		if err != nil {
			return 0, 0, err
		}

		bodies, mails, last = bodies+b, mails+m, ids[len(ids)-1]
	}
}

// codes removes the transfer codes that operations have brought. There are few, so one transaction does.
func (er *Eraser) codes(ctx context.Context, f store.Finished) (n int64, err error) {
	err = er.store.Write(ctx, func(tx *store.Tx) error {
		n, err = tx.Erasures.Codes(f)
		return err
	})
	return n, err
}

// contacts is like requests, for the contacts of clients.
func (er *Eraser) contacts(ctx context.Context, f store.Finished) (contacts int64, err error) {
	for last := int64(0); ; {
		ids, err := Look(ctx, er.store, func(tx *store.Tx) ([]int64, error) { return tx.Erasures.FindClients(f, last, eraseAtOnce) })
		if err != nil || len(ids) == 0 {
			return contacts, err
		}

		var n int64
		err = er.store.Write(ctx, func(tx *store.Tx) error {
			n = 0
			for _, id := range ids {
				one, err := tx.Erasures.Client(f, id)
				if err != nil {
					return err
				}
				n += one
			}
			return nil
		})
		if err != nil {
			return 0, err
		}

		contacts, last = contacts+n, ids[len(ids)-1]
	}
}

// counted leaves out the sorts of which there were none.
func counted(sorts ...registrar.Removed) []registrar.Removed {
	return slices.DeleteFunc(sorts, func(r registrar.Removed) bool { return r.Count == 0 })
}

// beyond lists the places that R01's plugin can't reach.
func (er *Eraser) beyond(unsearched bool) []string {
	places := []string{
		"R01's own records of its clients",
		fmt.Sprintf("the mailbox of %s, and its folder of handled mails", er.settings.Callback),
		fmt.Sprintf("mails of no request of ours that name the customer in no usual way, by name, address, phone or number: their text goes %s after they came, that of strangers %s",
			days(er.settings.KeepMails), days(cmp.Or(er.settings.KeepStrangers, KeepStrangers))),
	}
	if unsearched {
		places = append(places, fmt.Sprintf("mails of no request of ours beyond the newest %d, which were not searched: erase again once keep.mails and keep.strangers have removed some", mostSearched))
	}
	if er.settings.BCC != "" {
		places = append(places, "the blind copies at "+er.settings.BCC)
	}
	return places
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", d/day) }

// erasedWords replace what is said about business whose personal data were erased, because it
// is no longer known what would have to be hidden in it.
const erasedWords = "(not shown: the personal data of this business were erased)"
