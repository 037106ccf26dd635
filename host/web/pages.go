package web

import (
	"bytes"
	"io/fs"
	"net/http"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
)

var pageFuncs = map[string]any{
	"at": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
}

func (s *Server) routePages(mux *http.ServeMux) {
	mux.Handle("GET /{$}", http.RedirectHandler("/domains", http.StatusSeeOther))
	mux.Handle("GET /domains", requires(page(s, "domains.html", listed(s.lists().listDomains)), access.Look))
	mux.Handle("GET /domains/{name}", requires(page(s, "domain.html", s.showDomain), access.Look))
	mux.Handle("GET /orders", requires(page(s, "orders.html", listed(s.lists().listOrders)), access.Look))
	mux.Handle("GET /plugins", requires(page(s, "plugins.html", s.listPlugins), access.Look))
	mux.Handle("GET /review", requires(page(s, "review.html", s.reviewPage), access.Look))
	mux.Handle("GET /review/{id}", requires(page(s, "mail.html", s.showReview), access.Look))
	mux.HandleFunc("GET /style.css", style)
}

// reviewList is what the page of the review queue shows.
type reviewList struct {
	Entries   []api.Review
	Absent    []switchboard.Absent
	Strangers bool
	Next      string // the query of the next page; "" = this is the last
}

func (s *Server) reviewPage(r *http.Request) (reviewList, error) {
	entries, absent, err := mailDesk{s.board, s.orders}.listReviews(r)
	return reviewList{entries.rows, absent, query(r).yes("strangers"), entries.next.Encode()}, err
}

// part is what the page of a list shows.
type part[T any] struct {
	Rows []T
	Next string // the page after; "" = this is the last
}

func listed[T any](answer func(r *http.Request) (paged[T], error)) func(r *http.Request) (part[T], error) {
	return func(r *http.Request) (p part[T], err error) {
		answered, err := answer(r)
		if p.Rows = answered.rows; answered.next != nil {
			p.Next = r.URL.EscapedPath() + "?" + answered.next.Encode()
		}
		return p, err
	}
}

// page shows what the API's function of the same purpose returns.
func page[T any](s *Server, name string, answer func(r *http.Request) (T, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := answer(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		var text bytes.Buffer // so that a fault of a template is not sent as half a page
		if err := s.pages.ExecuteTemplate(&text, name, v); err != nil {
			s.refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = text.WriteTo(w) // an error means that the reader has gone
	})
}

func style(w http.ResponseWriter, r *http.Request) {
	text, err := fs.ReadFile(pages, "pages/style.css")
	if err != nil {
		fail(w, http.StatusNotFound, "NOT_FOUND", "there is no style")
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	http.ServeContent(w, r, "style.css", time.Time{}, bytes.NewReader(text))
}
