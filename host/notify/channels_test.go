package notify

import (
	"encoding/json"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"registrar.panel/host/webhook"
	"registrar.panel/shared/secret"
)

// postbox takes mails as a relay does.
type postbox struct {
	from string
	to   []string
	text chan string
}

func (p *postbox) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (p *postbox) Mail(from string, _ *smtp.MailOptions) error { p.from = from; return nil }
func (p *postbox) Rcpt(to string, _ *smtp.RcptOptions) error   { p.to = append(p.to, to); return nil }
func (p *postbox) Reset()                                      {}
func (p *postbox) Logout() error                               { return nil }
func (p *postbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	p.text <- string(text)
	return err
}

func openPostbox(t *testing.T) (*postbox, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postbox{text: make(chan string, 1)}
	server := smtp.NewServer(p)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	return p, l.Addr().String()
}

var monday = time.Date(2026, 3, 2, 8, 30, 0, 0, moscow)

func example() Message {
	return Message{ID: "17-4", At: monday, Digest: true, Summary: []string{"9000 domains are Registered"},
		New:      []Item{{Key: "k", Severity: Error, Since: monday.Add(-time.Hour), What: "the registration of пример.рф is Uncertain", Page: "/domains/xn--e1afmkfd.xn--p1ai"}},
		Standing: []Item{{Key: "l", What: "a.ru is Registered"}}, Over: []Item{{Key: "m", What: "b.ru was in Error"}}}
}

// A mail arrives by a relay as people can read it, and programs know that no person wrote it.
func TestMail(t *testing.T) {
	t.Parallel()
	p, address := openPostbox(t)
	way := Mail{From: "panel@hosting.example", To: []string{"anna@hosting.example", "boss@hosting.example"}, URL: "https://panel.example/",
		Address: address, TLS: "none", Zone: moscow}
	if err := way.Tell(t.Context(), example()); err != nil {
		t.Fatal(err)
	}
	text := <-p.text
	got, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if p.from != way.From || strings.Join(p.to, " ") != strings.Join(way.To, " ") {
		t.Errorf("from %s to %v", p.from, p.to)
	}
	for name, want := range map[string]string{"Message-Id": "<panel-notify-17-4@hosting.example>", "Auto-Submitted": "auto-generated", "Date": "Mon, 02 Mar 2026 08:30:00 +0300"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}

	body := example().in("en").text(way.URL, way.Zone)
	for _, want := range []string{"New:\n  the registration of пример.рф is Uncertain, since 2026-03-02 07:30 MSK\n    https://panel.example/domains/xn--e1afmkfd.xn--p1ai\n",
		"Over:\n  b.ru was in Error\n", "Still:\n  a.ru is Registered\n", "  9000 domains are Registered\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("the text has no %q:\n%s", want, body)
		}
	}

	refused := Mail{From: way.From, To: way.To, Address: "127.0.0.1:1", TLS: "none", Zone: moscow, Username: "panel", Password: secret.New("hunter2")}
	if err := refused.Tell(t.Context(), example()); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("without a relay: %v", err)
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	one, two := []Item{{What: "a"}}, []Item{{What: "a"}, {What: "b"}}
	for want, m := range map[string]Message{
		"[panel] test":                                     {TestBy: "anna"},
		"[panel] a":                                        {New: one, Standing: two},
		"[panel] 2 new: a …":                               {New: two},
		"[panel] all clear":                                {Over: one},
		"[panel] over: 1, 2 still need a person":           {Over: one, Standing: two},
		"[panel] 2 still need a person":                    {Standing: two},
		"[panel] more than 2 still need a person":          {Standing: two, More: true},
		"[panel] this morning: nothing needs a person":     {Digest: true},
		"[panel] this morning: 2 need a person":            {Digest: true, Standing: two},
		"[panel] over: 1, more than 0 still need a person": {Over: one, More: true},
	} {
		if got := m.in("en").subject(); got != want {
			t.Errorf("%+v is %q, want %q", m, got, want)
		}
	}
}

// The same in Russian, as a reader's program shows it.
func TestRussianMail(t *testing.T) {
	t.Parallel()

	p, address := openPostbox(t)
	way := Mail{From: "panel@hosting.example", To: []string{"anna@hosting.example"}, URL: "https://panel.example/", Address: address, TLS: "none", Zone: moscow, Language: "ru"}
	told := example()
	told.Summary = []string{"registrars: r01 running, manual degraded", "domains: 9000 Registered, 3 Error", "open orders: none", "due: today 1, in 7 days 2, in 30 days 3, in 60 days 4"}
	if err := way.Tell(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(strings.NewReader(<-p.text))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if want := "[panel] регистрация пример.рф: под вопросом"; err != nil || subject != want {
		t.Errorf("the subject is %q, %v; want %q", subject, err, want)
	}
	if kind := got.Header.Get("Content-Type"); !strings.EqualFold(kind, "text/plain; charset=UTF-8") || got.Header.Get("Content-Language") != "ru" {
		t.Errorf("it is %s in %q", kind, got.Header.Get("Content-Language"))
	}
	body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Новое:\r\n  регистрация пример.рф: под вопросом, с 2026-03-02 07:30 MSK\r\n    https://panel.example/domains/xn--e1afmkfd.xn--p1ai\r\n",
		"Всё ещё:\r\n  a.ru: зарегистрирован\r\n", "  регистраторы: r01 работает, manual работает с неполадкой\r\n  домены: зарегистрированы: 9000, с ошибкой: 3\r\n  открытые заказы: нет\r\n  истекают: сегодня 1, за 7 дней 2, за 30 дней 3, за 60 дней 4\r\n",
		"Что делать с каждым: panel todo или https://panel.example/"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the text has no %q:\n%s", want, body)
		}
	}
	if text := (Message{TestBy: "anna"}).in("ru").text("", moscow); text != "Это проверка доставки, её запросил сотрудник anna.\n" {
		t.Errorf("the test says %q", text)
	}
}

// A long list is cut, and says so.
func TestLongLists(t *testing.T) {
	t.Parallel()
	text := Message{New: make([]Item, 70), More: true}.in("en").text("", moscow)
	if !strings.Contains(text, "and 20 more\n") || !strings.Contains(text, "panel todo lists all") {
		t.Errorf("the text is\n%s", text)
	}
}

// A program is told the same, signed as webhooks are.
func TestHook(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	var signed, id, at string
	var text []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ = io.ReadAll(r.Body)
		signed, id, at = r.Header.Get("Webhook-Signature"), r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	h := Hook{Of: "ops", URL: s.URL, Secret: secret.New("a-secret-of-enough-length")}
	if err := h.Tell(t.Context(), example()); err != nil {
		t.Fatal(err)
	}
	if id != "notify-17-4" || signed != webhook.Sign(h.Secret, id, at, text) {
		t.Errorf("signed %q as %q at %s", signed, id, at)
	}
	var got struct {
		Type string
		New  []struct {
			Key, Severity, What, Page string
			Since                     time.Time
		}
		Standing []struct {
			Key   string
			Since *time.Time
		}
		Over     []struct{ What string }
		AllClear bool `json:"all_clear"`
		Digest   []string
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "notification" || len(got.New) != 1 || got.New[0].Severity != Error || !got.New[0].Since.Equal(monday.Add(-time.Hour)) ||
		got.Standing[0].Since != nil || got.Over[0].What != "b.ru was in Error" || got.AllClear || len(got.Digest) != 1 {
		t.Errorf("told %s", text)
	}
	status = http.StatusFound
	if err := h.Tell(t.Context(), example()); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("led elsewhere: %v", err)
	}
	if err := (Hook{Of: "ops", URL: "http://127.0.0.1:1/secret-path"}).Tell(t.Context(), example()); err == nil || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("not reached: %v", err)
	}
}
