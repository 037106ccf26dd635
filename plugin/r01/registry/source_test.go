package registry

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, s *Source, last Edition) (string, Edition, error) {
	t.Helper()
	r, mark, err := s.Open(t.Context(), last)
	if err != nil {
		return "", mark, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), mark, nil
}

func TestOpenFile(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "ru.gz")
	s := NewSource(path)
	if _, _, err := open(t, s, Edition{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}

	write := func(text string, at time.Time) {
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}

	write("one", asked)
	text, mark, err := open(t, s, Edition{})
	if err != nil || text != "one" || !mark.Modified.Equal(asked) {
		t.Fatalf("%q, %+v, %v", text, mark, err)
	}

	if _, _, err := open(t, s, mark); !errors.Is(err, ErrUnchanged) {
		t.Errorf("the same file: %v", err)
	}

	write("two", asked.Add(time.Hour))
	if text, _, err := open(t, s, mark); err != nil || text != "two" {
		t.Errorf("the next edition: %q, %v", text, err)
	}
}

func TestOpenURL(t *testing.T) {
	t.Parallel()

	text, tag := "one", `"1"`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/list":
			w.Header().Set("ETag", tag)
			http.ServeContent(w, r, "", asked, stringReader(text))
		case "/dated":
			http.ServeContent(w, r, "", asked, stringReader(text))
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, path := range []string{"/list", "/dated"} {
		s := NewSource(server.URL + path)
		got, mark, err := open(t, s, Edition{})
		if err != nil || got != "one" || !mark.Modified.Equal(asked) {
			t.Fatalf("%s: %q, %+v, %v", path, got, mark, err)
		}
		_, again, err := open(t, s, mark)
		later := again.Served.Sub(mark.Served) // by the server's clock, in whole seconds
		again.Served = mark.Served
		if !errors.Is(err, ErrUnchanged) || again != mark || later < 0 {
			t.Errorf("%s again: %+v, %s later, %v", path, again, later, err)
		}
	}

	for _, path := range []string{"/nowhere", "/loop"} {
		if _, _, err := open(t, NewSource(server.URL+path), Edition{}); err == nil || errors.Is(err, ErrUnchanged) {
			t.Errorf("%s: %v", path, err)
		}
	}

	text, tag = "two", `"2"`
	if got, _, err := open(t, NewSource(server.URL+"/list"), Edition{ETag: `"1"`}); err != nil || got != "two" {
		t.Errorf("the next edition: %q, %v", got, err)
	}
}

// A body that is shorter than announced is an error of its reader, not an end.
func TestOpenURLCutOff(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, twoLines)
	}))
	defer server.Close()
	r, _, err := NewSource(server.URL).Open(t.Context(), Edition{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := Read(t.Context(), r, func(*Line) {}); err == nil {
		t.Error("a list that was cut off is believed")
	}
}

func TestRedirectToPlain(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, twoLines) }))
	defer plain.Close()
	safe := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer safe.Close()
	s := NewSource(safe.URL)
	s.client.Transport = safe.Client().Transport
	if _, _, err := open(t, s, Edition{}); err == nil {
		t.Error("it follows from https to http")
	}
}

func TestValidateSource(t *testing.T) {
	t.Parallel()
	for location, ok := range map[string]bool{
		"/var/lib/zones/ru.gz": true, "https://partner.example/zones/ru.gz": true, "http://127.0.0.1:8055/zone-list": true,
		"zones/ru.gz": false, "ftp://example.com/ru.gz": false, "https://": false, "http:/x": false, "\x7f": false,
	} {
		if problems := ValidateSource("zone_list", location); (len(problems) == 0) != ok {
			t.Errorf("%q: %v", location, problems)
		}
	}
}

func stringReader(text string) io.ReadSeeker { return strings.NewReader(text) }
