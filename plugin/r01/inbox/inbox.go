package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailbox"
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
	// AskAtOnce has the registry asked about a name before all other names.
	AskAtOnce(name string)
}

// Parts are what an inbox needs, beside its engine.
type Parts struct {
	Reader   *Reader
	Matcher  *Matcher
	Recovery *engine.Recovery
	Asker    Asker
	Verifier Verifier
	Store    Store
	Logger   *slog.Logger
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
	log      *slog.Logger
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

// Run reads mails that arrive, and removes those that were kept long enough, until ctx ends. At
// first it makes the headings of mails that an earlier version stored.
func (in *Inbox) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { in.ReadLoop(ctx) })
	loops.Go(func() { in.keepLoop(ctx) })
	loops.Go(func() { in.tellLoop(ctx) })
	loops.Wait()
}

// Deliver stores fetched mails in one commit. When it returns nil, every mail is stored, now or before.
func (in *Inbox) Deliver(ctx context.Context, mails []mailbox.Mail) error {
	// Every mail shows the mail server's clock, whatever becomes of the mail.
	for _, m := range mails {
		in.clock.HeardOf(engine.ByMailServer, m.InternalDate)
	}

	arrived, err := in.arrivals(ctx, mails)
	if err != nil {
		return fmt.Errorf("store mail: %w", err)
	}

	raws := make([][]byte, len(mails))
	for i, m := range mails {
		raws[i] = m.Raw
	}

	// Not engine.Write, which wakes the sender and the readers of events: nothing has moved yet.
	var stored map[registrar.MailID]bool
	err = in.store.Write(ctx, func(tx *store.Tx) (err error) {
		stored, err = tx.Mails.AddAll(arrived, raws)
		return err
	})
	if err != nil {
		return fmt.Errorf("store mail: %w", err)
	}

	for i, m := range mails {
		if !stored[arrived[i].ID] {
			in.log.Debug("mail is known", "uid", m.UID)
			continue
		}
		in.log.Info("mail stored", "mail", arrived[i].ID, "bytes", len(m.Raw))
	}

	in.toRead.Wake()
	return nil
}

// mailIDs makes IDs in ascending order, so that mails that were stored at the same time are
// read in the order of their arrival.
func (in *Inbox) mailIDs(n int) []registrar.MailID {
	ids := make([]registrar.MailID, n)
	for i := range ids {
		ids[i] = registrar.MailID("in-" + strings.ToLower(in.random()[:16]))
	}
	slices.Sort(ids)
	return ids
}

// ReadLoop reads stored mails: new ones before those that are tried again.
func (in *Inbox) ReadLoop(ctx context.Context) {
	for ctx.Err() == nil {
		if err := errors.Join(in.ReadNew(ctx), in.ProveAgain(ctx)); err != nil && ctx.Err() == nil {
			in.log.Error("reading mail stopped, will be tried again", "err", err)
		}
		engine.Sleep(ctx, in.toRead, engine.LookAgain)
	}
}
