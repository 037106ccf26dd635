package registry

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serveWhois answers every question with what answer does to the connection.
func serveWhois(t *testing.T, answer func(c net.Conn, name string)) (address string, questions *atomic.Int64) {
	t.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	questions = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)

		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			questions.Add(1)
			name, _ := bufio.NewReader(c).ReadString('\n')
			answer(c, name)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})

	return l.Addr().String(), questions
}

func say(text string) func(net.Conn, string) {
	return func(c net.Conn, _ string) { io.WriteString(c, text) }
}

// clock is a time that only tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestLook(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		why    string
		answer func(net.Conn, string)
		want   Status
		says   string
	}{
		{"a record, asked for in ACE with CRLF", func(c net.Conn, name string) {
			if name == "newtime.ru\r\n" {
				io.WriteString(c, registered)
			}
		}, Registered, ""},
		{"free", say("No entries found for the selected source(s).\n"), Absent, ""},
		{"nothing", func(net.Conn, string) {}, Unknown, "not understood"},
		{"a flood", func(c net.Conn, _ string) { io.WriteString(c, strings.Repeat("person: x\n", 10_000)) }, Unknown, "too long"},
		{"hung up in the middle", func(c net.Conn, _ string) {
			io.WriteString(c, "No entries found for the selected source(s).\n")
			c.(*net.TCPConn).SetLinger(0) // a reset, not an end
		}, Unknown, ""},
	} {
		address, _ := serveWhois(t, c.answer)
		w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, (&clock{asked}).now)
		a := w.Look(t.Context(), "newtime.ru")
		if a.Status != c.want || !strings.Contains(a.Why, c.says) {
			t.Errorf("%s: %s (%s), want %s (%s)", c.why, a.Status, a.Why, c.want, c.says)
		}
	}
}

func TestLookNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, (&clock{asked}).now)
	if a := w.Look(t.Context(), "newtime.ru"); a.Status != Unknown || a.Why == "" {
		t.Errorf("%+v", a)
	}
	if err := w.Check(t.Context()); err == nil {
		t.Error("a dead whois passes the check")
	}
}

// A server that keeps silent is left when the caller has waited enough.
func TestLookEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	released := make(chan struct{})
	address, _ := serveWhois(t, func(net.Conn, string) {
		cancel()
		<-released
	})
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, (&clock{asked}).now)
	a := w.Look(ctx, "newtime.ru")
	close(released)
	if a.Status != Unknown {
		t.Errorf("%+v", a)
	}
}

func TestLookRemembers(t *testing.T) {
	t.Parallel()
	address, questions := serveWhois(t, say(registered))
	c := &clock{asked}
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, c.now)
	first := w.Look(t.Context(), "newtime.ru")
	c.at = c.at.Add(remembered - time.Second)
	if again := w.Recall(t.Context(), "newtime.ru"); questions.Load() != 1 || !again.AsOf.Equal(first.AsOf) {
		t.Errorf("%d questions; as of %s, then %s", questions.Load(), first.AsOf, again.AsOf)
	}
	c.at = c.at.Add(2 * time.Second)
	if w.Recall(t.Context(), "newtime.ru"); questions.Load() != 2 {
		t.Errorf("%d questions after the memory has faded", questions.Load())
	}
	if w.Look(t.Context(), "newtime.ru"); questions.Load() != 3 {
		t.Errorf("%d questions, and the last one could not wait", questions.Load())
	}
}

// An answer that says nothing is not kept: the next question may fare better.
func TestLookForgetsFailures(t *testing.T) {
	t.Parallel()
	address, questions := serveWhois(t, say("?\n"))
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, (&clock{asked}).now)
	w.Look(t.Context(), "newtime.ru")
	w.Look(t.Context(), "newtime.ru")
	if questions.Load() != 2 {
		t.Errorf("%d questions", questions.Load())
	}
}

func TestLookKeepsItsPace(t *testing.T) {
	t.Parallel()
	address, questions := serveWhois(t, say("No entries found for the selected source(s).\n"))
	c := &clock{asked}
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, c.now)
	for i := range 30 {
		w.Look(t.Context(), fmt.Sprintf("n%d.ru", i))
	}
	if questions.Load() != burst || w.Ready() {
		t.Errorf("%d questions at once, ready = %v", questions.Load(), w.Ready())
	}
	if a := w.Look(t.Context(), "newtime.ru"); a.Status != Unknown || !strings.Contains(a.Why, "minute") {
		t.Errorf("beyond the pace: %+v", a)
	}
	c.at = c.at.Add(3 * time.Second) // 20 a minute
	if w.Look(t.Context(), "newtime.ru"); questions.Load() != burst+1 {
		t.Errorf("%d questions three seconds later", questions.Load())
	}
}

// A registry that says it is asked too much is left alone for a while.
func TestLookHeedsALimit(t *testing.T) {
	t.Parallel()
	address, questions := serveWhois(t, say("You have exceeded allowed connection rate.\n"))
	c := &clock{asked}
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, c.now)
	w.Look(t.Context(), "newtime.ru")
	c.at = c.at.Add(quiet - time.Second)
	if a := w.Look(t.Context(), "oldtime.ru"); questions.Load() != 1 || a.Status != Unknown || w.Ready() {
		t.Errorf("%d questions, %+v", questions.Load(), a)
	}
	c.at = c.at.Add(2 * time.Second)
	if w.Look(t.Context(), "oldtime.ru"); questions.Load() != 2 {
		t.Errorf("%d questions after the quiet", questions.Load())
	}
}

// The registry's sentences to who asks too much: nothing is asked for an hour.
func TestLookKnowsABan(t *testing.T) {
	t.Parallel()

	for _, said := range []string{"You are not allowed to connect.\r\n", "% Terms\n\nYOU ARE NOT ALLOWED\nTO CONNECT\n",
		"You have exceeded allowed connection rate. Please try again later.\n", "ERROR: query limit reached\n", "Too many queries\n", "Your address is banned\n"} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()

			address, questions := serveWhois(t, say(said))
			c := &clock{asked}
			w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, c.now)
			for i := range 59 {
				a := w.Look(t.Context(), fmt.Sprintf("n%d.ru", i))
				if a.Status != Unknown || !strings.Contains(a.Why, "too often") || !strings.Contains(a.Why, "nothing is asked before") {
					t.Fatalf("%+v", a)
				}
				c.at = c.at.Add(time.Minute)
			}

			if questions.Load() != 1 {
				t.Errorf("%d questions during the ban", questions.Load())
			}
		})
	}
}

// Five answers in a row of which nothing can be made: it is asked ever more rarely, and says so.
// One that is understood ends that.
func TestLookSlowsDown(t *testing.T) {
	t.Parallel()

	for _, said := range []string{"", "\r\n", "?\n", "Unlimited nonsense\n", "<html><body>503</body></html>\n", "% Service is temporarily unavailable due to maintenance\n",
		"domain: NEWTIME.RU\nstate: REGISTERED", "refer: whois.nic.example\n", registered} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()

			address, questions := serveWhois(t, say(said))
			c := &clock{asked}
			w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, c.now)
			for i := range 180 {
				a := w.Look(t.Context(), fmt.Sprintf("n%d.ru", i)) // none of which the answers are about
				if slowed := strings.Contains(a.Why, "times in a row); nothing is asked before"); a.Status != Unknown || slowed != (i >= patience-1) {
					t.Fatalf("%d: %+v", i, a)
				}
				c.at = c.at.Add(time.Minute)
			}

			if n := questions.Load(); n > 12 || n < 8 {
				t.Errorf("%d questions in three hours", n)
			}
		})
	}

	var good atomic.Bool
	address, questions := serveWhois(t, func(c net.Conn, _ string) {
		if good.Load() {
			fmt.Fprint(c, "No entries found for the selected source(s).\n")
		}
	})

	c := &clock{asked}
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, c.now)
	for i := range patience {
		w.Look(t.Context(), fmt.Sprintf("n%d.ru", i))
	}

	if w.Ready() {
		t.Error("it is asked on")
	}

	good.Store(true)
	c.at = c.at.Add(slow)

	for i := range 3 {
		if a := w.Look(t.Context(), fmt.Sprintf("g%d.ru", i)); a.Status != Absent {
			t.Errorf("%+v", a)
		}
	}

	if questions.Load() != patience+3 || !w.Ready() {
		t.Errorf("%d questions", questions.Load())
	}
}

// Odd records of five names are about these names, and slow nothing down.
func TestOddRecordsAreNoBan(t *testing.T) {
	t.Parallel()
	address, questions := serveWhois(t, func(c net.Conn, name string) {
		fmt.Fprintf(c, "domain: %s\nstate: RESERVED\nsource: TCI\n", strings.TrimSpace(name))
	})
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, (&clock{asked}).now)
	for i := range 2 * patience {
		if a := w.Look(t.Context(), fmt.Sprintf("n%d.ru", i)); a.Status != Unknown || !strings.Contains(a.Why, "record of this name") {
			t.Errorf("%+v", a)
		}
	}
	if questions.Load() != 2*patience {
		t.Errorf("%d questions", questions.Load())
	}
}

func TestWhoisConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config WhoisConfig
		path   string // "" = accepted
	}{
		{WhoisConfig{"whois.tcinet.ru:43", 20}, ""},
		{WhoisConfig{"[::1]:43", 1}, ""},
		{WhoisConfig{"whois.tcinet.ru", 20}, "whois"},
		{WhoisConfig{":43", 20}, "whois"},
		{WhoisConfig{"whois.tcinet.ru:43", 0}, "whois_per_minute"},
	} {
		problems := c.config.Validate()
		if got := len(problems) > 0; got != (c.path != "") || got && problems[0].Path != c.path {
			t.Errorf("%+v: %v, want a problem at %q", c.config, problems, c.path)
		}
	}
}

// A question that can wait leaves a share of the pace to those that can't.
func TestRecallSparingly(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	address, _ := serveWhois(t, say(absent+"\n"))
	w := NewWhois(WhoisConfig{Address: address, PerMinute: 20}, func() time.Time { return now })
	names := 0
	asked := func(look func(context.Context, string) Answer) (n int) {
		for range 20 {
			names++
			if a := look(t.Context(), fmt.Sprintf("name-%d.ru", names)); !a.NotAsked {
				n++
			}
		}
		return n
	}
	if sparing, rest := asked(w.RecallSparingly), asked(w.Look); sparing != 5 || rest != 5 {
		t.Errorf("%d and then %d of ten questions", sparing, rest)
	}
}
