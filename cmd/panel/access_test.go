package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/web/api"
)

// With a token a caller may do on TCP what the token's rights permit, under its name, until it is revoked.
func TestTokens(t *testing.T) {
	t.Parallel()
	w, address := tcpWorld(t, 1024)
	w.until("the plugin to run", func() bool { return w.plugin("manual").State == "running" })
	contact := w.write("person.json", manualPerson)
	var made api.IssuedToken
	w.json(&made, "token", "add", "billing", "--rights", "look,order", "--expires", "90d")
	if len(made.Secret) < 40 || made.ExpiresAt == nil || time.Until(*made.ExpiresAt) < 89*24*time.Hour {
		t.Fatalf("made %+v", made)
	}
	w.exitsWith(1, "there is a credential billing already", "token", "add", "billing", "--rights", "look")
	w.exitsWith(2, `must be a duration such as "90d"`, "token", "add", "other", "--rights", "look", "--expires", "soon")
	w.exitsWith(1, `"all" is no right`, "token", "add", "other", "--rights", "all")

	as := func(token string, args ...string) (string, string, int) {
		cmd := append([]string{"--server", address, "--token", token}, args...)
		return w.run(cmd...)
	}
	if out, stderr, code := as(made.Secret, "order", "register", "remote.com", "--customer", "c1", "--contact", contact, "--ns", "ns1.hoster.example", "--ns", "ns2.hoster.example"); code != 0 || !strings.Contains(out, "unpaid") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if _, stderr, code := as(made.Secret, "order", "register", "own.com", "--own", "--customer", "c1", "--contact", contact, "--ns", "ns1.hoster.example", "--ns", "ns2.hoster.example"); code != 1 || !strings.Contains(stderr, "the credential billing does not have the right money") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	for _, wrong := range []string{"", "guessed-token-of-length", made.Secret[:len(made.Secret)-1]} {
		if _, stderr, code := as(wrong, "orders"); code != 1 || !strings.Contains(stderr, "credential") {
			t.Errorf("with %q: exit %d: %s", wrong, code, stderr)
		}
	}
	if list := w.must("token"); !strings.Contains(list, "billing") || strings.Contains(list, made.Secret) {
		t.Errorf("the list: %s", list)
	}
	w.exitsWith(0, "", "token", "revoke", "billing")
	if _, stderr, code := as(made.Secret, "orders"); code != 1 || !strings.Contains(stderr, "was revoked") {
		t.Errorf("after it was revoked: exit %d: %s", code, stderr)
	}
	if text := w.must("--server", address, "--token", attackToken, "token", "list"); !strings.Contains(text, "billing") {
		t.Errorf("by the API: %s", text)
	}
	for _, file := range []string{"data/panel.db", "data/panel.db-wal"} {
		if text, err := os.ReadFile(filepath.Join(w.dir, file)); err == nil && strings.Contains(string(text), made.Secret) {
			t.Errorf("%s holds the token", file)
		}
	}
}
