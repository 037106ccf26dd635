package gateway

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

const (
	sendMails   = 400 // in one round: alone, and by the baseline
	sendTen     = 160 // in one round: mails of ten renewals
	sendSenders = 4
)

// BenchmarkSend sends renewals into a real Postfix with every durable step on: begun, claimed, sent and
// recorded, each committed to disk, on four connections; alone, and ten to a mail. The baseline is
// smtp-source, Postfix's own load generator, which records nothing: as many mails of the same size on as
// many connections into the same Postfix. The three take turns, and each begins when Postfix has done
// with the one before.
func BenchmarkSend(b *testing.B) {
	source, err := exec.LookPath("smtp-source")
	if err != nil {
		b.Fatal("this benchmark needs smtp-source, which comes with Postfix: make setup installs it")
	}
	relay := mailhost.StartPostfix(b, mailhost.PostfixOptions{Sinks: []string{"registrar.example"}})
	alone, ten := newSending(b, relay, 1), newSending(b, relay, 10)
	var bare time.Duration
	for b.Loop() {
		alone.round(b, relay, sendMails)
		ten.round(b, relay, sendTen)
		bare += sendBare(b, relay, source, alone.size.Load(), sendMails)
	}

	b.ReportMetric(float64(bare)/float64(alone.took), "of-smtp-source")
	b.ReportMetric(ten.rate()/alone.rate(), "ten-of-alone")
	b.ReportMetric(alone.rate(), "alone/s")
	b.ReportMetric(ten.rate(), "ten/s")
	b.ReportMetric(float64(sendMails*b.N)/bare.Seconds(), "smtp-source/s")
	b.ReportMetric(alone.processor(), "cpu-µs/alone")
	b.ReportMetric(ten.processor(), "cpu-µs/ten")
}

// sending is a gateway whose renewals are timed.
type sending struct {
	*Gateway
	st        *store.Store
	batch     int
	size      *atomic.Int64 // of a mail
	rounds    int
	renewals  int
	took, cpu time.Duration
}

func newSending(b *testing.B, relay *mailhost.Postfix, batch int) *sending {
	b.Helper()
	st, err := store.Open(b.Context(), store.Options{Dir: b.TempDir(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	})

	s := testSettings()
	s.Senders, s.Batch, s.Brake = sendSenders, batch, engine.Brake{PerHour: 1 << 30, PerDay: 1 << 30}
	pool := &sized{Pool: smtpout.NewPool(smtpout.Config{Address: relay.Addresses.SMTP, TLS: smtpout.TLSNone})}
	g := New(s, Parts{Store: st, Submitter: pool, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Random: rand.Text})
	if err := g.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	return &sending{Gateway: g, st: st, batch: batch, size: &pool.size}
}

// sized notes the size of a mail.
type sized struct {
	*smtpout.Pool
	size atomic.Int64
}

func (s *sized) Submit(ctx context.Context, m smtpout.Mail, claim func(context.Context) error) smtpout.Result {
	s.size.Store(int64(len(m.Data)))
	return s.Pool.Submit(ctx, m, claim)
}

// round sends mails, and sees that each was taken.
func (s *sending) round(b *testing.B, relay *mailhost.Postfix, mails int) {
	b.Helper()
	s.rounds++
	planDue(b, s.Gateway, s.st, s.rounds, mails*s.batch)
	drain(b, relay)

	began, cpu := time.Now(), used(b, syscall.RUSAGE_SELF)
	if _, err := s.Queue.SendDue(b.Context()); err != nil {
		b.Fatal(err)
	}
	s.took, s.cpu = s.took+time.Since(began), s.cpu+used(b, syscall.RUSAGE_SELF)-cpu
	s.renewals += mails * s.batch

	sent, err := engine.Look(b.Context(), s.st, func(tx *store.Tx) (map[registrar.OperationState]int, error) { return tx.Requests.CountInStates() })
	if err != nil || sent[registrar.Sent] != s.renewals {
		b.Fatalf("%v, %v: want %d sent", sent, err, s.renewals)
	}
}

func (s *sending) rate() float64 { return float64(s.renewals) / s.took.Seconds() }

func (s *sending) processor() float64 {
	return float64(s.cpu.Microseconds()) / float64(s.renewals)
}

// drain waits until the relay has done with what it took.
func drain(b *testing.B, relay *mailhost.Postfix) {
	b.Helper()
	testrun.Until(b, "Postfix to have an empty queue", func() (bool, string) {
		n := relay.Queued()
		return n == 0, strconv.Itoa(n) + " mails"
	})
}

// sendBare is the baseline.
func sendBare(b *testing.B, relay *mailhost.Postfix, source string, size int64, mails int) time.Duration {
	b.Helper()
	drain(b, relay)
	began := time.Now()
	cmd := exec.CommandContext(b.Context(), source, "-d", "-s", strconv.Itoa(sendSenders), "-m", strconv.Itoa(mails), "-l", strconv.FormatInt(size, 10),
		"-f", "callback@panel.example", "-t", "robot@registrar.example", relay.Addresses.SMTP)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("smtp-source: %v: %s", err, out)
	}
	return time.Since(began)
}

// planDue makes domains that are due, and plans their renewal.
func planDue(b *testing.B, g *Gateway, st *store.Store, round, domains int) {
	b.Helper()
	today := policy.Today(time.Now())
	err := st.Write(b.Context(), func(tx *store.Tx) error {
		for i := range domains {
			d := registrar.Domain{Name: fmt.Sprintf("domain%d-%d.ru", round, i), Customer: "c1", Handle: "OLD-R01",
				Status: registrar.StatusRegistered, Renewal: registrar.RenewAuto, PaidTill: today.AddDays(40)}
			if err := tx.Domains.Put(d, time.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if n, err := g.Renewals.PlanRenewals(b.Context(), policy.Settings{Before: 55}.Due(today)); err != nil || n != domains {
		b.Fatalf("planned %d, %v", n, err)
	}
}
