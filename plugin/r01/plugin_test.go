package r01

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// settingsOf is a right configuration, as a host would hand it over; change edits it.
func settingsOf(t *testing.T, dir string, change func(c map[string]any)) registrar.Settings {
	t.Helper()
	c := map[string]any{
		"agreement": "RP/01/00", "password": "mail-CANARY", "gateway": "robot@registrar.example", "callback": "callback@panel.example",
		"bcc": nil, "pay_type": "real", "charset": "koi8-r", "store": "sqlite", "reconciled": nil,
		"keep":     map[string]any{"mails": "1095d", "strangers": "14d"},
		"subjects": map[string]any{"client": "New client", "domain": "New domain", "prolong": "Prolong domain", "update": "Update domain"},
		"handles":  map[string]any{"prefix": "MYCO", "counter": 1, "suffix": "R01"},
		"smtp":     map[string]any{"address": "127.0.0.1:1", "tls": "none", "allow_plaintext": false, "username": nil, "password": nil, "connections": 4},
		"imap": map[string]any{"address": "127.0.0.1:1", "tls": "none", "allow_plaintext": false, "username": "callback", "password": "imap-CANARY",
			"mailbox": "INBOX", "processed": nil, "poll": "1m"},
		"replies":   map[string]any{"from": nil, "require": "none", "domains": nil, "authserv_id": nil, "hosts": nil, "retry": "24h", "quota": 100},
		"reply":     []any{},
		"deadlines": map[string]any{"queued": "24h", "done": "168h", "settle": "168h"},
		"renewal":   map[string]any{"schedule": "0 4 * * *", "timezone": "Europe/Moscow", "mode": "auto", "before": "55d", "r01_auto": false, "batch": 1},
		"brake":     map[string]any{"per_hour": 300, "per_day": 2000, "reserve": "20%"},
		"registry": map[string]any{"whois": nil, "whois_per_minute": 20, "check": "10m", "zone_list": nil, "zone_lists": nil, "hosted": nil, "every": "6h",
			"registrars": nil, "report_only": false, "max_gone": "1%", "misses": 3},
	}
	if change != nil {
		change(c)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return registrar.Settings{Config: text, DataDir: dir, Create: true}
}

// configuration is the good one with a change. path is the setting that is refused; "" = none is.
type configuration struct {
	why, path string
	change    func(map[string]any)
}

func in(block, key string, value any) func(map[string]any) {
	return func(c map[string]any) { c[block].(map[string]any)[key] = value }
}

func set(key string, value any) func(map[string]any) {
	return func(c map[string]any) { c[key] = value }
}

func configure(t *testing.T, all []configuration) {
	t.Helper()
	for _, c := range all {
		p := New(slog.New(slog.DiscardHandler))
		err := p.Configure(t.Context(), settingsOf(t, t.TempDir(), c.change))
		var refusal *registrar.Error
		switch {
		case c.path == "" && err != nil:
			t.Errorf("%s: refused: %v", c.why, err)
		case c.path == "":
		case !errors.As(err, &refusal) || refusal.Code != registrar.Invalid:
			t.Errorf("%s: %v, want Invalid", c.why, err)
		case len(refusal.Problems) != 1 || refusal.Problems[0].Path != c.path:
			t.Errorf("%s: problems %v, want one at %s", c.why, refusal.Problems, c.path)
		case strings.Contains(err.Error(), "CANARY"):
			t.Errorf("%s: the error shows a secret: %v", c.why, err)
		}
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	configure(t, []configuration{
		{"as it is", "", nil},
		{"days", "", in("deadlines", "done", "7d")},
		{"a copy", "", set("bcc", "copy@panel.example")},
		{"older handles", "", in("handles", "suffix", "GPT")},
		{"implicit TLS to another machine", "", func(c map[string]any) {
			c["smtp"].(map[string]any)["address"], c["smtp"].(map[string]any)["tls"] = "mail.example.com:465", "implicit"
		}},
		{"no agreement", "agreement", set("agreement", "")},
		{"no password", "password", set("password", "")},
		{"two lines in the password", "password", set("password", "a\nb")},
		{"a blank after the password", "password", set("password", "a ")},
		{"an invisible character in the agreement", "agreement", set("agreement", "RP/01\u200b/00")},
		{"not an address", "callback", set("callback", "nobody")},
		{"an address that no relay takes", "callback", set("callback", "робот@пример.рф")},
		{"a quoted address", "gateway", set("gateway", `"a b"@panel.example`)},
		{"an address longer than SMTP has", "bcc", set("bcc", "a@b"+strings.Repeat(".bcdefghi", 28))},
		{"an address with a name", "gateway", set("gateway", "R01 <robot@registrar.example>")},
		{"two addresses", "bcc", set("bcc", "a@x.example, b@x.example")},
		{"small letters in the prefix", "handles.prefix", in("handles", "prefix", "myco")},
		{"negative counter", "handles.counter", in("handles", "counter", -1)},
		{"foreign suffix", "handles.suffix", in("handles", "suffix", "RIPN")},
		{"no duration", "deadlines.queued", in("deadlines", "queued", "soon")},
		{"no time at all", "deadlines.done", in("deadlines", "done", "0s")},
		{"half a day", "deadlines.done", in("deadlines", "done", "1.5d")},
		{"an empty subject", "subjects.domain", in("subjects", "domain", "")},
		{"a header in a subject", "subjects.client", in("subjects", "client", "x\r\nBcc: evil@example.com")},
		{"password in clear over the net", "smtp.tls", in("smtp", "address", "mail.example.com:25")},
		{"no port", "imap.address", in("imap", "address", "mail.example.com")},
		{"a rule that is no pattern", `reply["x"].body`, set("reply", []any{map[string]any{"name": "x", "body": "(", "outcome": "queued"}})},
		{"mails kept for no time", "keep.mails", in("keep", "mails", "0s")},
		{"a store it does not have", "store", set("store", "mysql://x")},
		{"a server", "", set("store", "postgres://u:CANARY@127.0.0.1/r01")},
		{"a server that anybody on the way can read", "store", set("store", "postgres://u:CANARY@db.example/r01?sslmode=disable")},
		{"a server that is none", "store", set("store", "postgres://u:CANARY%zz@db.example")},
		{"dkim", "", func(c map[string]any) {
			c["replies"].(map[string]any)["require"], c["replies"].(map[string]any)["from"] = "dkim", []string{"robot@registrar.example"}
		}},
		{"whose header", "replies.authserv_id", func(c map[string]any) {
			c["replies"].(map[string]any)["require"], c["replies"].(map[string]any)["from"] = "authentication-results", []string{"robot@registrar.example"}
		}},
	})
}

func TestConfigureRenewal(t *testing.T) {
	t.Parallel()
	configure(t, []configuration{
		{"the whole window", "", in("renewal", "before", "60d")},
		{"cron words", "", in("renewal", "schedule", "@daily")},
		{"no cron expression", "renewal.schedule", in("renewal", "schedule", "at four")},
		{"six fields", "renewal.schedule", in("renewal", "schedule", "0 0 4 * * *")},
		{"a day that never comes", "renewal.schedule", in("renewal", "schedule", "0 0 31 2 *")},
		{"a zone before it", "renewal.schedule", in("renewal", "schedule", "CRON_TZ=UTC 0 4 * * *")},
		{"a zone alone", "renewal.schedule", in("renewal", "schedule", "TZ=UTC")},
		{"no zone", "renewal.timezone", in("renewal", "timezone", "Moscow")},
		{"an empty zone", "renewal.timezone", in("renewal", "timezone", "")},
		{"earlier than R01 takes it", "renewal.before", in("renewal", "before", "61d")},
		{"not before", "renewal.before", in("renewal", "before", "0d")},
		{"after", "renewal.before", in("renewal", "before", "-5d")},
		{"half a day before", "renewal.before", in("renewal", "before", "12h")},
		{"no lead at all", "renewal.before", in("renewal", "before", "soon")},
		{"mails of nothing", "renewal.batch", in("renewal", "batch", 0)},
		{"mails of too much", "renewal.batch", in("renewal", "batch", 101)},
		{"both renew", "renewal.r01_auto", in("renewal", "r01_auto", true)},
		{"R01 renews", "", func(c map[string]any) {
			c["renewal"].(map[string]any)["r01_auto"], c["renewal"].(map[string]any)["mode"] = true, "manual"
		}},
		{"no connection to send on", "smtp.connections", in("smtp", "connections", 0)},
		{"more connections than may become uncertain", "smtp.connections", in("smtp", "connections", 33)},
		{"a brake that never opens", "brake.per_hour", in("brake", "per_hour", 0)},
		{"a day shorter than its hours", "brake.per_day", in("brake", "per_day", 10)},
		{"no reserve", "", in("brake", "reserve", "0%")},
		{"a reserve of all there is", "brake.reserve", in("brake", "reserve", "100%")},
		{"a reserve without a sign", "brake.reserve", in("brake", "reserve", "0.2")},
		{"our own mail servers", "", in("replies", "hosts", []string{"mx.panel.example", "192.0.2.7", "2001:db8::/64"})},
		{"a mail server that is a URL", "replies.hosts[1]", in("replies", "hosts", []string{"mx.panel.example", "smtp://relay"})},
		{"a proof it can't give", "replies.require", in("replies", "require", "dkim")},
	})
}

func TestConfigureRegistry(t *testing.T) {
	t.Parallel()
	configure(t, []configuration{
		{"whois", "", in("registry", "whois", "whois.tcinet.ru:43")},
		{"whois without a port", "registry.whois", in("registry", "whois", "whois.tcinet.ru")},
		{"no questions", "registry.whois_per_minute", func(c map[string]any) {
			c["registry"].(map[string]any)["whois"], c["registry"].(map[string]any)["whois_per_minute"] = "whois.tcinet.ru:43", 0
		}},
		{"a list as a file", "", in("registry", "zone_list", "/var/lib/zones/ru.gz")},
		{"lists on the web", "", in("registry", "zone_lists", []string{"https://partner.example/ru.gz", "https://partner.example/su.gz"})},
		{"a list relative to nothing", "registry.zone_list", in("registry", "zone_list", "zones/ru.gz")},
		{"hosted names beside a list", "", func(c map[string]any) {
			c["registry"].(map[string]any)["zone_list"], c["registry"].(map[string]any)["hosted"] = "/list.gz", "/hosted"
		}},
		{"hosted names and no list", "registry.hosted", in("registry", "hosted", "/hosted")},
		{"hosted names somewhere", "registry.hosted", func(c map[string]any) {
			c["registry"].(map[string]any)["zone_list"], c["registry"].(map[string]any)["hosted"] = "/list.gz", "hosted"
		}},
		{"a list by a protocol it does not speak", "registry.zone_lists[1]", in("registry", "zone_lists", []string{"/a", "ftp://partner.example/ru.gz"})},
		{"half of a percent", "", in("registry", "max_gone", "0.5%")},
		{"a share without a sign", "registry.max_gone", in("registry", "max_gone", "0.01")},
		{"more than all", "registry.max_gone", in("registry", "max_gone", "101%")},
		{"no share at all", "registry.max_gone", in("registry", "max_gone", "0%")},
		{"believe at once, before any list", "registry.misses", in("registry", "misses", 0)},
		{"never", "registry.every", in("registry", "every", "0s")},
		{"all the time", "registry.check", in("registry", "check", "0s")},
	})
}

func TestConfigureTellsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	err := New(slog.New(slog.DiscardHandler)).Configure(t.Context(), settingsOf(t, t.TempDir(), func(c map[string]any) {
		c["agreement"], c["callback"], c["store"] = "", "x", "x"
	}))
	var refusal *registrar.Error
	if !errors.As(err, &refusal) || len(refusal.Problems) != 3 {
		t.Errorf("%v, want three problems", err)
	}
}

// The schema names every key that the plugin reads, and its defaults are accepted.
func TestSchemaFitsTheConfiguration(t *testing.T) {
	t.Parallel()
	var known map[string]any
	if err := json.Unmarshal(settingsOf(t, "", nil).Config, &known); err != nil {
		t.Fatal(err)
	}
	compare(t, "", schema(), known)
}

func compare(t *testing.T, path string, s registrar.Schema, known map[string]any) {
	t.Helper()
	var names []string
	for _, a := range s.Attributes {
		names = append(names, a.Name)
		if a.Sensitive && a.Default != "" {
			t.Errorf("%s%s: a secret has a default", path, a.Name)
		}
		if a.Description == "" {
			t.Errorf("%s%s has no description", path, a.Name)
		}
	}
	for _, b := range s.Blocks {
		names = append(names, b.Name)
		if inner, ok := known[b.Name].(map[string]any); ok {
			compare(t, path+b.Name+".", b.Schema, inner)
		}
	}
	for key := range known {
		if !slices.Contains(names, key) {
			t.Errorf("%s%s is read and not in the schema", path, key)
		}
	}
	for _, name := range names {
		if _, ok := known[name]; !ok {
			t.Errorf("%s%s is in the schema and never read", path, name)
		}
	}
}

func started(t *testing.T, dir string) registrar.Hosted {
	t.Helper()
	p := registrarrpc.Gate(New(slog.New(slog.DiscardHandler)))
	if err := p.Configure(t.Context(), settingsOf(t, dir, nil)); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestNothingHappensBeforeStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := registrarrpc.Gate(New(slog.New(slog.DiscardHandler)))
	if err := p.Start(t.Context()); !errors.Is(err, registrar.NotReady) {
		t.Errorf("Start before Configure: %v", err)
	}
	if err := p.Configure(t.Context(), settingsOf(t, dir, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Submit(t.Context(), registrar.Order{}); !errors.Is(err, registrar.NotReady) {
		t.Errorf("Submit before Start: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("before Start there are files: %v, %v", files, err)
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := started(t, dir)
	second := registrarrpc.Gate(New(slog.New(slog.DiscardHandler)))
	if err := second.Configure(t.Context(), settingsOf(t, dir, nil)); err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); !errors.Is(err, registrar.Locked) {
		t.Errorf("a second instance: %v, want Locked", err)
	}
	if err := first.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); err != nil {
		t.Errorf("after the first was drained: %v", err)
	}
	if err := second.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLostStoreIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := started(t, dir)
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"r01.db", "r01.db-wal", "r01.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	again := registrarrpc.Gate(New(slog.New(slog.DiscardHandler)))
	s := settingsOf(t, dir, nil)
	s.Create = false
	if err := again.Configure(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := again.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a lost store: %v", err)
	}
}

func TestDrainedPluginAnswersDraining(t *testing.T) {
	t.Parallel()
	p := started(t, t.TempDir())
	if err := errors.Join(p.Drain(t.Context()), p.Drain(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Domains(t.Context(), registrar.Page{}); !errors.Is(err, registrar.Draining) {
		t.Errorf("Domains: %v", err)
	}
	if err := p.Start(t.Context()); !errors.Is(err, registrar.Draining) {
		t.Errorf("Start: %v", err)
	}
	for _, err := range p.Events(t.Context(), 0) {
		if !errors.Is(err, registrar.Draining) {
			t.Errorf("Events: %v", err)
		}
	}
}

// No server answers at the addresses, and the plugin says so.
func TestProbe(t *testing.T) {
	t.Parallel()
	p := New(slog.New(slog.DiscardHandler))
	if err := p.Configure(t.Context(), settingsOf(t, t.TempDir(), nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Limit(t))
	defer cancel()
	report, err := p.Probe(ctx, true)
	if err != nil || len(report) != 2 || report[0].OK || report[1].OK {
		t.Errorf("%+v, %v; want two failures and no test mail", report, err)
	}
	for _, c := range report {
		if strings.Contains(c.Detail, "CANARY") || c.Detail == "" {
			t.Errorf("%s says %q", c.Name, c.Detail)
		}
	}
}

func TestProbeAsksWhois(t *testing.T) {
	t.Parallel()
	p := New(slog.New(slog.DiscardHandler))
	err := p.Configure(t.Context(), settingsOf(t, t.TempDir(), func(c map[string]any) { c["registry"].(map[string]any)["whois"] = "127.0.0.1:1" }))
	if err != nil {
		t.Fatal(err)
	}
	report, err := p.Probe(t.Context(), false)
	if err != nil || len(report) != 3 || report[2].Name != "whois" || report[2].OK || report[2].Detail == "" {
		t.Errorf("%+v, %v; want a whois that does not answer", report, err)
	}
}

func TestCheckNeverSaysAvailable(t *testing.T) {
	t.Parallel()
	p := started(t, t.TempDir())
	answers, err := p.Check(t.Context(), []string{"free.ru", "www.ru", "xn--e1afmkfd.xn--p1ai"})
	if err != nil || len(answers) != 3 {
		t.Fatal(answers, err)
	}
	for i, want := range []registrar.AvailabilityStatus{registrar.AvailabilityUnknown, registrar.NameInvalid, registrar.AvailabilityUnknown} {
		if answers[i].Status != want {
			t.Errorf("%s is %s, want %s", answers[i].Name, answers[i].Status, want)
		}
	}
}
