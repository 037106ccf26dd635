package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/secret"
)

func TestNewClient(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		server string
		ok     bool
	}{
		{"127.0.0.1:8480", true},
		{"localhost:8480", true},
		{"[::1]:8480", true},
		{"http://127.0.0.1:8480/", true},
		{"https://panel.example", true},
		{"unix:///run/panel.sock", true},
		{"", false},
		{"ftp://panel.example", false},
		{"http://", false},
		{"http://a b", false},
	} {
		if _, err := NewClient(c.server, secret.String{}); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.server, err)
		}
	}
}

func TestPathEscapesItsParts(t *testing.T) {
	t.Parallel()
	if got, want := Path("domains", "пример.рф/../x?y", "renewal"), "/api/v1/domains/%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84%2F..%2Fx%3Fy/renewal"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// serving returns a client of a handler, by TCP.
func serving(t *testing.T, token string, h http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, secret.New(token))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCallsAreAuthorizedJSON(t *testing.T) {
	t.Parallel()
	c := serving(t, "letmein", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for _, got := range [][2]string{{r.Method, "POST"}, {r.URL.Path, "/api/v1/orders"}, {r.Header.Get("Authorization"), "Bearer letmein"},
			{r.Header.Get("Content-Type"), "application/json"}, {string(body), `{"mode":"auto"}`}} {
			if got[0] != got[1] {
				t.Errorf("got %q, want %q", got[0], got[1])
			}
		}
		io.WriteString(w, `{"rule":"x"}`)
	})
	if v, err := Post[Rule](t.Context(), c, Path("orders"), Renewal{Mode: "auto"}); err != nil || v.Rule != "x" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestRefusalIsAnError(t *testing.T) {
	t.Parallel()
	c := serving(t, "", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"error":{"code":"INVALID","message":"the order has mistakes","problems":[{"path":"contact.inn","message":"is required"},{"path":"domain","message":"is odd"}]}}`)
	})
	_, err := Get[Order](t.Context(), c, Path("orders", "1"), nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != "INVALID" {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff("the order has mistakes\n  contact.inn: is required\n  domain: is odd", err.Error()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()

	for why, c := range map[string]struct {
		status     int
		body, says string
	}{
		"a proxy's page":   {502, "<html>", "502 Bad Gateway"},
		"a foreign error":  {404, `{"detail":"no"}`, "404 Not Found"},
		"no JSON":          {200, "hello", "read the panel's answer"},
		"a cut-off answer": {200, `{"rule":`, "read the panel's answer"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			client := serving(t, "", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			if _, err := Get[Rule](t.Context(), client, Path("log"), nil); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one with %q", err, c.says)
			}
		})
	}
}

// socket returns a short path: t.TempDir may be too long for a socket.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "api-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestUnixSocket(t *testing.T) {
	t.Parallel()

	path := socket(t)
	c, err := NewClient("unix://"+path, secret.String{})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := Get[Rule](t.Context(), c, Path("log"), nil); !errors.Is(err, ErrNotServing) {
		t.Errorf("without a socket: %v", err)
	}

	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}

	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"rule":"`+r.Host+`"}`) })}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	defer func() {
		server.Close()
		<-ended
	}()

	if v, err := Get[Rule](t.Context(), c, Path("log"), nil); err != nil || v.Rule != "panel" {
		t.Errorf("host %q, %v", v.Rule, err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	address := l.Addr().String()
	l.Close()

	c, err := NewClient(address, secret.String{})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := Get[Rule](t.Context(), c, Path("log"), nil); !errors.Is(err, ErrNotServing) {
		t.Errorf("error %v", err)
	}

	for _, err := range c.FollowLog(t.Context(), "", 0) {
		if !errors.Is(err, ErrNotServing) {
			t.Errorf("followed: %v", err)
		}
	}
}

func TestFollowLogEnds(t *testing.T) {
	t.Parallel()

	for why, c := range map[string]struct {
		body    string
		entries int
		says    string
	}{
		"the panel stops":         {`{"id":1}` + "\n" + `{"id":2}` + "\n", 2, ""},
		"the panel has no log":    {"", 0, ""},
		"it answers with no JSON": {`{"id":1}` + "\noops", 1, "invalid character"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()

			client := serving(t, "", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Encode() != "after=7&domain=a.ru&follow=1" {
					t.Errorf("asked with %s", r.URL.RawQuery)
				}
				io.WriteString(w, c.body)
			})

			n, said := 0, ""
			for _, err := range client.FollowLog(t.Context(), "a.ru", 7) {
				if err != nil {
					said += err.Error()
					continue
				}
				n++
			}

			if n != c.entries || (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
				t.Errorf("%d entries and %q, want %d and %q", n, said, c.entries, c.says)
			}
		})
	}
}

func TestFollowLogEndsWithItsContext(t *testing.T) {
	t.Parallel()
	client := serving(t, "", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"id":1}`+"\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range client.FollowLog(ctx, "", 0) {
		if err != nil {
			t.Errorf("the end of the context is told as %v", err)
		}
		cancel()
	}
}
