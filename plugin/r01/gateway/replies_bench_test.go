package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"registrar.panel/internal/mailhost"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// BenchmarkReplies measures how fast R01's answers to 10,000 renewals, which wait in a Dovecot, are stored and
// flagged, and how fast each is applied: its request and operation succeeded, the domain paid for
// another year, steps and events recorded. The watcher and the loop that reads are at work side by side, and
// both figures count from connecting. The baseline, in turns on the same disk, is mbsync with FSync fetching
// the same mails, of which it reads nothing.
func BenchmarkReplies(b *testing.B) {
	const replies = 10000
	mbsync, err := exec.LookPath("mbsync")
	if err != nil {
		b.Fatal("the baseline is mbsync: apt-get install isync")
	}
	d := mailhost.StartDovecot(b, mailhost.DovecotOptions{Users: map[string]string{ourMailbox: boxPassword, plainMailbox: boxPassword}})
	asked := renewalsSent(b, replies)
	d.Fill(ourMailbox, asked.answers)
	d.Fill(plainMailbox, asked.answers)

	var bare, stored, applied, cpu, bareCPU time.Duration
	for b.Loop() {
		took, used := fetched(b, mbsync, d, replies)
		bare, bareCPU = bare+took, bareCPU+used
		one := asked.answered(b, d)
		stored, applied, cpu = stored+one.stored, applied+one.applied, cpu+one.cpu
		d.Unmark(ourMailbox, "INBOX", string(mailbox.Done))
	}

	b.ReportMetric(bare.Seconds()/stored.Seconds(), "stored-of-mbsync")
	b.ReportMetric(bare.Seconds()/applied.Seconds(), "applied-of-mbsync")
	b.ReportMetric(cpu.Seconds()/bareCPU.Seconds(), "cpu-of-mbsync")
	for unit, took := range map[string]time.Duration{"mbsync-mails/s": bare, "stored/s": stored, "applied/s": applied} {
		b.ReportMetric(float64(replies*b.N)/took.Seconds(), unit)
	}
}

// fetched has mbsync fetch a mailbox into an empty Maildir.
func fetched(b *testing.B, mbsync string, d *mailhost.Dovecot, want int) (took, cpu time.Duration) {
	b.Helper()
	dir := b.TempDir()
	host, port, err := net.SplitHostPort(d.Addresses.IMAP)
	if err != nil {
		b.Fatal(err)
	}
	config := fmt.Sprintf("FSync yes\nIMAPAccount a\nHost %s\nPort %s\nUser %s\nPass %s\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\n"+
		"MaildirStore near\nInbox %[5]s/m/INBOX\nPath %[5]s/m/\n\nChannel c\nFar :far:\nNear :near:\nSync Pull\nCreate Near\nSyncState %[5]s/state\n",
		host, port, plainMailbox, boxPassword, dir)
	rc := filepath.Join(dir, "rc")
	if err := os.WriteFile(rc, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "m"), 0o700); err != nil {
		b.Fatal(err)
	}

	cmd := exec.CommandContext(b.Context(), mbsync, "-c", rc, "c")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("mbsync: %v: %s", err, out)
	}
	took = time.Since(start)

	if got, err := filepath.Glob(filepath.Join(dir, "m", "INBOX", "*", "*,*")); err != nil || len(got) != want {
		b.Fatalf("mbsync fetched %d mails: %v", len(got), err)
	}
	return took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// sentRenewals is a store in which renewals were sent, and R01's answers to them.
type sentRenewals struct {
	dir     string
	answers [][]byte
}

// renewalsSent makes it in memory: only how it is answered is measured.
func renewalsSent(b *testing.B, n int) (asked sentRenewals) {
	b.Helper()
	taker := &relay{}
	asked.dir = memoryDir(b)
	g, st := answerable(b, asked.dir, true, taker)
	planDue(b, g, st, 1, n)
	if _, err := g.Queue.SendDue(b.Context()); err != nil {
		b.Fatal(err)
	}
	if len(taker.taken) != n {
		b.Fatalf("%d renewals were sent", len(taker.taken))
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
	till := policy.Today(time.Now()).AddDays(40).AddYears(1)
	for i, raw := range taker.taken {
		asked.answers = append(asked.answers, renewedAnswer(b, i, raw, till))
	}
	return asked
}

// renewedAnswer is an answer to a request as R01 writes it: in lines and in prose, in koi8-r and in utf-8.
func renewedAnswer(b *testing.B, i int, asked []byte, till registrar.Date) []byte {
	b.Helper()
	domain := field(b, asked, "domain")
	text := []string{
		fmt.Sprintf("task: %d\r\naction: PROLONG\r\nobject: domain\r\ndomain: %s\r\nstatus: TASK_SUCCESS\r\npaid-till: %04d.%02d.%02d\r\n", 100000+i, domain, till.Year, till.Month, till.Day),
		fmt.Sprintf("Домен %s продлён до %02d.%02d.%04d.\r\n", domain, till.Day, till.Month, till.Year),
		fmt.Sprintf("Domain %s has been prolonged until %04d.%02d.%02d.\r\n", domain, till.Year, till.Month, till.Day),
	}[i%3]
	charset := "utf-8"
	if i%2 == 0 {
		encoded, err := charmap.KOI8R.NewEncoder().String(text)
		if err != nil {
			b.Fatal(err)
		}
		text, charset = encoded, "koi8-r"
	}
	return fmt.Appendf(nil, "From: robot@registrar.example\r\nTo: callback@panel.example\r\nSubject: Re: %s\r\n"+
		"Date: %s\r\nMessage-ID: <%d@registrar.example>\r\nIn-Reply-To: %s\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s",
		header(b, asked, "Subject"), time.Now().Format(time.RFC1123Z), i, header(b, asked, "Message-ID"), charset, text)
}

// answerable is a gateway on the machine's own clock that takes every mail for R01's.
func answerable(b *testing.B, dir string, create bool, out *relay) (*Gateway, *store.Store) {
	b.Helper()
	st, err := store.Open(b.Context(), store.Options{Dir: dir, Create: create})
	if err != nil {
		b.Fatal(err)
	}
	s := testSettings()
	s.Brake = engine.Brake{PerHour: 1 << 30, PerDay: 1 << 30}
	g := New(s, Parts{Store: st, Submitter: out, Recogniser: builtIn(), Logger: slog.New(slog.DiscardHandler), Now: time.Now, Random: rand.Text,
		Verifier: verdict(func() mailauth.Verdict { return mailauth.Verdict{Verified: true} })})
	if err := g.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	return g, st
}

// taken is how long answers took to be stored and to be applied, and what processor time we used.
type taken struct{ stored, applied, cpu time.Duration }

// answered has all answers taken in by a copy of the store on the disk.
func (asked sentRenewals) answered(b *testing.B, d *mailhost.Dovecot) (t taken) {
	b.Helper()
	dir := b.TempDir()
	files, err := os.ReadDir(asked.dir)
	for _, f := range files {
		text, unread := os.ReadFile(filepath.Join(asked.dir, f.Name()))
		err = errors.Join(err, unread, os.WriteFile(filepath.Join(dir, f.Name()), text, 0o600))
	}
	if err != nil {
		b.Fatal(err)
	}
	g, st := answerable(b, dir, false, nil)
	count := &counter{Gateway: g, want: len(asked.answers), all: make(chan struct{})}
	watcher := mailbox.New(mailbox.Config{Address: d.Addresses.IMAP, TLS: mailbox.TLSNone, Username: ourMailbox,
		Password: secret.New(boxPassword)}, count, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{}, 2)

	start, cpu := time.Now(), used(b, syscall.RUSAGE_SELF)
	go func() { _ = watcher.Run(ctx); ended <- struct{}{} }()
	go func() { g.Inbox.ReadLoop(ctx); ended <- struct{}{} }()
	<-count.all
	t.stored = time.Since(start)
	for next := g.Engine.Changed.Next(); !allRead(b, g); next = g.Engine.Changed.Next() {
		<-next
	}
	t.applied, t.cpu = time.Since(start), used(b, syscall.RUSAGE_SELF)-cpu

	cancel()
	<-ended
	<-ended
	renewed(b, st, len(asked.answers))
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
	return t
}

func allRead(b *testing.B, g *Gateway) bool {
	b.Helper()
	left, err := engine.Look(b.Context(), g.parts.Store, func(tx *store.Tx) ([]store.Mail, error) { return tx.Mails.New(time.Now(), 1) })
	if err != nil {
		b.Fatal(err)
	}
	return len(left) == 0
}

// renewed fails unless each answer did all that it is to do, once.
func renewed(b *testing.B, st *store.Store, want int) {
	b.Helper()
	err := st.Read(b.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, 10*want)
		if err != nil {
			return err
		}
		done := 0
		for i, e := range events {
			if e.Cursor != registrar.Cursor(i+1) {
				b.Fatalf("event %d has cursor %d", i+1, e.Cursor)
			}
			if e.State == registrar.Succeeded && e.Mail != "" {
				done++
			}
		}
		open, err := tx.Requests.CountInStates()
		if err != nil {
			return err
		}
		domains, err := tx.Domains.List("", want+1)
		if err != nil {
			return err
		}
		till := policy.Today(time.Now()).AddDays(40).AddYears(1)
		for _, d := range domains {
			if strings.HasPrefix(d.Name, "domain") && (d.PaidTill != till || d.Operation != nil) {
				b.Fatalf("%s is paid till %s: %+v", d.Name, d.PaidTill, d.Operation)
			}
		}
		if done != want || len(open) != 0 || len(domains) != want {
			b.Fatalf("%d operations succeeded of %d, %v are open, %d domains", done, want, open, len(domains))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
