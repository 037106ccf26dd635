package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/hashicorp/go-hclog"

	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/secret"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/shared/registrar"
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
	g := newGate(b)
	g.registerClient()
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
		Password: secret.New(boxPassword)}, g, hclog.NewNullLogger())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { _ = watcher.Run(ctx); ended <- struct{}{} }()
	go func() { g.readLoop(ctx); ended <- struct{}{} }()
	g.t.Cleanup(func() {
		cancel()
		<-ended
		<-ended
	})
}

// succeeds returns when an operation has.
func (g *gate) succeeds(id registrar.OperationID) {
	g.t.Helper()
	patience := time.After(time.Minute)
	for {
		next := g.changed.Next() // before looking
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
