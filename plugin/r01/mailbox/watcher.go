package mailbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/hashicorp/go-hclog"
)

// soon is how long the first wait after a mail lasts. Later ones double: mails come in
// bursts, and some servers never announce one that arrives just before IDLE begins.
const soon = time.Second

const (
	listGroup  = 2000    // mails listed by one command
	fetchGroup = 1000    // mails fetched by one command, at most
	fetchBytes = 8 << 20 // and their bytes together, unless one mail has more
	attempts   = 3       // before a mail is treated as a troublemaker, or a folder as having one
)

// Watcher hands over what arrives in a folder. Make it with New, and Run it once.
type Watcher struct {
	config Config
	store  Store
	log    hclog.Logger
	status status

	validity  uint32
	handled   map[imap.UID]stamp // delivered, and still found: not to be fetched again
	trouble   map[imap.UID]trouble
	delivered int // mails, since New
	failures  int // sessions in a row that did not complete a pass
	broken    int // of these, the ones that ended while listing or fetching
}

// stamp recognises a mail under its UID: servers that rebuild their index use UIDs again.
type stamp struct {
	size int64
	date time.Time
}

// trouble is a mail that did not come as announced.
type trouble struct {
	attempts int
	until    time.Time // set aside; zero = not
}

// New makes a watcher. It connects when it is run.
func New(c Config, store Store, log hclog.Logger) *Watcher {
	return &Watcher{config: c.withDefaults(), store: store, log: log,
		handled: map[imap.UID]stamp{}, trouble: map[imap.UID]trouble{}}
}

// Run watches until ctx ends, and returns its error.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		err := w.watch(ctx)
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

// watch is one session: it always ends with an error.
func (w *Watcher) watch(ctx context.Context) error {
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
	w.status.connected()
	w.log.Info("mailbox connected", "address", w.config.Address, "folder", w.config.Mailbox, "uid_validity", s.validity, "keeps_keywords", s.keywords)
	longest := min(w.config.Poll, w.config.Timeouts.Rearm)
	for pause := soon; ; pause *= 2 {
		before := w.delivered
		if err := w.pass(ctx, s); err != nil {
			return err
		}
		w.failures, w.broken = 0, 0
		w.status.passed(w.setAside())
		if w.delivered != before {
			pause = soon
		}
		pause = min(pause, longest)
		if err := s.wait(ctx, pause); err != nil {
			return err
		}
	}
}

// pass hands over everything that waits.
func (w *Watcher) pass(ctx context.Context, s *session) error {
	found, err := s.search(ctx)
	if err != nil {
		return err
	}
	w.forget(found)
	for _, group := range w.groups(found) {
		if err := w.group(ctx, s, group); err != nil {
			return err
		}
	}
	return nil
}

// groups cuts what was found into parts that are listed by one command each. Mails that
// failed before come last and alone, so that they hold up no other.
func (w *Watcher) groups(found []imap.UID) [][]imap.UID {
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
	if w.broken >= attempts { // one of them breaks the connection: find out which
		size = 1
	}
	return append(slices.Collect(slices.Chunk(calm, size)), last...)
}

// forget drops what is known of mails that are gone.
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

// group lists mails and fetches those that are new. One that is not listed is asked for
// again by itself.
func (w *Watcher) group(ctx context.Context, s *session, uids []imap.UID) error {
	met := slices.ContainsFunc(uids, func(uid imap.UID) bool { _, ok := w.handled[uid]; return ok })
	entries, err := s.list(ctx, uids, met)
	if err != nil {
		return w.blame(ctx, uids, err)
	}
	var fresh []entry
	var known, silent []imap.UID
	for _, uid := range uids {
		i, ok := slices.BinarySearchFunc(entries, uid, func(e entry, u imap.UID) int { return int(int64(e.uid) - int64(u)) })
		switch {
		case !ok || entries[i].size < 0:
			silent = append(silent, uid)
		case w.handled[uid] == entries[i].stamp():
			known = append(known, uid)
		default:
			fresh = append(fresh, entries[i])
		}
	}
	if s.keywords && len(known) > 0 { // delivered, but the flag did not get through
		if err := w.settle(ctx, s, known); err != nil {
			return err
		}
	}
	for _, batch := range batches(fresh, w.config.MaxSize) {
		if err := w.batch(ctx, s, batch); err != nil {
			return err
		}
	}
	return w.alone(ctx, s, uids, silent)
}

// alone asks for silent mails one by one.
func (w *Watcher) alone(ctx context.Context, s *session, asked, silent []imap.UID) error {
	if len(asked) == 1 && len(silent) == 1 {
		w.miss(silent[0], "the server does not say anything of it")
		return nil
	}
	for _, uid := range silent {
		if err := w.group(ctx, s, []imap.UID{uid}); err != nil {
			return err
		}
	}
	return nil
}

func (e entry) stamp() stamp { return stamp{e.size, e.date} }

// batches cuts mails into parts that are fetched by one command each.
func batches(entries []entry, maxSize int64) [][]entry {
	var all [][]entry
	var bytes int64
	for i, e := range entries {
		bytes += e.size
		if i == 0 || bytes > fetchBytes || e.size > maxSize || entries[i-1].size > maxSize || len(all[len(all)-1]) == fetchGroup {
			all, bytes = append(all, nil), e.size
		}
		all[len(all)-1] = append(all[len(all)-1], e)
	}
	return all
}

// batch fetches mails and hands over those that came whole. The others are fetched again,
// each by itself.
func (w *Watcher) batch(ctx context.Context, s *session, batch []entry) error {
	section := &imap.FetchItemBodySection{Peek: true}
	if batch[0].size > w.config.MaxSize { // it is alone
		section.Partial = &imap.SectionPartial{Size: min(head, w.config.MaxSize)}
	}
	fetched, err := s.bodies(ctx, batch, section)
	if err != nil {
		return w.blame(ctx, uidsOf(batch), err)
	}
	var mails []Mail
	var missing []entry
	for _, e := range fetched {
		if !complete(e, section.Partial) && (len(batch) > 1 || !w.hopeless(e)) {
			missing = append(missing, e)
			continue
		}
		mails = append(mails, Mail{UIDValidity: s.validity, UID: uint32(e.uid), InternalDate: e.date, Size: e.size,
			Raw: e.body, Truncated: int64(len(e.body)) != e.size})
	}
	if err := w.deliver(ctx, s, mails); err != nil {
		return err
	}
	return w.again(ctx, s, batch, missing)
}

// complete tells whether all came that was asked for.
func complete(e entry, partial *imap.SectionPartial) bool {
	want := e.size
	if partial != nil {
		want = partial.Size
	}
	return e.body != nil && int64(len(e.body)) == want
}

// hopeless tells whether the server says every time that this is the mail, though its
// length is another: a person must look.
func (w *Watcher) hopeless(e entry) bool {
	return len(e.body) > 0 && w.trouble[e.uid].attempts+1 >= attempts
}

func uidsOf(entries []entry) []imap.UID {
	var uids []imap.UID
	for _, e := range entries {
		uids = append(uids, e.uid)
	}
	return uids
}

// again fetches each missing mail by itself.
func (w *Watcher) again(ctx context.Context, s *session, batch, missing []entry) error {
	if len(batch) == 1 && len(missing) == 1 {
		w.miss(missing[0].uid, fmt.Sprintf("the server sends %d of %d bytes", len(missing[0].body), missing[0].size))
		return nil
	}
	for _, e := range missing {
		e.body = nil
		if err := w.batch(ctx, s, []entry{e}); err != nil {
			return err
		}
	}
	return nil
}

// blame counts a connection that broke while mails were fetched, and the mail if it was one.
func (w *Watcher) blame(ctx context.Context, uids []imap.UID, err error) error {
	if ctx.Err() == nil {
		w.broken++
		if len(uids) == 1 {
			w.miss(uids[0], err.Error())
		}
	}
	return err
}

// miss counts a failed attempt at a mail, and sets the mail aside when it fails too often.
func (w *Watcher) miss(uid imap.UID, why string) {
	t := w.trouble[uid]
	t.attempts++
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
func (w *Watcher) deliver(ctx context.Context, s *session, mails []Mail) error {
	if len(mails) == 0 {
		return nil
	}
	failed := w.store.Deliver(ctx, mails)
	if failed != nil {
		mails, failed = w.oneByOne(ctx, mails)
	}
	if failed != nil {
		failed = fmt.Errorf("deliver mail: %w", failed)
	}
	var taken []imap.UID
	for _, m := range mails {
		uid := imap.UID(m.UID)
		w.handled[uid] = stamp{m.Size, m.InternalDate}
		delete(w.trouble, uid)
		w.delivered++
		taken = append(taken, uid)
	}
	if len(taken) == 0 {
		return failed
	}
	return errors.Join(failed, w.settle(ctx, s, taken))
}

// oneByOne hands over what the store did not take together, as far as it takes it.
func (w *Watcher) oneByOne(ctx context.Context, mails []Mail) ([]Mail, error) {
	for i := range mails {
		if err := w.store.Deliver(ctx, mails[i:i+1]); err != nil {
			return mails[:i], err
		}
	}
	return mails, nil
}

// settle marks and moves mails that are safe in the store. A server that refuses that is
// reported, and watched on.
func (w *Watcher) settle(ctx context.Context, s *session, uids []imap.UID) error {
	var complaints error
	for _, step := range []func(context.Context, []imap.UID) error{s.mark, s.move} {
		err := step(ctx, uids)
		if err != nil && !refused(err) {
			return err
		}
		complaints = errors.Join(complaints, err)
	}
	if w.status.complain(complaints) {
		w.log.Warn("handled mails stay as they are", "err", complaints)
	}
	return nil
}
