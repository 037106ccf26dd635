package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

// takePictures keeps each page as a picture, of a screen and of a telephone, in some languages: make screenshots
// in both, each run of all tests in one. They show a panel of a few domains as R01's plugin tells of them.
func takePictures(t *testing.T, chromium context.Context, dir string, languages ...string) {
	t.Helper()
	b := newBench(t)
	b.pictured()
	b.takenOn("anna", "look", "order", "money", "secrets", "admin")
	s := serve(t, b)
	anna := s.tab(t, chromium)
	anna.signIn("anna", "/")

	for _, lang := range languages {
		anna.do(chromedp.EmulateViewport(1280, 844))
		anna.press("button[name=language][value=" + lang + "]")
		for _, path := range append(narrow, "/domains/silent.ru") {
			if status := anna.open(path); status != http.StatusOK {
				t.Errorf("%s: status %d", path, status)
			}
			for _, width := range []int64{390, 1280} {
				anna.do(chromedp.EmulateViewport(width, 844))
				anna.keep(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", or(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(strings.Trim(path, "/")), "today"), width, lang)))
			}
		}
	}
}

// keep writes a picture of the whole page.
func (p *tab) keep(file string) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	// Large files are written sooner than small ones are made.
	whole, quick := true, true
	picture, err := chromedp.Run(ctx, chromedp.Action[[]byte](func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &whole, OptimizeForSpeed: &quick})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	}))
	if err == nil {
		err = os.WriteFile(file, picture, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// pictured lets the registrar tell what R01's plugin would.
func (b *bench) pictured() {
	b.t.Helper()
	texts, err := os.ReadFile("../../plugin/r01/phrases.json")
	if err != nil {
		b.t.Fatal(err)
	}
	var phrases map[string]map[string]string
	if err := json.Unmarshal(texts, &phrases); err != nil {
		b.t.Fatal(err)
	}
	for code, of := range phrases {
		b.fake.phrases = append(b.fake.phrases, registrar.Phrase{Code: code, Texts: of})
	}

	waits := phrases["waits.answer"]["en"]
	b.fake.operation = registrar.Operation{ID: "op-1", Kind: registrar.KindRegister, Domain: "silent.ru", State: registrar.Uncertain, WaitsFor: waits, Version: "5", CreatedAt: now.Add(-26 * time.Hour),
		UpdatedAt: now.Add(-2 * time.Hour), History: []registrar.Step{
			{At: now.Add(-26 * time.Hour), State: registrar.Queued, Message: "registration of silent.ru: begun", Actor: "plugin"},
			{At: now.Add(-26 * time.Hour), State: registrar.Sent, Message: "registration of silent.ru: request sent to R01", Actor: "plugin", Evidence: registrar.EvidenceRelay, Mail: "m-1"},
			{At: now.Add(-2 * time.Hour), State: registrar.Uncertain, Message: "registration of silent.ru: no word from R01 within the deadline", Actor: "plugin"}}}
	b.fake.review = &registrar.Review{ID: "rv-1", Mail: "m-1", ReceivedAt: now.Add(-3 * time.Hour), From: "robot@registrar.example", Subject: "Your wish is noted",
		Reason: phrases["review.no-rule"]["en"], Candidates: []registrar.OperationID{"op-1"}, Version: "6", Text: "The wish for silent.ru is noted in the book."}
	at := func(d time.Duration) float64 { return float64(now.Add(-d).Unix()) }
	b.fake.statuses = []supervisor.Status{{Name: "r01", Title: "R01.RU by mail", Version: "0.1.0", TLDs: []string{"ru", "su", "xn--p1ai"}, Kinds: registrar.OperationKinds(), Capabilities: registrar.Capabilities(),
		State: supervisor.Running, Since: now.Add(-300 * time.Hour), Health: []registrar.Component{
			{Name: "mailbox", OK: true, Detail: "connected since 2026-02-17T03:04:05Z, last looked 2026-03-01T12:03:53Z", Figures: map[registrar.Figure]float64{registrar.FigureLookedAt: at(12 * time.Second)}}, {Name: "relay", OK: true, Detail: "nothing is being sent"},
			{Name: "queue", OK: true, Detail: "2 Queued, 1 Sent", Advice: []registrar.Advice{{Action: registrar.AdviseSeeOperation, Parameters: map[string]string{"operation": "op-1", "domain": "silent.ru"}}},
				Figures: map[registrar.Figure]float64{registrar.FigureLeft: 289, registrar.FigureMost: 300, registrar.FigureQueued: 2, registrar.FigureSent: 41, registrar.FigureUnansweredAt: at(26 * time.Hour)}},
			{Name: "review", Detail: "mails wait in the review queue",
				Figures: map[registrar.Figure]float64{registrar.FigureWaiting: 1, registrar.FigureRead: 83, registrar.FigureApplied: 80, registrar.FigureForReview: 1}}, {Name: "renewals", OK: true, Detail: "last pass completed 2026-03-01T01:00:02Z",
				Figures: map[registrar.Figure]float64{registrar.FigurePassedAt: at(11 * time.Hour), registrar.FigureNextAt: at(-13 * time.Hour)}}}}}

	held := registrar.Domain{Customer: "c1", Status: registrar.StatusRegistered, Handle: "NEWTIME_7_C1-R01", PaidTill: registrar.Date{Year: 2026, Month: 4, Day: 1}, Renewal: registrar.RenewAuto,
		Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}}
	silent, newtime, expired := held, held, held
	silent.Name, silent.Status, silent.PaidTill, silent.Operation = "silent.ru", registrar.StatusRegistering, registrar.Date{}, &b.fake.operation
	silent.Alarms = []registrar.Alarm{{Key: "operation:op-1", Since: now.Add(-2 * time.Hour), Message: waits}}
	newtime.Name = "example.ru"
	expired.Name, expired.Status, expired.PaidTill = "oldtime.ru", registrar.StatusExpired, registrar.Date{Year: 2026, Month: 2, Day: 20}
	expired.Alarms = []registrar.Alarm{{Key: "expiry:oldtime.ru", Since: now.Add(-200 * time.Hour), Message: "expired on 2026-02-20; R01 renews it until 2026-03-22 at the latest, 21 days from now"}}
	for i, told := range []struct {
		domain  registrar.Domain
		message string
		level   registrar.Level
	}{
		{newtime, "registration of example.ru: registered and delegated, paid till 2026-04-01", registrar.LevelInfo},
		{expired, "oldtime.ru: expired on 2026-02-20; R01 renews it until 2026-03-22 at the latest, 21 days from now", registrar.LevelWarning},
		{silent, "registration of silent.ru: request sent to R01", registrar.LevelInfo},
		{silent, "registration of silent.ru: no word from R01 within the deadline: nothing heard since 2026-02-28T10:04:05Z", registrar.LevelWarning},
	} {
		e := registrar.Event{Cursor: registrar.Cursor(i + 1), At: now.Add(time.Duration(i-30) * time.Hour), Type: registrar.EventOperation, Level: told.level, Message: told.message, Actor: "plugin",
			Name: told.domain.Name, Domain: &told.domain}
		if told.domain.Operation != nil {
			e.Operation, e.Kind, e.State, e.Mail = "op-1", registrar.KindRegister, registrar.Uncertain, "m-1"
		}
		b.fake.events = append(b.fake.events, e)
	}
	if err := b.book.Follow(b.t.Context(), "r01", b.fake); err == nil {
		b.t.Fatal("the events do not end")
	}
}
