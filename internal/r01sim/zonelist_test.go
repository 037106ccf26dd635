package r01sim

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

func unzipped(t *testing.T, packed []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func zoneDomain(name string, paidTill registrar.Date) Domain {
	return Domain{Name: name, Registrar: "REGRU-RU", Nameservers: []string{"ns1.hoster.example"}, Delegated: true,
		Created: time.Date(2020, 1, 31, 22, 0, 0, 0, time.UTC), PaidTill: paidTill} // 1 February in Moscow
}

func TestSimulator_zoneList(t *testing.T) {
	t.Parallel()

	o := testOptions()
	o.ZoneList = filepath.Join(t.TempDir(), "list.gz")
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	var hours atomic.Int64
	o.Now = func() time.Time { return at.Add(time.Duration(hours.Load()) * time.Hour) }

	s := start(t, o)
	for name, till := range map[string]registrar.Date{"paid.ru": {Year: 2027, Month: 2, Day: 1}, "due.su": {Year: 2026, Month: 11, Day: 1},
		"free.ru": {Year: 2026, Month: 10, Day: 1}} {
		if err := s.AddDomain(zoneDomain(name, till)); err != nil {
			t.Fatal(err)
		}
	}

	const want = "DUE.SU\tREGRU-RU\t01.02.2020\t01.11.2026\t02.12.2026\t0\n" +
		"PAID.RU\tREGRU-RU\t01.02.2020\t01.02.2027\t04.03.2027\t1\n"

	get := func(since string) (*http.Response, []byte) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addresses().Admin+"/zone-list", nil)
		if err != nil {
			t.Fatal(err)
		}

		r.Header.Set("If-Modified-Since", since)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}

		return answer, body
	}

	answer, body := get("")
	if got := unzipped(t, body); got != want {
		t.Errorf("the list is\n%s\nwant\n%s", got, want)
	}

	made := answer.Header.Get("Last-Modified")
	if made != at.Format(http.TimeFormat) || answer.Header.Get("ETag") == "" {
		t.Errorf("made %q, tag %q", made, answer.Header.Get("ETag"))
	}

	if answer, _ := get(made); answer.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %s", answer.Status)
	}

	eventually(t, "the file to be written", func() bool {
		packed, err := os.ReadFile(o.ZoneList)
		return err == nil && unzipped(t, packed) == want
	})

	if err := s.RemoveDomain("paid.ru"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveDomain("paid.ru"); err == nil {
		t.Error("a domain is removed twice")
	}

	hours.Store(1)
	if _, body := get(made); unzipped(t, body) != want[:strings.Index(want, "PAID")] {
		t.Errorf("after a removal: %q", unzipped(t, body))
	}
}
