package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/host/orders"
)

// desk is a panel that notifies: its source, its book and its one channel are the test's.
type desk struct {
	t       *testing.T
	policy  Policy
	stands  Attention
	fault   error // of the source
	refuses error // of the channel

	channel orders.NoticeChannel
	told    map[string]orders.Notice
	ours    bool // the right to tell
	lost    bool // the book forgets what was told last, as a crash does

	got []string
	ids []string
	n   *Notifier
}

// at is a morning in Moscow.
var moscow = time.FixedZone("MSK", 3*60*60)

// inDesk runs a test on a desk, at 2000-01-01 03:00 in Moscow.
func inDesk(t *testing.T, test func(d *desk)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, told: map[string]orders.Notice{}, ours: true,
			policy: Policy{After: 2 * time.Minute, Gather: 10 * time.Minute, Repeat: 4 * time.Hour, Digest: -1, Quiet: [2]int{-1, -1}, Zone: moscow}}
		test(d)
	})
}

// start starts the panel, again if it was at work.
func (d *desk) start() {
	d.n = New(Options{Channels: []Channel{d}, Source: d, Book: d, Policy: d.policy, Holder: "one", Logger: slog.New(slog.DiscardHandler)})
}

// pass lets time go by, in which the panel is at work.
func (d *desk) pass(spell time.Duration) {
	d.t.Helper()
	if d.n == nil {
		d.start()
	}
	ctx, stop := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.n.Run(ctx) }()
	time.Sleep(spell)
	synctest.Wait()
	stop()
	<-done
}

// expect compares what the channel was told since the last time.
func (d *desk) expect(want ...string) {
	d.t.Helper()
	if !slices.Equal(d.got, want) {
		d.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(d.got, "\n  "), strings.Join(want, "\n  "))
	}
	d.got = nil
}

func (d *desk) stand(names ...string) {
	d.stands.Items = nil
	for _, name := range names {
		severity := Warning
		if strings.HasSuffix(name, "!") {
			severity = Error
		}
		name = strings.TrimSuffix(name, "!")
		d.stands.Items = append(d.stands.Items, Item{Key: Key("domain", "r01", name), Severity: severity, What: name})
	}
}

func (d *desk) Name() string { return "mail" }

func (d *desk) Tell(_ context.Context, m Message) error {
	if d.refuses != nil {
		return d.refuses
	}
	words := func(items []Item) (all string) {
		for _, i := range items {
			all += " " + i.What
		}
		return all
	}
	text := fmt.Sprintf("new%s | still%s | over%s", words(m.New), words(m.Standing), words(m.Over))
	if m.AllClear() {
		text += " | all clear"
	}
	if m.Digest {
		text += " | digest " + strings.Join(m.Summary, ",")
	}
	if m.TestBy != "" {
		text = "test by " + m.TestBy
	}
	d.got, d.ids = append(d.got, text), append(d.ids, m.ID)
	return nil
}

func (d *desk) Attention(context.Context) (Attention, error) { return d.stands, d.fault }
func (d *desk) Summary(context.Context) ([]string, error)    { return []string{"9000 domains"}, nil }

func (d *desk) Claim(_ context.Context, name, _ string, _ time.Time, today string) (orders.NoticeChannel, []orders.Notice, bool, error) {
	if d.channel.Name == "" {
		d.channel = orders.NoticeChannel{Name: name, BegunAt: time.Now(), DigestOn: today}
	}
	var told []orders.Notice
	for _, key := range slices.Sorted(maps.Keys(d.told)) {
		told = append(told, d.told[key])
	}
	return d.channel, told, d.ours, nil
}

func (d *desk) Told(_ context.Context, c orders.NoticeChannel, stands []orders.Notice, over []string) error {
	if d.lost {
		d.lost = false
		return errors.New("the panel was killed")
	}
	d.channel = c
	for _, key := range over {
		delete(d.told, key)
	}
	for _, s := range stands {
		d.told[s.Item] = s
	}
	return nil
}

func (d *desk) Channels(context.Context) ([]orders.NoticeChannel, map[string]int, error) {
	return []orders.NoticeChannel{d.channel}, map[string]int{"mail": len(d.told)}, nil
}

// What comes is told once, what comes together at once; while it stands it is told again; and what is
// over is told once.
func TestAlarmsFromBeginningToEnd(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.stand("a")
		d.pass(90 * time.Second)
		d.expect() // it may pass
		d.stand("a", "b!", "c")
		d.pass(time.Minute)
		d.expect("new a | still | over")
		d.pass(5 * time.Minute)
		d.expect() // gathered
		d.pass(5 * time.Minute)
		d.expect("new b c | still a | over")
		d.pass(3 * time.Hour)
		d.expect()
		d.pass(90 * time.Minute)
		d.expect("new | still a b c | over")
		d.stand("a", "b!")
		d.pass(20 * time.Minute)
		d.expect("new | still a b | over c")
		d.stand("a!", "b")
		d.pass(20 * time.Minute)
		d.expect("new a | still b | over") // it has become worse
		d.stand()
		d.pass(time.Hour)
		d.expect("new | still | over a b | all clear")
		d.pass(24 * time.Hour)
		d.expect()
	})
}

// What a person has acknowledged is not repeated, and not told if it was not yet; it is over when it is.
func TestAcknowledgedIsNotRepeated(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.stand("a", "b")
		d.pass(5 * time.Minute)
		d.expect("new a b | still | over")
		acknowledge := func(names ...string) {
			d.stand(names...)
			for i := range d.stands.Items {
				d.stands.Items[i].Seen = true
			}
		}
		acknowledge("a", "b", "c!")
		d.pass(24 * time.Hour)
		d.expect()
		acknowledge("b", "c!")
		d.pass(15 * time.Minute)
		d.expect("new | still b | over a")
		acknowledge("c!")
		d.pass(15 * time.Minute)
		d.expect("new | still | over b") // and not all is clear
		d.stand("c!")
		d.pass(15 * time.Minute)
		d.expect("new c | still | over")
	})
}

// What comes and goes is told neither way.
func TestFlappingIsNotTold(t *testing.T) {
	inDesk(t, func(d *desk) {
		for range 20 {
			d.stand("a")
			d.pass(time.Minute)
			d.stand()
			d.pass(time.Minute)
		}
		d.expect()
		d.stand("a")
		d.pass(15 * time.Minute)
		for range 20 {
			d.stand()
			d.pass(time.Minute)
			d.stand("a")
			d.pass(time.Minute)
		}
		d.expect("new a | still | over")
	})
}

// A panel that starts again tells nothing anew, and what it may not have recorded once more, under the
// same ID.
func TestRestarts(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.stand("a", "b!")
		d.pass(5 * time.Minute)
		for range 5 {
			d.start()
			d.pass(10 * time.Minute)
		}
		d.expect("new a b | still | over")

		d.lost = true
		d.stand("a", "b!", "c")
		d.pass(4 * time.Minute)
		d.start()
		d.pass(5 * time.Minute)
		d.expect("new c | still a b | over", "new c | still a b | over")
		if len(d.ids) != 3 || d.ids[1] != d.ids[2] || d.ids[0] == d.ids[1] {
			t.Errorf("the messages have the IDs %v", d.ids)
		}
	})
}

// What a channel refuses is told later, not more often than each hour, and the state says why.
func TestFailures(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.refuses = errors.New("no route to the relay")
		d.stand("a")
		d.pass(10 * time.Hour)
		d.expect()
		told, err := d.n.State(d.t.Context())
		if err != nil || len(told) != 1 || told[0].Error != "no route to the relay" || told[0].NextAt.IsZero() || told[0].Number != 0 {
			t.Errorf("the state is %+v, %v", told, err)
		}
		d.refuses = nil
		d.pass(61 * time.Minute)
		d.expect("new a | still | over")
		if told, err := d.n.State(d.t.Context()); err != nil || told[0].Error != "" || told[0].Number != 1 || told[0].Standing != 1 {
			t.Errorf("the state is %+v, %v", told, err)
		}
	})
}

// What is not known is not over: the source fails, a registrar is missing, or the list is too long.
func TestUnknownIsNotOver(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.stand("a")
		d.pass(5 * time.Minute)
		d.expect("new a | still | over")
		d.stand()
		d.fault = errors.New("the book does not answer")
		d.pass(time.Hour)
		d.fault, d.stands.Absent = nil, []string{"r01"}
		d.pass(time.Hour)
		d.stands.Absent, d.stands.More = []string{"manual"}, true
		d.pass(time.Hour)
		d.expect()
		d.stands.Items = []Item{{Key: Key("reviews", "", ""), Severity: Error, What: "mails"}}
		d.pass(time.Hour)
		d.expect("new mails | still | over")
		d.stands.Items, d.stands.More = nil, false
		d.stands.Absent = []string{"r01"}
		d.pass(time.Hour)
		d.expect()
		d.stands.Absent, d.stands.Items = nil, []Item{{Key: Key("reviews", "", ""), Severity: Error, What: "mails"}}
		d.pass(time.Hour)
		d.expect("new | still mails | over a")
		d.stand()
		d.pass(time.Hour)
		d.expect("new | still | over mails | all clear")
	})
}

// At night nothing is told; in the morning, what still stands.
func TestQuietHours(t *testing.T) {
	inDesk(t, func(d *desk) { // it is 03:00
		d.policy.Quiet = [2]int{22 * 60, 7 * 60}
		d.stand("a", "b!")
		d.pass(2 * time.Hour)
		d.stand("b!")
		d.pass(119 * time.Minute)
		d.expect()
		d.pass(2 * time.Minute)
		d.expect("new b | still | over")
		d.pass(14 * time.Hour) // till 21:01
		d.expect("new | still b | over", "new | still b | over", "new | still b | over")
		d.pass(9 * time.Hour)
		d.expect()
	})
}

// The digest comes once a day, when its time has come, also when that was slept through; and not on
// the day on which the channel is new.
func TestDigest(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.policy.Digest, d.policy.Repeat = 2*60, 100*time.Hour
		d.pass(22 * time.Hour) // till 01:00
		d.expect()
		d.stand("a")
		d.pass(30 * time.Minute)
		d.expect("new a | still | over")
		d.pass(time.Hour) // till 02:30
		d.expect("new | still a | over | digest 9000 domains")
		d.start()
		d.pass(10 * time.Hour)
		d.expect()
		time.Sleep(20 * time.Hour) // the panel is off, till 08:30
		d.stand()
		d.pass(time.Minute)
		d.expect("new | still | over | digest 9000 domains")
		d.pass(30 * time.Minute)
		d.expect("new | still | over a | all clear")
	})
}

// Of several panels on one book one tells.
func TestOneOfSeveralTells(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.ours = false
		d.stand("a")
		d.pass(time.Hour)
		d.expect()
	})
}

// A test tells every channel, and nothing else changes by it.
func TestTest(t *testing.T) {
	inDesk(t, func(d *desk) {
		d.start()
		tried, err := d.n.Test(d.t.Context(), "anna")
		if err != nil || len(tried) != 1 || tried[0].Err != nil || tried[0].Channel != "mail" {
			t.Errorf("tried %+v, %v", tried, err)
		}
		d.expect("test by anna")
		d.refuses = errors.New("no route")
		if tried, err = d.n.Test(d.t.Context(), "anna"); err != nil || !errors.Is(tried[0].Err, d.refuses) {
			t.Errorf("tried %+v, %v", tried, err)
		}
		d.n.Channels = nil
		if _, err = d.n.Test(d.t.Context(), "anna"); !errors.Is(err, ErrNoChannel) {
			t.Errorf("without a channel: %v", err)
		}
	})
}
