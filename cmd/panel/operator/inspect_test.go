package operator

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// Below the parts of a registrar that reports it the list shows what went out and came in, in the reader's language.
func TestPluginsTellTheirDay(t *testing.T) {
	t.Parallel()
	n := func(n int) *int { return &n }
	since := time.Date(2026, 3, 1, 9, 4, 5, 0, time.UTC)
	told := api.Plugin{Name: "r01", State: "running", Health: []api.Component{
		{Component: "queue", OK: true, Detail: "1 Sent", Advice: []api.Advice{{Action: "see-operation", Parameters: map[string]string{"operation": "op-1", "domain": "xn--e1afmkfd.xn--p1ai"}}},
			Figures: &api.Figures{Sent: n(41), UnansweredAt: &since}},
		{Component: "review", OK: true, Detail: "no mail waits", Figures: &api.Figures{Read: n(83), Applied: n(80), ForReview: n(1)}}}}
	for language, want := range map[string][]string{
		"en": {"r01\tqueue\tok\t1 Sent\n", "r01\tlast 24 hours\trequests sent 41, mails read 83, answers applied 80, left for review 1\n", "unanswered since\t2026-03-01 09:04:05\tпример.рф\top-1\n"},
		"ru": {"за 24 часа\tотправлено запросов 41, прочитано писем 83, применено ответов 80, осталось на разбор 1\n", "без ответа с\t2026-03-01 09:04:05\tпример.рф\top-1\n"},
	} {
		var out bytes.Buffer
		pluginsText([]api.Plugin{told, {Name: "manual", State: "running", Health: []api.Component{{Component: "staff", OK: true}}}})(command.NewTongue(language).To(&out))
		for _, line := range want {
			if !strings.Contains(out.String(), line) {
				t.Errorf("%s: no line %q in\n%s", language, line, &out)
			}
		}
		if strings.Contains(out.String(), "manual\tlast") || strings.Contains(out.String(), "panel operation show") {
			t.Errorf("more is told than there is:\n%s", &out)
		}
	}
}
