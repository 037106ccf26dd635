package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/text/encoding/charmap"

	"registrar.panel/internal/mailhost"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// The two mailboxes, one for us and one for the baseline.
const (
	ourMailbox   = "callback@panel.example"
	plainMailbox = "plain@panel.example"
	boxPassword  = "box"
)

// BenchmarkStatus measures from the delivery of R01's answer to the committed status of its
// domain. The baseline is go-imap alone: the same delivery, IDLE's notification, one FETCH.
func BenchmarkStatus(b *testing.B) {
	d := mailhost.StartDovecot(b, mailhost.DovecotOptions{Users: map[string]string{ourMailbox: boxPassword, plainMailbox: boxPassword}})
	g := newGateOfClient(b)
	g.work(d)
	plain := idle(b, d)
	var ours, baseline time.Duration
	n := 0
	for b.Loop() {
		n++
		name := fmt.Sprintf("domain%d.ru", n)
		op := g.submit(registration("o"+name, name))
		g.send()
		raw := []byte(strings.ReplaceAll(g.reply(len(g.relay.taken)-1, delegated(name)...), "\n", "\r\n"))
		start := time.Now()
		d.Deliver(ourMailbox, raw)
		g.succeeds(op.ID)
		ours += time.Since(start)
		start = time.Now()
		d.Deliver(plainMailbox, raw)
		plain.fetch(b, n)
		baseline += time.Since(start)
	}
	b.ReportMetric(ours.Seconds()/baseline.Seconds(), "of-idle-and-fetch")
	b.ReportMetric(float64(ours.Milliseconds())/float64(n), "ms/status")
}

// work runs the watcher and the loop that reads, until the benchmark ends.
func (g *gate) work(d *mailhost.Dovecot) {
	g.t.Helper()
	watcher := mailbox.New(mailbox.Config{Address: d.Addresses.IMAP, TLS: mailbox.TLSNone, Username: ourMailbox,
		Password: secret.New(boxPassword)}, timely{g}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { _ = watcher.Run(ctx); ended <- struct{}{} }()
	go func() { g.ReadLoop(ctx); ended <- struct{}{} }()
	g.t.Cleanup(func() {
		cancel()
		<-ended
		<-ended
	})
}

// timely takes mails as if the server had received them by our clock, which stands still.
type timely struct{ *gate }

func (t timely) Deliver(ctx context.Context, mails []mailbox.Mail) error {
	for i := range mails {
		mails[i].InternalDate = t.clock
	}
	return t.gate.Deliver(ctx, mails)
}

// succeeds returns when an operation has.
func (g *gate) succeeds(id registrar.OperationID) {
	g.t.Helper()
	patience := time.After(time.Minute)
	for {
		next := g.Changed.Next() // before looking
		if g.operation(id).State == registrar.Succeeded {
			return
		}
		select {
		case <-next:
		case <-patience:
			g.t.Fatalf("the answer had no effect: %+v", g.operation(id))
		}
	}
}

// idling is go-imap in IDLE.
type idling struct {
	client *imapclient.Client
	came   chan struct{}
	idle   *imapclient.IdleCommand
}

func idle(b *testing.B, d *mailhost.Dovecot) *idling {
	b.Helper()
	conn, err := net.Dial("tcp", d.Addresses.IMAP)
	if err != nil {
		b.Fatal(err)
	}
	i := &idling{came: make(chan struct{}, 1)}
	i.client = imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				select {
				case i.came <- struct{}{}:
				default:
				}
			}
		}}})
	b.Cleanup(func() { i.client.Close() })
	if err := i.client.Login(plainMailbox, boxPassword).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := i.client.Select("INBOX", nil).Wait(); err != nil {
		b.Fatal(err)
	}
	i.begin(b)
	return i
}

func (i *idling) begin(b *testing.B) {
	b.Helper()
	var err error
	if i.idle, err = i.client.Idle(); err != nil {
		b.Fatal(err)
	}
}

// fetch waits for the notification and fetches the n-th mail.
func (i *idling) fetch(b *testing.B, n int) {
	b.Helper()
	<-i.came
	if err := i.idle.Close(); err != nil {
		b.Fatal(err)
	}
	cmd := i.client.Fetch(imap.UIDSetNum(imap.UID(n)), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	var size int64
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
				n, err := io.Copy(io.Discard, body.Literal)
				if err != nil {
					b.Fatal(err)
				}
				size += n
			}
		}
	}
	if err := cmd.Close(); err != nil || size == 0 {
		b.Fatal(err, size)
	}
	i.begin(b)
}

// BenchmarkStore measures how fast replies that wait in a Dovecot are stored and flagged:
// the watcher with the real store. The baseline is go-imap fetching and flagging them.
func BenchmarkStore(b *testing.B) {
	const replies = 10000
	d := mailhost.StartDovecot(b, mailhost.DovecotOptions{Users: map[string]string{ourMailbox: boxPassword, plainMailbox: boxPassword}})
	mails := stored(b, replies)
	d.Fill(ourMailbox, mails)
	d.Fill(plainMailbox, mails)
	var ours, baseline time.Duration
	for b.Loop() {
		start := time.Now()
		fetchAndFlag(b, d, replies)
		plain := time.Since(start)
		g := newGate(b)
		took := g.storesAll(d, replies)
		if baseline == 0 || plain < baseline { // the best rounds: others use the machine, too
			baseline = plain
		}
		if ours == 0 || took < ours {
			ours = took
		}
		for _, user := range []string{ourMailbox, plainMailbox} {
			d.Unmark(user, "INBOX", string(mailbox.Done))
		}
	}
	b.ReportMetric(baseline.Seconds()/ours.Seconds(), "of-go-imap")
	b.ReportMetric(replies/ours.Seconds(), "mails/s")
}

// storesAll watches until all mails are stored.
func (g *gate) storesAll(d *mailhost.Dovecot, want int) time.Duration {
	g.t.Helper()
	count := &counter{Gateway: g.Gateway, want: want, all: make(chan struct{})}
	watcher := mailbox.New(mailbox.Config{Address: d.Addresses.IMAP, TLS: mailbox.TLSNone, Username: ourMailbox,
		Password: secret.New(boxPassword)}, count, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	start := time.Now()
	go func() { _ = watcher.Run(ctx); close(ended) }()
	<-count.all
	took := time.Since(start)
	cancel()
	<-ended
	return took
}

// counter tells when a number of mails is stored.
type counter struct {
	*Gateway
	got, want int
	all       chan struct{}
}

func (c *counter) Deliver(ctx context.Context, mails []mailbox.Mail) error {
	err := c.Inbox.Deliver(ctx, mails)
	if err == nil {
		if c.got += len(mails); c.got == c.want {
			close(c.all)
		}
	}
	return err
}

func fetchAndFlag(b *testing.B, d *mailhost.Dovecot, want int) {
	b.Helper()
	conn, err := net.Dial("tcp", d.Addresses.IMAP)
	if err != nil {
		b.Fatal(err)
	}
	client := imapclient.New(conn, nil)
	defer client.Close()
	if err := client.Login(plainMailbox, boxPassword).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := client.Select("INBOX", nil).Wait(); err != nil {
		b.Fatal(err)
	}
	found, err := client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for group := range slices.Chunk(found.AllUIDs(), 500) {
		set := imap.UIDSetNum(group...)
		fetched, err := client.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
		if err != nil {
			b.Fatal(err)
		}
		n += len(fetched)
		flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen, mailbox.Done}}
		if err := client.Store(set, flags, nil).Close(); err != nil {
			b.Fatal(err)
		}
	}
	if n != want {
		b.Fatalf("%d mails were fetched", n)
	}
}

// stored are replies as they lie in the store: lines and prose, koi8-r and utf-8.
func stored(b *testing.B, n int) [][]byte {
	b.Helper()
	texts := []string{
		"task: %[1]d\r\naction: NEW\r\nobject: domain\r\ndomain: domain%[1]d.ru\r\nstatus: TASK_SUCCESS\r\nstate: REGISTERED, DELEGATED\r\npaid-till: 2027.11.24\r\n",
		"Домен domain%[1]d.ru зарегистрирован и делегирован.\r\n",
		"Domain domain%[1]d.ru has been registered and delegated.\r\n",
	}
	var mails [][]byte
	for i := range n {
		text, charset := fmt.Sprintf(texts[i%len(texts)], i), "utf-8"
		if i%2 == 0 {
			encoded, err := charmap.KOI8R.NewEncoder().String(text)
			if err != nil {
				b.Fatal(err)
			}
			text, charset = encoded, "koi8-r"
		}
		mails = append(mails, fmt.Appendf(nil, "From: robot@registrar.example\r\nTo: callback@panel.example\r\nSubject: answer\r\n"+
			"Date: Tue, 24 Nov 2026 12:00:00 +0300\r\nMessage-ID: <%d@registrar.example>\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s", i, charset, text))
	}
	return mails
}
