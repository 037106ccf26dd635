package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/testrun"
)

// floodedDovecot has the mails of strangers: many small ones, and ten of 1 MB of names.
func floodedDovecot(b *testing.B) (*mailhost.Dovecot, Config) {
	b.Helper()

	const small, large = 8000, 10
	var mails [][]byte
	for i := range small + large {
		body := "buy"
		if i%((small+large)/large) == 0 {
			body = strings.Repeat("domain.ru\r\n", 1<<20/11)
		}
		mails = append(mails, fmt.Appendf(nil, "From: evil%d@spam.example\r\nTo: callback@panel.example\r\nSubject: offer\r\n"+
			"Message-ID: <%[1]d@spam.example>\r\n\r\n%[2]s\r\n", i, body))
	}

	d := mailhost.StartDovecot(b, mailhost.DovecotOptions{Users: map[string]string{account: password}})
	d.Fill(account, mails)
	cfg := onDovecot(d)
	cfg.Answers = answers
	return d, cfg
}

// expectant waits for one mail.
type expectant struct {
	subject        []byte
	began, arrived chan struct{} // closed when the first mail, and that mail, are handed over
	mails          int
}

func (e *expectant) Deliver(_ context.Context, mails []Mail) error {
	if e.mails == 0 {
		close(e.began)
	}
	e.mails += len(mails)
	for _, m := range mails {
		if bytes.Contains(m.Raw, e.subject) {
			close(e.arrived)
		}
	}
	return nil
}

// BenchmarkReplyBesideFlood is from the delivery of a real reply to Dovecot until it is handed over,
// beside 8,000 junk mails and ten of 1 MB that a pass is busy with.
func BenchmarkReplyBesideFlood(b *testing.B) {
	d, cfg := floodedDovecot(b)
	var worst, all time.Duration
	n, before := 0, 0
	for b.Loop() {
		n++
		store := &expectant{subject: fmt.Appendf(nil, "Subject: answer %d\r\n", n), began: make(chan struct{}), arrived: make(chan struct{})}
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan struct{})
		go func() { New(cfg, store, slog.New(slog.DiscardHandler)).Run(ctx); close(ended) }()
		<-store.began

		start := time.Now()
		d.Deliver(account, fmt.Appendf(nil, "From: robot@registrar.example\r\nTo: callback@panel.example\r\nSubject: answer %d\r\n"+
			"Message-ID: <%[1]d@registrar.example>\r\nIn-Reply-To: <%[1]d@panel.example>\r\n\r\nstatus: TASK_SUCCESS\r\n", n))
		select {
		case <-store.arrived:
		case <-time.After(testrun.Limit(b)):
			b.Fatal("the reply is not handed over")
		}
		took := time.Since(start)
		all, worst = all+took, max(worst, took)

		cancel()
		<-ended
		before = max(before, store.mails)
		d.Unmark(account, "INBOX", string(Done))
	}

	b.ReportMetric(float64(all.Milliseconds())/float64(n), "ms/reply")
	b.ReportMetric(float64(worst.Milliseconds()), "ms-at-most")
	b.ReportMetric(float64(before), "mails-handed-over-before")
}
