package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

const embedding = "../../docs/embedding/"

// The page shows the whole of the panel, piece by piece, and its plugin.hcl.
func TestEmbeddingIsShown(t *testing.T) {
	t.Parallel()
	page := contentOf(t, "../../docs/embedding.md")
	for file, language := range map[string]string{"main.go": "go", "plugin.hcl": "hcl"} {
		var shown []string
		for _, block := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```\n").FindAllStringSubmatch(page, -1) {
			shown = append(shown, block[1])
		}
		if code := contentOf(t, embedding+file); strings.Join(shown, "\n\n")+"\n" != code {
			t.Errorf("docs/embedding.md does not show docs/embedding/%s as it is", file)
		}
	}
	fewLines(t, 200, embedding, "main.go")
}

// The panel of docs/embedding.md is compiled in a module of its own, outside the
// repository and without any download. It completes one order of R01 and one of the kit's
// example, although it is killed while R01 has the first: neither order is sent twice.
func TestEmbedding(t *testing.T) {
	t.Parallel()
	testrun.Place(t)

	sim := runSimulator(t, "")
	acme := registrartest.NewFake()
	fake := httptest.NewServer(acme)
	t.Cleanup(fake.Close)
	h := newHosting(t, sim.Addresses(), fake.URL)

	sim.Hold()
	killed := h.command("newtime.ru", "newtime.example")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	testrun.Until(t, "a request to R01 and an order to the other", func() (bool, string) {
		return len(sim.History()) > 0 && acme.Ledger.Reached("newtime.example")[registrar.KindRegister] > 0, h.out.String()
	})
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	sim.Release(0)

	// The second time all is done, and the panel ends at once.
	for range 2 {
		if err := h.command("newtime.ru", "newtime.example").Run(); err != nil {
			t.Fatalf("%v\n%s", err, h.out)
		}
	}
	for _, said := range []string{"r01 newtime.ru Succeeded", "acme newtime.example Succeeded"} {
		if n := strings.Count(h.out.String(), "\n"+said); n != 1 {
			t.Errorf("%q is told %d times, want once:\n%s", said, n, h.out)
		}
	}
	if n := acme.Ledger.Reached("newtime.example")[registrar.KindRegister]; n != 1 {
		t.Errorf("the order reached the kit's registrar %d times", n)
	}
	if n := requestsFor(sim, "newtime.ru"); n != 1 {
		t.Errorf("the request for newtime.ru reached R01 %d times", n)
	}

	if err := h.command("newtime.nowhere").Run(); err == nil || !strings.Contains(h.out.String(), "hosting: order newtime.nowhere: no registrar serves .nowhere") {
		t.Errorf("a zone without registrar: %v\n%s", err, h.out)
	}
}

func requestsFor(sim *r01sim.Simulator, object string) (n int) {
	for _, mail := range sim.History() {
		if slices.Contains(mail.Objects, object) {
			n++
		}
	}
	return n
}

// hosting is a directory with the panel of the page, made as the page says.
type hosting struct {
	t   *testing.T
	dir string
	out *bytes.Buffer // of all its runs
}

func newHosting(t *testing.T, r01 r01sim.Addresses, acme string) hosting {
	t.Helper()
	h := hosting{t, t.TempDir(), bytes.NewBufferString("\n")}
	settings := strings.NewReplacer("127.0.0.1:2525", r01.SMTP, "127.0.0.1:1143", r01.IMAP, "http://127.0.0.1:8080", acme, "RP/01/00", agreement,
		"robot@registrar.example", robot, "callback@panel.example", callback)
	h.write("main.go", contentOf(t, embedding+"main.go"))
	h.write("plugin.hcl", settings.Replace(contentOf(t, embedding+"plugin.hcl")))

	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	h.gocommand("mod", "init", "hosting.example")
	h.gocommand("work", "init", ".", checkout)
	h.gocommand("build", "-o", "hosting.example", ".")

	if _, stderr, code := begin(t, "acme", "--dir", filepath.Join(h.dir, "acme"), "--panel", "../.."); code != command.ExitDone {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	h.gocommand("build", "-C", "acme", "-o", "../registrar-acme", ".")
	program, err := os.ReadFile(testrun.Program(t, "registrar.panel/cmd/registrar-r01"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "registrar-r01"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h hosting) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// gocommand runs the go command, which must not fetch anything.
func (h hosting) gocommand(args ...string) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "go", args...)
	cmd.Dir, cmd.Env = h.dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly -ldflags=-s", "GOWORK=")
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// command returns the panel with the domains that it must register.
func (h hosting) command(domains ...string) *exec.Cmd {
	cmd := exec.CommandContext(h.t.Context(), "./hosting.example", domains...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = h.dir, h.out, h.out
	cmd.Env = append(os.Environ(), "R01_MAIL_PASSWORD="+mailPassword, "R01_IMAP_PASSWORD="+imapPassword, "ACME_TOKEN=not-a-real-token")
	return cmd
}

func contentOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
