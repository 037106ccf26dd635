package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

var start = time.Unix(1_800_000_000, 0)

// stand is a panel as monitoring sees it.
type stand struct {
	*Metrics
	t      *testing.T
	now    time.Time
	counts int   // how often the book was counted
	looks  int   // how often it was looked at
	fault  error // of the book
	states []supervisor.Status
}

func newStand(t *testing.T) *stand {
	s := &stand{t: t, now: start, states: []supervisor.Status{
		{Name: "r01", State: supervisor.Degraded, Restarts: 2, Health: []registrar.Component{
			{Name: "queue", OK: true, Figures: map[registrar.Figure]float64{registrar.FigureLeft: 289, registrar.FigureMost: 300, registrar.FigureQueued: 1808,
				registrar.FigureSent: 211, registrar.FigureUnansweredAt: 1_799_990_500}},
			{Name: "review", Figures: map[registrar.Figure]float64{registrar.FigureWaiting: 4, registrar.FigureRead: 402, registrar.FigureApplied: 398, registrar.FigureForReview: 3}},
			{Name: "renewals", OK: true, Figures: map[registrar.Figure]float64{registrar.FigurePassedAt: 1_799_990_000, registrar.FigureNextAt: 1_800_080_000}},
			{Name: "mailbox", OK: true, Figures: map[registrar.Figure]float64{registrar.FigureLookedAt: 1_799_999_999}},
			{Name: "registry", OK: true, Figures: map[registrar.Figure]float64{registrar.FigureHeardAt: 1_799_999_000}}}},
		{Name: "manual", State: supervisor.Backoff, Restarts: 7, Health: []registrar.Component{{Name: "staff", OK: true}}},
		{Name: "gone", State: supervisor.Retired},
	}}
	s.Metrics = New(Options{Book: s, Plugins: s, Version: "1.2.3", Now: func() time.Time { return s.now }})
	return s
}

func (s *stand) Statuses() []supervisor.Status { return s.states }
func (s *stand) Alive(context.Context) error   { s.looks++; return s.fault }

func (s *stand) CountDomains(context.Context) (map[string]int, error) {
	s.counts++
	return map[string]int{"Registered": 9000, "Error": 3}, s.fault
}

func (s *stand) CountOrders(context.Context) (map[string]int, error) {
	return map[string]int{"unpaid": 5}, nil
}

func (s *stand) CountOperations(context.Context) ([]orders.UnderWay, error) {
	return []orders.UnderWay{{State: registrar.Queued, Count: 1808, Oldest: start.Add(-time.Hour)}, {State: registrar.Uncertain, Count: 1}}, nil
}

func (s *stand) CountAttention(context.Context) (int, error) { return 5, nil }

// scrape reads the metrics as Prometheus does.
func (s *stand) scrape() string {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		s.t.Fatalf("status %d, %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.String()
}

// expect reads the metrics, and looks for lines and for words that must not be there.
func (s *stand) expect(lines []string, missing ...string) {
	s.t.Helper()
	text := s.scrape()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			s.t.Errorf("no line %q in\n%s", line, text)
		}
	}
	for _, word := range missing {
		if strings.Contains(text, word) {
			s.t.Errorf("%q is told", word)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.expect([]string{
		`panel_build_info{version="1.2.3"} 1`,
		`panel_book_up 1`,
		`panel_book_counted_timestamp_seconds 1.8e+09`,
		`panel_domains{status="Registered"} 9000`,
		`panel_domains{status="Error"} 3`,
		`panel_domains_attention 5`,
		`panel_orders_open{state="unpaid"} 5`,
		`panel_operations{state="Queued"} 1808`,
		`panel_operations{state="Uncertain"} 1`,
		`panel_operations_oldest_age_seconds{state="Queued"} 3600`,
		`panel_registrar_up{registrar="r01"} 1`,
		`panel_registrar_up{registrar="manual"} 0`,
		`panel_registrar_restarts_total{registrar="manual"} 7`,
		`panel_registrar_component_ok{component="review",registrar="r01"} 0`,
		`panel_registrar_component_ok{component="mailbox",registrar="r01"} 1`,
		`panel_limit_left{registrar="r01"} 289`,
		`panel_limit_hour{registrar="r01"} 300`,
		`panel_limit_waiting{registrar="r01"} 1808`,
		`panel_renewal_next_pass_timestamp_seconds{registrar="r01"} 1.80008e+09`,
		`panel_review_mails{registrar="r01"} 4`,
		`panel_day_requests_sent{registrar="r01"} 211`,
		`panel_day_mails_read{registrar="r01"} 402`,
		`panel_day_mails_applied{registrar="r01"} 398`,
		`panel_day_mails_review{registrar="r01"} 3`,
		`panel_unanswered_timestamp_seconds{registrar="r01"} 1.7999905e+09`,
		`panel_renewal_pass_timestamp_seconds{registrar="r01"} 1.79999e+09`,
		`panel_mailbox_looked_timestamp_seconds{registrar="r01"} 1.799999999e+09`,
		`panel_registry_heard_timestamp_seconds{registrar="r01"} 1.799999e+09`,
	}, `oldest_age_seconds{state="Uncertain"}`, `"gone"`, `component="staff"`)
}

// The book is counted once a minute, however often it is asked for; what can't be counted is not
// told, and that is.
func TestBookIsCountedOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for range 3 {
		s.scrape()
		s.now = s.now.Add(19 * time.Second)
	}
	if s.counts != 1 {
		t.Errorf("counted %d times within a minute", s.counts)
	}
	s.expect([]string{`panel_operations_oldest_age_seconds{state="Queued"} 3657`})

	s.fault = errors.New("the disk is gone")
	s.now = s.now.Add(3 * time.Second)
	s.expect([]string{"panel_book_up 0", `panel_registrar_up{registrar="r01"} 1`}, "panel_domains", "panel_operations")

	s.fault = nil
	s.now = s.now.Add(time.Minute)
	s.expect([]string{"panel_book_up 1", `panel_domains{status="Error"} 3`})
	if s.counts != 3 {
		t.Errorf("counted %d times", s.counts)
	}
}

// Whether the panel is ready is looked up once a second, for anyone may ask.
func TestReady(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for range 5 {
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.looks != 1 {
		t.Errorf("looked %d times", s.looks)
	}
	s.now, s.fault = s.now.Add(time.Second), errors.New("the disk is gone")
	if err := s.Ready(t.Context()); !errors.Is(err, s.fault) {
		t.Errorf("ready: %v", err)
	}
}

// What a plugin says twice spoils nothing.
func TestComponentsThatAreSaidTwice(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.states = []supervisor.Status{{Name: "r01", State: supervisor.Running, Health: []registrar.Component{
		{Name: "whois", OK: true, Figures: map[registrar.Figure]float64{registrar.FigureLeft: 1}},
		{Name: "whois", Figures: map[registrar.Figure]float64{registrar.FigureLeft: 2, "unheard": 3}},
		{Name: "whois", OK: true}}}}
	s.expect([]string{`panel_registrar_component_ok{component="whois",registrar="r01"} 0`, `panel_limit_left{registrar="r01"} 1`}, "unheard")
}

func TestRequests(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /domains/{name}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("name") == "unheard.ru" {
			w.WriteHeader(http.StatusNotFound)
		}
		if http.NewResponseController(w).Flush() != nil {
			t.Error("an answer can't be flushed")
		}
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("{}")) })
	measured := s.Around(mux)
	for _, asked := range []string{"GET /domains/a.ru", "GET /domains/b.ru", "GET /domains/unheard.ru", "POST /orders", "GET /a", "GET /b"} {
		verb, path, _ := strings.Cut(asked, " ")
		measured.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), verb, path, nil))
	}
	s.expect([]string{
		`panel_http_requests_total{code="200",route="GET /domains/{name}"} 2`,
		`panel_http_requests_total{code="404",route="GET /domains/{name}"} 1`,
		`panel_http_requests_total{code="200",route="POST /orders"} 1`,
		`panel_http_requests_total{code="404",route="none"} 2`,
		`panel_http_request_duration_seconds_count{route="GET /domains/{name}"} 3`,
	}, `a.ru`)
}

// Prometheus's own tool finds nothing wrong with the example of alerts, the board and what is scraped; each alert is
// raised when it should be, and none while all is well.
func TestPromtool(t *testing.T) {
	t.Parallel()
	testrun.NeedsServers(t)
	board := filepath.Join(t.TempDir(), "board.yml")
	if err := os.WriteFile(board, []byte(questions(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, check := range []struct {
		args  []string
		input string
	}{
		{args: []string{"check", "rules", alertsFile}},
		{args: []string{"check", "rules", board}},
		{args: []string{"test", "rules", alertsTest}},
		{args: []string{"check", "metrics"}, input: newStand(t).scrape()},
	} {
		cmd := exec.CommandContext(t.Context(), "promtool", check.args...)
		cmd.Stdin = strings.NewReader(check.input)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s (Debian's package prometheus): %v\n%s", strings.Join(check.args, " "), err, out)
		}
	}
}

var (
	alertsFile = filepath.Join("..", "..", "docs", "ops", "alerts.yml")
	alertsTest = filepath.Join("testdata", "alerts_test.yml")
)

// questions are the expressions of the board, as rules that promtool can check.
func questions(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "ops", "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	rules := "groups:\n  - name: board\n    rules:\n"
	for i, panel := range board.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("panel %d of the board asks nothing", i)
		}
		for k, target := range panel.Targets {
			rules += fmt.Sprintf("      - { record: 'board:%d:%d', expr: %q }\n", i, k, target.Expr)
		}
	}
	return rules
}

// Each alert of the example has a test that raises it.
func TestEachAlertIsTried(t *testing.T) {
	t.Parallel()
	alerts, err := os.ReadFile(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := os.ReadFile(alertsTest)
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`- alert: (\w+)`).FindAllSubmatch(alerts, -1)
	if len(all) == 0 {
		t.Fatal("there are no alerts")
	}
	for _, alert := range all {
		if !strings.Contains(string(tried), `alertname="`+string(alert[1])+`"`) {
			t.Errorf("%s has no test that raises it", alert[1])
		}
	}
}

// ours is a metric by its name.
var ours = regexp.MustCompile(`\bpanel_[a-z_]+[a-z]\b`)

// Monitoring's example files name metrics that there are, and the page explains each.
func TestDocumentedMetrics(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Around(http.NewServeMux()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	told := names(strings.NewReplacer("_bucket", "", "_sum", "", "_count{", "{").Replace(s.scrape()))
	for file, all := range map[string]bool{"monitoring.md": true, "alerts.yml": false, "grafana.json": false} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "ops", file))
		if err != nil {
			t.Fatal(err)
		}
		named := names(strings.ReplaceAll(string(text), "_bucket", ""))
		if len(named) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range named {
			if !slices.Contains(told, name) {
				t.Errorf("%s names %s, which is not there", file, name)
			}
		}
		for _, name := range told {
			if all && !slices.Contains(named, name) {
				t.Errorf("%s does not explain %s", file, name)
			}
		}
	}
}

func names(text string) []string {
	found := ours.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// What Prometheus's own linter thinks of the names and texts.
func TestMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(newStand(t).scrape())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "panel_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
