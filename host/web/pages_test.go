package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	t.Parallel()

	b := newBench(t, "")
	b.placed(newOrder)
	b.registered()
	for path, shows := range map[string][]string{
		"/domains":                       {"example.ru", "пример.рф", "Registered", "Pending", "2027-03-01", "unknown"},
		"/domains/example.ru":            {"C1-RIPN", "ns1.example.ru 192.0.2.1", "an answer", "(version 3)", "2026-03-01 12:04:05", "&lt;script&gt;"},
		"/domains/xn--e1afmkfd.xn--p1ai": {"пример.рф", "xn--e1afmkfd.xn--p1ai", "order-placed"},
		"/orders":                        {"пример.рф", "unpaid", "2026-03-01 12:04:05"},
		"/plugins":                       {"R01 by mail", "degraded", "not well", "it ended", "&lt;script&gt;"},
		"/review":                        {"robot@registrar.example", "no rule matched", "op-1", "&lt;script&gt;"},
		"/review/rv-1":                   {"Subject: &lt;script&gt;", "op-1", "<dt>version</dt><dd>6</dd>"},
	} {
		w := b.call("GET", path, "")
		page := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: status %d, %s", path, w.Code, w.Header().Get("Content-Type"))
		}

		for _, text := range shows {
			if !strings.Contains(page, text) {
				t.Errorf("%s does not show %q:\n%s", path, text, page)
			}
		}

		if strings.Contains(page, "<script") || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
			t.Errorf("%s holds a script, or is not whole:\n%s", path, page)
		}
	}
}

func TestPagesOfAnEmptyPanel(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for path, shows := range map[string]string{"/domains": "No domain has been ordered yet.", "/orders": "No order yet."} {
		if page := b.call("GET", path, "").Body.String(); !strings.Contains(page, shows) {
			t.Errorf("%s does not say %q", path, shows)
		}
	}
}

func TestEveryAnswerIsShielded(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for _, path := range []string{"/", "/domains", "/domains/unheard.ru", "/style.css", "/nowhere", "/api/v1/domains", "/api/v1/nowhere"} {
		h := b.call("GET", path, "").Header()
		for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			if h.Get(key) != want {
				t.Errorf("%s: %s: %q", path, key, h.Get(key))
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestStartPageIsTheDomainList(t *testing.T) {
	t.Parallel()
	w := newBench(t, "").call("GET", "/", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/domains" {
		t.Errorf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestStyleIsServed(t *testing.T) {
	t.Parallel()
	w := newBench(t, "").call("GET", "/style.css", "")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") || w.Body.Len() == 0 {
		t.Errorf("status %d, %s, %d bytes", w.Code, w.Header().Get("Content-Type"), w.Body.Len())
	}
}

func TestPageThatIsMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for _, path := range []string{"/domains/unheard.ru", "/review/none"} {
		if w := b.call("GET", path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}
