package web

import (
	"bufio"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"registrar.panel/internal/testrun"
)

const guide = "../../docs/http-api.md"

// blocks lists the code of the guide in one language; "" = that of no language.
func blocks(t *testing.T, language string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			all = append(all, m[2])
		}
	}
	return all
}

// shellWords parts a command as a shell does that knows quotes and these two variables.
func shellWords(line string) (all []string) {
	for _, m := range regexp.MustCompile(`(?s)'([^']*)'|"([^"]*)"|([^\s'"]+)`).FindAllStringSubmatch(line, -1) {
		word := m[1] + m[2] + m[3]
		if m[1] == "" {
			word = strings.NewReplacer("$PANEL", "/api/v1", "$TOKEN", "letmein").Replace(word)
		}
		all = append(all, word)
	}
	return all
}

// The commands of the guide do what it says, one after another.
func TestGuideCommands(t *testing.T) {
	t.Parallel()
	b := newBench(t, "letmein")
	run := 0
	for _, block := range blocks(t, "") {
		for _, command := range strings.Split("\n"+block, "\ncurl ")[1:] {
			method, path, body, token := "GET", "", "", ""
			words := shellWords(command)
			for i := 0; i < len(words); i++ {
				switch words[i] {
				case "-H":
					i++
					if _, found := strings.CutPrefix(words[i], "Authorization: Bearer "); found {
						token = "letmein"
					}
				case "-X":
					i++
					method = words[i]
				case "-d":
					i++
					method, body = "POST", words[i]
				case "--unix-socket": // on which no credential is asked
					i++
					token = "letmein"
				default:
					path = strings.TrimPrefix(words[i], "http://panel")
				}
			}
			path = strings.Replace(path, "wait=30s", "wait=0s", 1)
			if w := b.call(method, path, body, bearer(token)); w.Code != 200 {
				t.Errorf("%s %s: %d: %s", method, path, w.Code, w.Body)
			}
			run++
		}
	}
	if run < 6 {
		t.Errorf("%d commands: the guide is not understood", run)
	}
	if w := b.call("GET", "/api/v1/orders?reference=invoice%202026-118", "", bearer("letmein")); !strings.Contains(w.Body.String(), `"shop-4711"`) || !strings.Contains(w.Body.String(), `"paid"`) {
		t.Errorf("afterwards there is %s", w.Body)
	}
}

// The program in Python lists what is due, and then follows the log.
func TestGuidePython(t *testing.T) {
	t.Parallel()
	testrun.NeedsServers(t)
	b := newBench(t, "letmein")
	b.call("POST", "/api/v1/orders", newOrder, bearer("letmein"))
	server := httptest.NewServer(b)
	defer server.Close()

	programs := blocks(t, "python")
	if len(programs) != 1 {
		t.Fatalf("%d programs in Python", len(programs))
	}
	file := filepath.Join(t.TempDir(), "guide.py")
	if err := os.WriteFile(file, []byte(programs[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cmd := exec.CommandContext(ctx, "/usr/bin/python3", "-u", file)
	cmd.Env = append(os.Environ(), "PANEL="+server.URL+"/api/v1", "TOKEN=letmein")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "order-placed xn--e1afmkfd.xn--p1ai ") {
		t.Errorf("it printed %q", lines.Text())
	}
	stop()
	_ = cmd.Wait() // it is killed
}
