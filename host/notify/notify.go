// Package notify tells people what needs them, so that they need not look: by mail and by webhook,
// each thing once when it comes, again while it stands, and once when it is over, with a digest in
// the morning and quiet at night.
//
// What a person has acknowledged is neither reported nor repeated until it changes; but it is not reported
// as over either.
//
// It guarantees that each thing is reported at least once, through failures and restarts, and without
// a storm: things that come at the same time are one message, and messages keep a distance. The book
// keeps what was reported, so that a panel that starts again does not report it anew. Messages contain
// names of domains and states, and nothing that is known of people.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/host/orders"
	"registrar.panel/internal/backoff"
)

// Item is something that needs a person.
type Item struct {
	Key      string // identifies it as long as it stands; see [Key]
	Severity string // [Error] or [Warning]
	Since    time.Time
	What     string
	Page     string // of the panel's pages: /domains/example.ru
	Seen     bool   // a person has acknowledged it
}

// Key names an item: the kind of thing, the registrar that reports it, and its ID.
func Key(kind, registrar, id string) string { return kind + "|" + registrar + "|" + id }

// isOf reports whether a key is of an item that this registrar reports, or of one about several registrars.
func isOf(key, registrar string) bool {
	parts := strings.SplitN(key, "|", 3)
	return len(parts) == 3 && (parts[1] == registrar || parts[1] == "")
}

// How urgent an item is.
const (
	Error   = "error"
	Warning = "warning"
)

// Attention is what needs a person now.
type Attention struct {
	Items  []Item
	More   bool     // there are others, which are not listed
	Absent []string // registrars that did not answer: what they reported before may still stand
}

// Source knows what needs a person.
type Source interface {
	Attention(ctx context.Context) (Attention, error)
	Summary(ctx context.Context) ([]string, error) // lines of the digest
}

// Channel is a way to reach people.
type Channel interface {
	Name() string
	Tell(ctx context.Context, m Message) error
}

// Book keeps what was reported.
type Book interface {
	Claim(ctx context.Context, channel, holder string, until time.Time, today string) (orders.NoticeChannel, []orders.Notice, bool, error)
	Told(ctx context.Context, c orders.NoticeChannel, stands []orders.Notice, over []string) error
	Channels(ctx context.Context) ([]orders.NoticeChannel, map[string]int, error)
}

// Options of a notifier.
type Options struct {
	Channels []Channel
	Source   Source
	Book     Book
	Policy   Policy
	Holder   string // this panel, among those that share the book
	Logger   *slog.Logger
	Now      func() time.Time // nil = time.Now
}

// Notifier reports to the channels.
type Notifier struct {
	Options
	since memory // since when items stand

	mu    sync.Mutex
	over  map[string]memory  // by channel: what was reported there and stands no longer
	fails map[string]failing // by channel
}

// failing is the state of a channel that does not take messages.
type failing struct {
	attempts int
	next     time.Time
	err      error
}

// How often the notifier looks, how long one look and one message may take, and how long it waits after a failure.
const (
	lookEvery   = 30 * time.Second
	lookWithin  = 20 * time.Second
	tellWithin  = time.Minute
	heldFor     = 5 * time.Minute
	firstPause  = time.Minute
	longestWait = time.Hour
)

// New makes a notifier. The work begins with [Notifier.Run].
func New(o Options) *Notifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Notifier{Options: o, since: memory{}, over: map[string]memory{}, fails: map[string]failing{}}
}

// Run reports until ctx ends. Without a channel there is nothing to do.
func (n *Notifier) Run(ctx context.Context) error {
	if len(n.Channels) == 0 {
		return nil
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		n.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look asks once what needs a person, and reports to every channel what is new for it.
func (n *Notifier) look(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	stands, err := n.Source.Attention(asking)
	if err != nil {
		if ctx.Err() == nil {
			n.Logger.Error("what needs a person is not known, and none is told", "err", err)
		}
		return
	}
	now := n.Now()
	n.since.note(stands.Items, now)

	// Side by side, so that a relay that hangs delays no other channel.
	var telling sync.WaitGroup
	for _, c := range n.Channels {
		if !n.mayTry(c.Name(), now) {
			continue
		}
		telling.Go(func() { n.attempt(ctx, c, stands, now) })
	}
	telling.Wait()
}

func (n *Notifier) mayTry(channel string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !now.Before(n.fails[channel].next)
}

// attempt reports to one channel, and remembers a failure.
func (n *Notifier) attempt(ctx context.Context, c Channel, stands Attention, now time.Time) {
	err := n.tell(ctx, c, stands, now)
	// The panel ends, and the channel is not to blame for it.
	if ctx.Err() != nil {
		return
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.fails[c.Name()]
	if err == nil {
		if f.err != nil {
			n.Logger.Info("people are told again", "channel", c.Name())
		}
		delete(n.fails, c.Name())
		return
	}

	f.err, f.next = err, now.Add(backoff.Pause(firstPause, longestWait, f.attempts, 0))
	f.attempts++
	n.fails[c.Name()] = f
	n.Logger.Error("people can't be told", "channel", c.Name(), "attempts", f.attempts, "next", f.next, "err", err)
}

func (n *Notifier) tell(ctx context.Context, c Channel, stands Attention, now time.Time) error {
	today := now.In(n.Policy.Zone).Format(time.DateOnly)
	last, told, ours, err := n.Book.Claim(ctx, c.Name(), n.Holder, now.Add(heldFor), today)
	if err != nil || !ours {
		return err
	}

	// An item that comes and goes is not reported: it is over only when it has been gone for a while.
	over := n.gone(c.Name())
	over.note(gone(told, stands), now)
	m, next := n.Policy.decide(situation{now: now, stands: stands, told: told, last: last, since: n.since, over: over})
	if m == nil {
		return nil
	}
	if m.Digest {
		if m.Summary, err = n.Source.Summary(ctx); err != nil {
			return fmt.Errorf("make the digest: %w", err)
		}
	}

	sending, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	// Recorded only after it was sent, because a message recorded first might never be sent. Only the record uses
	// up the number, so that a message which is sent again has the same ID.
	if err := c.Tell(sending, *m); err != nil {
		return err
	}
	return n.Book.Told(ctx, next, m.notices(now), keys(m.Over))
}

// gone returns the memory of one channel, which only the channel's own goroutine uses.
func (n *Notifier) gone(channel string) memory {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over[channel] == nil {
		n.over[channel] = memory{}
	}
	return n.over[channel]
}

// Told is the state of one channel.
type Told struct {
	Channel  string
	Number   int64     // of messages so far
	ToldAt   time.Time // zero = never
	Standing int       // things that were reported and still stand
	Error    string    // why it takes no messages; "" = it does
	NextAt   time.Time // of the next attempt in that case
}

// State returns the state of the channels.
func (n *Notifier) State(ctx context.Context) (all []Told, err error) {
	known, standing, err := n.Book.Channels(ctx)
	if err != nil {
		return nil, err
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	// Listed as in the configuration, because the book does not know a channel that has sent nothing yet.
	for _, c := range n.Channels {
		t := Told{Channel: c.Name(), Standing: standing[c.Name()]}
		if i := slices.IndexFunc(known, func(k orders.NoticeChannel) bool { return k.Name == c.Name() }); i >= 0 {
			t.Number, t.ToldAt = known[i].Number, known[i].ToldAt
		}
		if f := n.fails[c.Name()]; f.err != nil {
			t.Error, t.NextAt = f.err.Error(), f.next
		}
		all = append(all, t)
	}
	return all, nil
}

// Tried is the result of a test of one channel.
type Tried struct {
	Channel string
	Err     error
}

// ErrNoChannel means that the configuration has no channel.
var ErrNoChannel = errors.New("plugin.hcl has no panel { notify { … } }: nothing is told")

// Test sends a message that says that it is a test on every channel, and changes nothing else.
func (n *Notifier) Test(ctx context.Context, by string) ([]Tried, error) {
	if len(n.Channels) == 0 {
		return nil, ErrNoChannel
	}
	tried := make([]Tried, len(n.Channels))
	var telling sync.WaitGroup
	for i, c := range n.Channels {
		telling.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, tellWithin)
			defer cancel()
			now := n.Now()
			tried[i] = Tried{c.Name(), c.Tell(ctx, Message{ID: fmt.Sprintf("test-%d", now.UnixNano()), At: now, TestBy: by})}
		})
	}
	telling.Wait()
	return tried, nil
}
