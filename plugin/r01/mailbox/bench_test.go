package mailbox

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/text/encoding/charmap"

	"registrar.panel/internal/mailhost"
	"registrar.panel/plugin/r01/message"
)

const (
	manyReplies = 10000
	plainGroup  = 500 // mails to a FETCH of the baselines
)

// fullDovecot has the replies waiting, as R01's are: small, in koi8-r.
func fullDovecot(b *testing.B) (*mailhost.Dovecot, Config) {
	b.Helper()

	d := mailhost.StartDovecot(b, mailhost.DovecotOptions{Users: map[string]string{account: password}})
	var mails [][]byte
	for i := range manyReplies {
		text, err := charmap.KOI8R.NewEncoder().String(fmt.Sprintf("Домен domain%d.ru зарегистрирован и делегирован.\r\n"+
			"task: %[1]d\r\nstatus: TASK_SUCCESS\r\nstate: REGISTERED, DELEGATED\r\npaid-till: 2027.11.24\r\n", i))
		if err != nil {
			b.Fatal(err)
		}

		mails = append(mails, fmt.Appendf(nil, "Return-Path: <robot@registrar.example>\r\nDelivered-To: callback@panel.example\r\n"+
			"Received: from registrar.example by panel.example with ESMTP id %[1]d; Tue, 24 Nov 2026 12:00:00 +0300\r\n"+
			"From: robot@registrar.example\r\nTo: callback@panel.example\r\nSubject: answer\r\nDate: Tue, 24 Nov 2026 12:00:00 +0300\r\n"+
			"Message-ID: <%[1]d@registrar.example>\r\nIn-Reply-To: <%[1]d@panel.example>\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%[2]s", i, text))
	}

	d.Fill(account, mails)
	cfg := onDovecot(d)
	cfg.TLS = TLSNone
	return d, cfg
}

// reader counts mails, and reads them beside the fetching, as the gateway does.
type reader struct {
	mails chan []byte // nil = none is read
	read  chan error
	n     int
}

func newReader() *reader {
	r := &reader{mails: make(chan []byte, manyReplies), read: make(chan error, 1)}
	go func() { // ends with wait
		var failed error
		for raw := range r.mails {
			if _, err := message.Parse(raw); err != nil {
				failed = err
			}
		}
		r.read <- failed
	}()
	return r
}

func (r *reader) Deliver(_ context.Context, mails []Mail) error {
	r.n += len(mails)
	for _, m := range mails {
		if r.mails != nil {
			r.mails <- m.Raw
		}
	}
	return nil
}

// wait returns when all are read.
func (r *reader) wait() error {
	if r.mails == nil {
		return nil
	}
	close(r.mails)
	return <-r.read
}

// passOnce hands over all that waits, from connecting to the last mail. A folder opened
// read only refuses the flags, and so has the same mails for the next round.
func passOnce(b *testing.B, cfg Config, store *reader, readOnly bool) time.Duration {
	b.Helper()

	start := time.Now()
	s, err := connect(b.Context(), cfg.withDefaults())
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()

	if err := s.open(b.Context(), "INBOX", readOnly); err != nil {
		b.Fatal(err)
	}
	if err := New(cfg, store, slog.New(slog.DiscardHandler)).pass(b.Context(), s); err != nil {
		b.Fatal(err)
	}
	if err := store.wait(); err != nil {
		b.Fatal(err)
	}

	took := time.Since(start)
	if store.n != manyReplies {
		b.Fatalf("%d mails were handed over", store.n)
	}

	return took
}

// plainly fetches all mails with go-imap and nothing else, and flags them if it shall.
func plainly(b *testing.B, cfg Config, mark bool) time.Duration {
	b.Helper()

	start := time.Now()
	conn, err := net.Dial("tcp", cfg.Address)
	if err != nil {
		b.Fatal(err)
	}

	client := imapclient.New(conn, nil)
	defer client.Close()
	if err := client.Login(cfg.Username, cfg.Password.Reveal()).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: !mark}).Wait(); err != nil {
		b.Fatal(err)
	}

	found, err := client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
	if err != nil {
		b.Fatal(err)
	}

	n, uids := 0, found.AllUIDs()
	for from := 0; from < len(uids); from += plainGroup {
		group := imap.UIDSetNum(uids[from:min(from+plainGroup, len(uids))]...)
		n += fetchPlainly(b, client, group)
		if !mark {
			continue
		}
		flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen, Done}}
		if err := client.Store(group, flags, nil).Close(); err != nil {
			b.Fatal(err)
		}
	}

	took := time.Since(start)
	if n != manyReplies {
		b.Fatalf("%d mails were fetched", n)
	}

	return took
}

func fetchPlainly(b *testing.B, client *imapclient.Client, group imap.UIDSet) (n int) {
	b.Helper()
	cmd := client.Fetch(group, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
				if _, err := io.ReadAll(body.Literal); err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
	}
	if err := cmd.Close(); err != nil {
		b.Fatal(err)
	}
	return n
}

// inPython fetches and reads all mails with the standard library of Python.
func inPython(b *testing.B, cfg Config) time.Duration {
	b.Helper()
	host, port, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		b.Fatal(err)
	}
	out, err := exec.Command("/usr/bin/python3", "../../../internal/mailhost/testdata/fetch.py", host, port, cfg.Username, cfg.Password.Reveal(), fmt.Sprint(plainGroup)).CombinedOutput()
	if err != nil {
		b.Fatalf("python3: %v: %s", err, out)
	}
	var n int
	var seconds float64
	if _, err := fmt.Sscan(string(out), &n, &seconds); err != nil || n != manyReplies {
		b.Fatalf("python3 fetched %d mails: %v: %s", n, err, out)
	}
	return time.Duration(seconds * float64(time.Second))
}

// fastest keeps the best of several rounds: others use the machine, too.
func fastest(best *time.Duration, took time.Duration) {
	if *best == 0 || took < *best {
		*best = took
	}
}

// BenchmarkFetch fetches replies that wait in a Dovecot, with every check and nothing
// stored, and compares with go-imap alone and, reading them too, with Python.
func BenchmarkFetch(b *testing.B) {
	_, cfg := fullDovecot(b)
	var ours, reading, plain, python time.Duration
	for b.Loop() {
		fastest(&plain, plainly(b, cfg, false))
		fastest(&ours, passOnce(b, cfg, &reader{}, true))
		fastest(&python, inPython(b, cfg))
		fastest(&reading, passOnce(b, cfg, newReader(), true))
	}
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "of-go-imap")
	b.ReportMetric(python.Seconds()/reading.Seconds(), "of-imaplib")
	b.ReportMetric(manyReplies/ours.Seconds(), "mails/s")
}

// BenchmarkFetchAndFlag is the same with the flags set on the server, on either side.
func BenchmarkFetchAndFlag(b *testing.B) {
	d, cfg := fullDovecot(b)
	var ours, plain time.Duration
	for b.Loop() {
		fastest(&plain, plainly(b, cfg, true))
		d.Unmark(account, "INBOX", string(Done))
		fastest(&ours, passOnce(b, cfg, &reader{}, false))
		d.Unmark(account, "INBOX", string(Done))
	}
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "of-go-imap")
	b.ReportMetric(manyReplies/ours.Seconds(), "mails/s")
}
