package host

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"registrar.panel/shared/logline"
)

// locked is a log that can be read while it is written.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// take returns what was written since it was last called.
func (l *locked) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// What can be read again takes effect, the rest is named, and mistakes change nothing.
func TestReload(t *testing.T) {
	t.Parallel()

	var log locked
	o := options(t, good)
	o.Level = &slog.LevelVar{}
	o.Logger = logline.New(&log, logline.Options{Level: o.Level})
	h, _ := run(t, o)
	ready(t, h)

	reload := func(text string) string {
		t.Helper()
		if err := os.WriteFile(o.ConfigPath, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		log.take()
		h.Reload(t.Context())
		return log.take()
	}

	replaced := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	starts := func() int { return strings.Count(recordOf(t, o), "start") }

	if said := reload(good); starts() != 1 || strings.Contains(said, "restart") {
		t.Errorf("the same again: %d starts, %s", starts(), said)
	}

	if reload(replaced(`"open"`, `"other"`)); starts() != 2 || !strings.Contains(recordOf(t, o), "drain; start") {
		t.Errorf("other settings: %s", recordOf(t, o))
	}

	for _, mistake := range []string{replaced(`"open"`, `"closed"`), replaced(`account = "open"`, ""), replaced(`account`, `accont`), "panel {", ""} {
		said := reload(mistake)
		if _, err := h.supervisor.Registrar("actor"); err != nil || starts() != 2 {
			t.Errorf("%s\nended the plugin: %v", mistake, err)
		}
		if !strings.Contains(said, "[ERROR]") && !strings.Contains(said, "registrar actor is gone") {
			t.Errorf("%s\nis not told: %s", mistake, said)
		}
		if shown := h.Settings("actor"); len(shown) == 0 || text(shown[0].Value) != `"other"` {
			t.Errorf("%s\nis shown as in force: %+v", mistake, shown)
		}
	}

	if said := reload(strings.Replace(replaced("127.0.0.1:0", "127.0.0.1:1"), "panel {", "panel {\n  data = \"elsewhere\"\n  store = \"postgres://localhost/x\"", 1)); !strings.Contains(said, "panel.data, panel.listen, panel.store") {
		t.Errorf("not told: %s", said)
	}

	guarded := replaced("panel {", `panel {
  behind_proxy = ["10.0.0.1"]
  tls {
    cert = "cert.pem"
    key  = "key.pem"
  }
  webhook "billing" {
    url    = "https://billing.example/panel"
    secret = "a-key-of-enough-length"
  }`)
	if said := reload(guarded); !strings.Contains(said, "panel.behind_proxy, panel.tls, panel.webhook") {
		t.Errorf("not told: %s", said)
	}

	reload(replaced("panel {", "panel {\n  log_level = \"error\"\n  token = secret(\"file\", \"token\")")) // there is no such file
	const token = "a-token-of-enough-length"
	if err := os.WriteFile(filepath.Join(filepath.Dir(o.ConfigPath), "token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}

	reload(replaced("panel {", "panel {\n  log_level = \"error\"\n  token = secret(\"file\", \"token\")"))
	if get(t, h, token) != http.StatusOK || get(t, h, "another-token-of-length") != http.StatusUnauthorized || o.Level.Level() != slog.LevelError {
		t.Errorf("the new token is answered with %d, another with %d; level %s", get(t, h, token), get(t, h, "another-token-of-length"), o.Level)
	}
}
