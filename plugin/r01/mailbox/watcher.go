package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// firstPoll is the first wait after a mail. Later waits double. Mails come in bursts, and some
// servers never announce one that arrives just before IDLE begins.
const firstPoll = time.Second

const (
	listGroup  = 2000    // mails listed by one command
	fetchGroup = 1000    // mails fetched by one command, at most
	fetchBytes = 8 << 20 // and their bytes together, unless one mail has more
	attempts   = 3       // before a mail is treated as a troublemaker, or a folder as having one
)

// Watcher hands over the mails that arrive in a folder. Make it with New, and Run it once.
type Watcher struct {
	config Config
	store  Store
	log    *slog.Logger
	status status

	occupied io.Closer // the folder; nil = not yet

	validity  uint32
	handled   map[imap.UID][]stamp // delivered, and still found: not to be fetched again
	trouble   map[imap.UID]trouble
	delivered int // mails, since New
	failures  int // sessions in a row that did not complete a pass
	broken    int // of these, the ones that ended while listing or fetching
	refusals  int // logins in a row that were refused without saying why

	unsearchable bool // the server can't look for answers
}

// trouble is what is known about a mail that did not come as announced.
type trouble struct {
	attempts int
	large    bool      // far more came than was announced
	until    time.Time // set aside; zero = not
}

// New makes a watcher. It connects when it runs.
func New(c Config, store Store, log *slog.Logger) *Watcher {
	return &Watcher{config: c.withDefaults(), store: store, log: log,
		handled: map[imap.UID][]stamp{}, trouble: map[imap.UID]trouble{}}
}

// Run watches until ctx ends, and returns its error.
func (w *Watcher) Run(ctx context.Context) error {
	defer w.vacate()
	for {
		err := w.weighRefusal(w.watch(ctx))
		if ctx.Err() != nil {
			w.status.lost("stopped")
			return ctx.Err()
		}
		if w.status.lost(err.Error()) {
			w.log.Warn("mailbox lost", "address", w.config.Address, "folder", w.config.Mailbox, "err", err)
		}
		if err := sleep(ctx, w.delay(err)); err != nil {
			return err
		}
	}
}

// delay is how long to wait after a failure.
func (w *Watcher) delay(err error) time.Duration {
	t := w.config.Timeouts
	if errors.Is(err, errLogin) {
		return t.Login
	}
	d := t.BackOffMax
	if w.failures < 16 {
		d = min(t.BackOff<<w.failures, t.BackOffMax)
	}
	w.failures++
	return d/2 + rand.N(d/2+1)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// watch runs one session, which always ends with an error.
func (w *Watcher) watch(ctx context.Context) error {
	if err := w.occupy(); err != nil {
		return err
	}
	s, err := connect(ctx, w.config)
	if err != nil {
		return err
	}
	defer s.close()

	if err := s.open(ctx, w.config.Mailbox, false); err != nil {
		return err
	}

	if s.validity != w.validity || s.validity == 0 { // the UIDs mean other mails now
		w.validity = s.validity
		clear(w.handled)
		clear(w.trouble)
	}

	w.refusals = 0
	w.status.connected()
	w.log.Info("mailbox connected", "address", w.config.Address, "folder", w.config.Mailbox, "uid_validity", s.validity, "keeps_keywords", s.keywords)

	// Even with rare polls, a server that hangs must be noticed within Rearm.
	longest := min(w.config.Poll, w.config.Timeouts.Rearm)
	for pause := firstPoll; ; pause *= 2 {
		before := w.delivered

		if err := w.pass(ctx, s); err != nil {
			return err
		}

		// Only a complete pass shows that no mail breaks the connection.
		w.failures, w.broken = 0, 0
		w.status.passed(w.setAside(), s.remarks())

		if w.delivered != before {
			pause = firstPoll
		}

		pause = min(pause, longest)
		if err := s.wait(ctx, pause); err != nil {
			return err
		}
	}
}

// pass hands over every mail that waits.
func (w *Watcher) pass(ctx context.Context, s *session) error {
	found, err := s.search(ctx)
	if err != nil {
		return err
	}

	w.forget(found)
	waiting := w.unseen(found)
	o := overtaking{passed: map[imap.UID]bool{}}
	for _, group := range w.groups(found, waiting) {
		first, err := w.first(ctx, s, &o, waiting)
		if err != nil {
			return err
		}

		for _, part := range [][]imap.UID{first, group} {
			// A mail that was fetched ahead of its turn comes again with its own group.
			part = slices.DeleteFunc(slices.Clone(part), func(uid imap.UID) bool { return o.passed[uid] })
			if len(part) == 0 {
				continue
			}

			if err := w.group(ctx, s, part); err != nil {
				return err
			}

			for _, uid := range part {
				o.passed[uid] = true
			}
		}
	}

	return nil
}

// groups cuts the found mails into parts that are listed by one command each. Mails that failed
// before come last and alone, so that they hold up no other. When many wait that were not
// handed over yet, the parts are small, so that an answer overtakes them soon.
func (w *Watcher) groups(found []imap.UID, waiting int) [][]imap.UID {
	var calm []imap.UID
	var last [][]imap.UID
	for _, uid := range found {
		t, troubled := w.trouble[uid]
		switch {
		case !troubled:
			calm = append(calm, uid)
		case !time.Now().Before(t.until):
			last = append(last, []imap.UID{uid})
		}
	}

	size := listGroup
	if waiting > crowd {
		size = crowd
	}

	if w.broken >= attempts { // one of them breaks the connection: find out which
		size = 1
	}

	return append(slices.Collect(slices.Chunk(calm, size)), last...)
}

// forget drops what is known about mails that are gone.
func (w *Watcher) forget(found []imap.UID) {
	for uid := range w.handled {
		if _, ok := slices.BinarySearch(found, uid); !ok {
			delete(w.handled, uid)
		}
	}
	for uid := range w.trouble {
		if _, ok := slices.BinarySearch(found, uid); !ok {
			delete(w.trouble, uid)
		}
	}
}

// group lists mails and fetches the new ones. What the server says about a mail, or that it
// says nothing, decides how the mail is fetched, never whether it is.
func (w *Watcher) group(ctx context.Context, s *session, uids []imap.UID) error {
	// Dates only if they identify a mail that was handed over, because some servers read every mail to answer.
	met := slices.ContainsFunc(uids, func(uid imap.UID) bool { return len(w.handled[uid]) > 0 })
	entries, err := s.list(ctx, uids, met)
	if err != nil {
		return w.blame(ctx, uids, err)
	}

	listed := map[imap.UID][]entry{}
	for _, e := range entries {
		listed[e.uid] = append(listed[e.uid], e)
	}

	var fresh []entry
	var known []imap.UID
	for _, uid := range uids {
		if e, isNew := w.fresh(uid, listed[uid]); isNew {
			fresh = append(fresh, e)
		} else {
			known = append(known, uid)
		}
	}

	if s.keeps(known) { // delivered, but the flag did not get through
		if err := w.settle(ctx, s, known); err != nil {
			return err
		}
	}

	for _, batch := range w.batches(fresh) {
		if err := w.batch(ctx, s, batch); err != nil {
			return err
		}
	}

	return nil
}

// fresh picks, from what is listed under a UID, a mail that was not delivered.
func (w *Watcher) fresh(uid imap.UID, listed []entry) (entry, bool) {
	if sized := slices.DeleteFunc(slices.Clone(listed), func(e entry) bool { return e.size < 0 }); len(sized) > 0 {
		listed = sized
	}
	if len(listed) == 0 {
		return entry{uid: uid, size: unknown}, true
	}
	for _, e := range listed {
		if !slices.ContainsFunc(w.handled[uid], e.stamp().same) {
			return e, true
		}
	}
	return entry{}, false
}

// blame counts a connection that broke while mails were fetched, and an attempt at the mail if it was only one.
func (w *Watcher) blame(ctx context.Context, uids []imap.UID, err error) error {
	if ctx.Err() == nil {
		w.broken++
		if len(uids) == 1 {
			w.miss(uids[0], err.Error(), errors.Is(err, errLarge))
		}
	}
	return err
}

// miss counts a failed attempt at a mail, and sets the mail aside when it fails too often.
func (w *Watcher) miss(uid imap.UID, why string, large bool) {
	t := w.trouble[uid]
	t.attempts++
	t.large = t.large || large
	if t.attempts >= attempts {
		t.until = time.Now().Add(w.config.Timeouts.SetAside)
		w.log.Error("mail can't be fetched", "uid", uid, "attempts", t.attempts, "next_in", w.config.Timeouts.SetAside, "err", why)
	}
	w.trouble[uid] = t
}

// setAside lists the mails that can't be fetched.
func (w *Watcher) setAside() []imap.UID {
	var uids []imap.UID
	for uid, t := range w.trouble {
		if !t.until.IsZero() {
			uids = append(uids, uid)
		}
	}
	slices.Sort(uids)
	return uids
}

// deliver hands mails over, and settles those that were taken even if others were not.
func (w *Watcher) deliver(ctx context.Context, s *session, entries []entry, truncated bool) error {
	if len(entries) == 0 {
		return nil
	}

	var mails []Mail
	for _, e := range entries {
		m := Mail{UIDValidity: s.validity, UID: uint32(e.uid), InternalDate: e.date, Size: e.size, Raw: e.body, Truncated: truncated}
		if e.size <= 0 {
			m.Size = int64(len(e.body))
		}
		mails = append(mails, m)
	}

	failed := w.store.Deliver(ctx, mails)
	if failed != nil {
		// One by one, so that a mail that the store does not take keeps no other waiting.
		mails, failed = w.oneByOne(ctx, mails)
	}

	if failed != nil {
		failed = fmt.Errorf("deliver mail: %w", failed)
	}

	// Only stored mails are flagged, because a flagged mail is not read again.
	var taken []imap.UID
	for _, e := range entries[:len(mails)] {
		w.handled[e.uid] = append(w.handled[e.uid], e.stamp())
		delete(w.trouble, e.uid)
		w.delivered++
		taken = append(taken, e.uid)
	}

	if len(taken) == 0 {
		return failed
	}

	return errors.Join(failed, w.settle(ctx, s, slices.Compact(taken)))
}

// oneByOne hands over, one by one, mails that the store did not take together, up to the first that it does not take.
func (w *Watcher) oneByOne(ctx context.Context, mails []Mail) ([]Mail, error) {
	for i := range mails {
		if err := w.store.Deliver(ctx, mails[i:i+1]); err != nil {
			return mails[:i], err
		}
	}
	return mails, nil
}

// settle marks and moves mails that are safe in the store. If a server refuses that, it is
// reported, and watching continues.
func (w *Watcher) settle(ctx context.Context, s *session, uids []imap.UID) error {
	var complaints error
	// The mark first, so that a mail that can't be moved is still known as handled.
	for _, step := range []func(context.Context, []imap.UID) error{s.mark, s.move} {
		err := step(ctx, uids)
		if err != nil && !refused(err) {
			return err
		}
		complaints = errors.Join(complaints, err)
	}
	if complaints != nil {
		complaints = fmt.Errorf("handled mails stay as they are, and are read again after every restart: permit it on the server: %w", complaints)
	}
	if w.status.complain(complaints) {
		w.log.Warn("the mailbox refuses a change", "err", complaints)
	}
	return nil
}
