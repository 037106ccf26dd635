package gateway

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// sink is a relay that takes every mail and keeps none.
type sink struct{ taken atomic.Int64 }

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return s, nil }
func (s *sink) Mail(string, *smtp.MailOptions) error        { return nil }
func (s *sink) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (s *sink) Reset()                                      {}
func (s *sink) Logout() error                               { return nil }
func (s *sink) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	s.taken.Add(1)
	return err
}

func startSink(b *testing.B) (*sink, string) {
	b.Helper()
	taker := &sink{}
	server := smtp.NewServer(taker)
	server.Domain, server.AllowInsecureAuth = "sink.example", true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	b.Cleanup(func() {
		server.Close()
		<-done
	})
	return taker, l.Addr().String()
}

// BenchmarkSend sends renewals with every durable step on: begun, claimed, sent and
// recorded, each committed to disk, by as many senders as there are by default. The baseline, in the same run, is go-mail sending as
// many mails of the same size on one connection, and recording nothing.
func BenchmarkSend(b *testing.B) {
	for _, batch := range []int{1, 10} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) { benchmarkSend(b, batch) })
	}
}

func benchmarkSend(b *testing.B, batch int) {
	const mails = 200
	taker, address := startSink(b)
	st, err := store.Open(b.Context(), store.Options{Dir: b.TempDir(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	s := testSettings()
	s.Senders, s.Batch, s.Brake = 4, batch, engine.Brake{PerHour: 1 << 30, PerDay: 1 << 30}
	g := New(s, Parts{Store: st, Submitter: smtpout.NewPool(smtpout.Config{Address: address, TLS: smtpout.TLSNone}),
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Random: rand.Text})
	if err := g.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(address)
	var number int
	fmt.Sscan(port, &number)
	var ours, bare, oursCPU, bareCPU time.Duration
	round := 0
	for b.Loop() {
		round++
		planDue(b, g, st, round, mails*batch)
		before := taker.taken.Load()
		start, cpu := time.Now(), used(b, syscall.RUSAGE_SELF)
		if _, err := g.Queue.SendDue(b.Context()); err != nil {
			b.Fatal(err)
		}
		ours, oursCPU = ours+time.Since(start), oursCPU+used(b, syscall.RUSAGE_SELF)-cpu
		if left := taker.taken.Load() - before; left != mails {
			b.Fatalf("%d mails left, want %d", left, mails)
		}
		cpu = used(b, syscall.RUSAGE_SELF)
		bare += bareSend(b, host, number, mails)
		bareCPU += used(b, syscall.RUSAGE_SELF) - cpu
	}
	b.ReportMetric(float64(bare)/float64(ours), "of-bare-speed")
	b.ReportMetric(float64(oursCPU)/float64(bareCPU), "cpu-of-bare")
	b.ReportMetric(float64(mails*b.N)/ours.Seconds(), "mails/s")
	b.ReportMetric(float64(mails*batch*b.N)/ours.Seconds(), "renewals/s")
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

func bareSend(b *testing.B, host string, port, mails int) time.Duration {
	b.Helper()
	var all []*gomail.Msg
	for range mails {
		m := gomail.NewMsg(gomail.WithEncoding(gomail.NoEncoding), gomail.WithNoDefaultUserAgent())
		if err := m.From("callback@panel.example"); err != nil {
			b.Fatal(err)
		}
		if err := m.To("robot@registrar.example"); err != nil {
			b.Fatal(err)
		}
		m.Subject("Prolong domain [" + rand.Text() + "]")
		m.SetBodyString(gomail.TypeTextPlain, "action: PROLONG\r\nagreement: RP/01/00\r\npassword: secret\r\n\r\n#[DOMAIN TEMPLATE]#\r\ndomain: domain.ru\r\n\r\n#[TEMPLATES END]#\r\n")
		all = append(all, m)
	}
	start := time.Now()
	c, err := gomail.NewClient(host, gomail.WithPort(port), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithHELO("panel.example"))
	if err != nil {
		b.Fatal(err)
	}
	if err := c.DialAndSend(all...); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
