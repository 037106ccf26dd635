package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Store keeps the mails; package store has the real one.
type Store interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
}

// Asker asks the registry; package witness has the real one.
type Asker interface {
	// AskAtOnce has the registry asked about a name before all others.
	AskAtOnce(name string)
}

// Parts are what an inbox is made of, beside its engine.
type Parts struct {
	Reader   *Reader
	Matcher  *Matcher
	Recovery *engine.Recovery
	Asker    Asker
	Verifier Verifier
	Store    Store
	Logger   hclog.Logger
	Now      func() time.Time
	Random   func() string
}

// Inbox stores, reads and applies mails.
type Inbox struct {
	engine   *engine.Engine
	alarms   *engine.Alarms
	clock    *engine.Clock
	timeline *engine.Timeline
	reviews  *engine.Reviews
	redactor *engine.Redactor
	recovery *engine.Recovery
	reader   *Reader
	matcher  *Matcher
	asker    Asker
	verifier Verifier
	settings *engine.Settings
	store    Store
	log      hclog.Logger
	now      func() time.Time
	random   func() string
	toRead   wake.Signal
}

// New composes an inbox. It does nothing until Run.
func New(s *engine.Settings, en *engine.Engine, p Parts) *Inbox {
	return &Inbox{
		engine: en, alarms: en.Alarms, clock: en.Clock, timeline: en.Timeline, reviews: en.Reviews, redactor: en.Redactor,
		recovery: p.Recovery, reader: p.Reader, matcher: p.Matcher, asker: p.Asker, verifier: p.Verifier,
		settings: s, store: p.Store, log: p.Logger, now: p.Now, random: p.Random, toRead: wake.NewSignal(),
	}
}

// Run reads what arrives, and removes what was kept long enough, until ctx ends.
func (in *Inbox) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { in.ReadLoop(ctx) })
	loops.Go(func() { in.keepLoop(ctx) })
	loops.Wait()
}

// Deliver stores fetched mails in one commit. When it returns nil they are safe, or were
// known.
func (in *Inbox) Deliver(ctx context.Context, mails []mailbox.Mail) error {
	for _, m := range mails {
		in.clock.HeardOf(engine.ByMailServer, m.InternalDate)
	}
	stored, ids := make([]registrar.MailID, len(mails)), in.mailIDs(len(mails))
	err := in.store.Write(ctx, func(tx *store.Tx) error {
		for i, m := range mails {
			err := tx.Mails.Add(store.Mail{ID: ids[i], Hash: message.ContentHash(m.Raw), FormerHash: message.FormerHash(m.Raw), At: in.now(), State: store.MailNew,
				Truncated: m.Truncated, Received: m.InternalDate}, m.Raw)
			switch {
			case errors.Is(err, store.ErrExists):
			case err != nil:
				return err
			default:
				stored[i] = ids[i]
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store mail: %w", err)
	}
	for i, m := range mails {
		if stored[i] == "" {
			in.log.Debug("mail is known", "uid", m.UID)
			continue
		}
		in.log.Info("mail stored", "mail", stored[i], "bytes", len(m.Raw))
	}
	in.toRead.Wake()
	return nil
}

// mailIDs makes IDs in ascending order: mails that were stored at the same time are read as
// they arrived.
func (in *Inbox) mailIDs(n int) []registrar.MailID {
	ids := make([]registrar.MailID, n)
	for i := range ids {
		ids[i] = registrar.MailID("in-" + strings.ToLower(in.random()[:16]))
	}
	slices.Sort(ids)
	return ids
}

// ReadLoop reads what was stored.
func (in *Inbox) ReadLoop(ctx context.Context) {
	for ctx.Err() == nil {
		if err := errors.Join(in.ProveAgain(ctx), in.ReadNew(ctx)); err != nil && ctx.Err() == nil {
			in.log.Error("reading mail stopped, will be tried again", "err", err)
		}
		engine.Sleep(ctx, in.toRead, engine.LookAgain)
	}
}

// together is how many mails are read between two commits.
const together = 50

// ReadNew reads every new mail once. One that can't be applied now is left for the next
// pass and does not hold up the others.
func (in *Inbox) ReadNew(ctx context.Context) error {
	const many = 10000
	var mails []store.Mail
	err := in.store.Read(ctx, func(tx *store.Tx) (err error) {
		mails, err = tx.Mails.New(in.now(), many)
		return err
	})
	if err != nil {
		return err
	}
	for len(mails) > 0 && ctx.Err() == nil {
		n := batch(mails)
		if err := in.read(ctx, mails[:n]); err != nil {
			return err
		}
		mails = mails[n:]
	}
	return ctx.Err()
}

// batch tells how many mails of a list are read together. One that has been tried before is
// read alone: it may be what took the process down, and no other shall be blamed for it.
func batch(mails []store.Mail) (n int) {
	for n < min(len(mails), together) && mails[n].Tries == 0 {
		n++
	}
	return max(n, 1)
}

// read understands mails and applies them. The attempts are counted first, so a mail that
// takes the process down with it is put aside after a few restarts.
func (in *Inbox) read(ctx context.Context, mails []store.Mail) error {
	all := make([]opened, len(mails))
	err := in.store.Write(ctx, func(tx *store.Tx) error {
		for i, m := range mails {
			all[i] = opened{Mail: m}
			if all[i].err = tx.Mails.Try(m.ID); all[i].err == nil {
				all[i].raw, all[i].err = tx.Mails.Raw(m.ID)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("open mails: %w", err)
	}
	for i := range all {
		if o := &all[i]; o.err == nil {
			in.reader.prepare(ctx, o)
		}
	}
	err = in.engine.Write(ctx, func(tx *store.Tx) error {
		for i := range all {
			if o := &all[i]; o.err == nil {
				o.err = tx.Part(func() error { return in.settle(tx, o) })
			}
		}
		return in.recovery.HoldUntouched(tx)
	})
	if err != nil {
		return fmt.Errorf("apply mails: %w", err)
	}
	for _, o := range all {
		if o.err != nil {
			in.log.Error("mail could not be applied, will be tried again", "mail", o.ID, "tries", o.Tries+1, "err", o.err)
		}
	}
	return nil
}
