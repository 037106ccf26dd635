package manual

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/kit"
	"registrar.panel/shared/registrar"
)

// registry answers whois queries with what it has for a name; a name it does not have is
// never answered.
func registry(t *testing.T, answers map[string]string) string {
	t.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })

	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			name, err := bufio.NewReader(conn).ReadString('\n')
			if answer, ok := answers[strings.TrimSuffix(name, "\r\n")]; ok && err == nil {
				fmt.Fprint(conn, answer)
				conn.Close()
			}
		}
	}()

	return l.Addr().String()
}

// askingAt is a plugin that asks a registry for com.
func askingAt(t *testing.T, server string) *kit.Plugin {
	t.Helper()

	p := New(slog.New(slog.DiscardHandler))
	c, err := json.Marshal(map[string]any{"lookup": byWhois, "confirm": atOnce, "whois": []whoisServer{{TLD: "com", Server: server, Free: free}}})
	if err != nil {
		t.Fatal(err)
	}

	if err := p.Configure(t.Context(), registrar.Settings{Config: c, DataDir: t.TempDir(), Create: true}); err != nil {
		t.Fatal(err)
	}
	return p
}

// lookingUp is such a plugin at work.
func lookingUp(t *testing.T, server string) *kit.Registrar {
	t.Helper()
	r, err := askingAt(t, server).Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r.(*kit.Registrar)
}

func TestLookUpByWhois(t *testing.T) {
	t.Parallel()

	p := lookingUp(t, registry(t, map[string]string{
		"free.com":    "% Registry of com\r\n\r\nNo match for \"FREE.COM\".\r\n",
		"open.com":    "Domain: open.com\r\nStatus: free\r\n",
		"taken.com":   "   Domain Name: TAKEN.COM\r\n   Registrar: Somebody\r\n",
		"busy.com":    "Quota exceeded, try again later\r\n",
		"nothing.com": "",
		"ours.com":    "No match for \"OURS.COM\".\r\n",
	}))

	ended(t, p, submit(t, p, order("o1", "ours.com", registrar.KindRegister)).ID)

	want := map[string]registrar.AvailabilityStatus{
		"free.com": registrar.Available, "open.com": registrar.Available, "taken.com": registrar.Taken,
		"busy.com": registrar.AvailabilityUnknown, "nothing.com": registrar.AvailabilityUnknown,
		"free.org":  registrar.AvailabilityUnknown, // no registry of it is configured
		"ours.com":  registrar.Taken,               // registered here, whatever the registry says
		"f_ree.com": registrar.NameInvalid,
	}
	for name, status := range want {
		got, err := p.Check(t.Context(), []string{name})
		if err != nil || len(got) != 1 || got[0].Status != status || status == registrar.AvailabilityUnknown && got[0].Detail == "" {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, status)
		}
	}
}

// Silence makes nothing available: neither a registry that is not there, nor one that says
// nothing for as long as the caller waits.
func TestSilenceIsUnknown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	l.Close()
	for _, server := range []string{gone, registry(t, nil)} {
		c := config{Lookup: byWhois, Whois: []whoisServer{{TLD: "com", Server: server, Free: free}}}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if status, detail := c.lookUp(ctx, "free.com"); status != registrar.AvailabilityUnknown || detail == "" {
			t.Errorf("%s: %s %q", server, status, detail)
		}
		cancel()
	}
}

func TestWhoisSettings(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		`{"lookup": "whois", "confirm": "operator", "whois": []}`:                                                             "whois",
		`{"lookup": "whois", "confirm": "operator", "whois": [{"tld": "com", "server": "localhost", "free": "x"}]}`:           `whois["com"].server`,
		`{"lookup": "always_taken", "confirm": "operator", "whois": [{"tld": "com", "server": "localhost:43", "free": "("}]}`: `whois["com"].free`,
	} {
		err := New(slog.New(slog.DiscardHandler)).Configure(t.Context(), registrar.Settings{Config: json.RawMessage(text)})
		var e *registrar.Error
		if !errors.As(err, &e) || e.Code != registrar.Invalid || !slices.ContainsFunc(e.Problems, func(p registrar.Problem) bool { return p.Path == path }) {
			t.Errorf("%s: %v, want a problem at %s", text, err, path)
		}
	}
}

// A probe says which registries can be reached.
func TestProbeTriesTheRegistries(t *testing.T) {
	t.Parallel()
	p := askingAt(t, registry(t, nil))
	list, err := p.Probe(t.Context(), false)
	if err != nil || len(list) != 2 || list[1].Name != "whois com" || !list[1].OK {
		t.Errorf("Probe = %+v, %v", list, err)
	}
	list, err = askingAt(t, "127.0.0.1:1").Probe(t.Context(), false)
	if err != nil || len(list) != 2 || list[1].OK {
		t.Errorf("Probe = %+v, %v", list, err)
	}
}
