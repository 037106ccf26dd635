package inbox

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message"
	"golang.org/x/text/encoding/charmap"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

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

// BenchmarkRecognise reads and recognises replies. The baseline, in the same run, is
// go-message reading the same mails without understanding them.
func BenchmarkRecognise(b *testing.B) {
	recogniser, problems := mailform.NewRecogniser(nil)
	if len(problems) > 0 {
		b.Fatal(problems)
	}

	rr := NewReader(&engine.Settings{}, recogniser, nil, time.Now)
	mails := stored(b, 10000)
	var ours, baseline time.Duration
	for b.Loop() {
		start := time.Now()

		for _, raw := range mails {
			l, problem := rr.understand(store.Mail{}, raw)
			if problem != "" || len(l.results) != 1 || l.results[0].Outcome != registrar.ReplyDone {
				b.Fatalf("not recognised: %q %+v\n%s", problem, l.results, raw)
			}
		}

		ours += time.Since(start)
		start = time.Now()

		for _, raw := range mails {
			e, err := gomessage.Read(bytes.NewReader(raw))
			if e == nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, e.Body); err != nil {
				b.Fatal(err)
			}
		}

		baseline += time.Since(start)
	}

	b.ReportMetric(float64(ours)/float64(baseline), "of-go-message")
	b.ReportMetric(float64(len(mails)*b.N)/ours.Seconds(), "mails/s")
}
