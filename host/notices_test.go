package host

import (
	"strings"
	"testing"

	"registrar.panel/host/notify"
	"registrar.panel/host/web/api"
)

// A secret of what people are told by keeps the panel from starting, and so the check finds it.
func TestCheckReadsSecretsOfNotices(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ block, want string }{
		"the relay's password": {`mail {
      from = "panel@hoster.example"
      to   = ["staff@hoster.example"]
      smtp {
        address  = "mail.hoster.example:587"
        tls      = "starttls"
        username = "panel"
        password = secret("file", "not-there")
      }
    }`, "can't read the secret's file"},
		"the key of a webhook": {`webhook "ops" {
      url    = "https://ops.example/panel"
      secret = secret("file", "not-there")
    }`, "can't read the secret's file"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := options(t, strings.Replace(good, "panel {", "panel {\n  notify {\n    "+c.block+"\n  }", 1))
			if _, err := Check(t.Context(), o, false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v", err)
			}
		})
	}
}

// What people are told names domains and states: what a mail, its sender or a registrar said is left
// out.
func TestNoticesHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		need api.Attention
		want notify.Item
	}{
		{api.Attention{Kind: "review", Severity: "error", Registrar: text("r01"), Review: text("rv-1"), What: "a mail of sidorov@example.ru waits to be read: passport 4509 123456", Why: "canary"},
			notify.Item{Key: "review|r01|rv-1", Severity: "error", What: "a mail waits to be read: entry rv-1 of the review, registrar r01", Page: "/review/rv-1"}},
		{api.Attention{Kind: "operation", Severity: "error", Registrar: text("r01"), Domain: text("xn--e1afmkfd.xn--p1ai"), Operation: text("op-1"), What: "the registration of пример.рф is Uncertain", Why: "canary"},
			notify.Item{Key: "domain|r01|xn--e1afmkfd.xn--p1ai", Severity: "error", What: "the registration of пример.рф is Uncertain", Page: "/domains/xn--e1afmkfd.xn--p1ai"}},
		{api.Attention{Kind: "plugin", Severity: "warning", Registrar: text("r01"), What: "registrar r01 is degraded", Why: "canary"},
			notify.Item{Key: "plugin|r01|", Severity: "warning", What: "registrar r01 is degraded", Page: "/registrars"}},
		{api.Attention{Kind: "plugin", Severity: "warning", Registrar: text("manual"), What: "registrar manual is degraded", Acknowledged: &api.Acknowledgement{By: "anna"}},
			notify.Item{Key: "plugin|manual|", Severity: "warning", What: "registrar manual is degraded", Page: "/registrars", Seen: true}},
		{api.Attention{Kind: "reviews", Severity: "error", What: "23 further mails wait to be read"},
			notify.Item{Key: "reviews||", Severity: "error", What: "23 further mails wait to be read", Page: "/review"}},
		{api.Attention{Kind: "unheard-of", Severity: "error", Domain: text("a.ru"), What: "canary"},
			notify.Item{Key: "domain||a.ru", Severity: "error", What: "something needs a person: unheard-of", Page: "/domains/a.ru"}},
	} {
		if got := itemOf(c.need); got != c.want || strings.Contains(got.What, "canary") {
			t.Errorf("%s is told as %+v, want %+v", c.need.Kind, got, c.want)
		}
	}
}
