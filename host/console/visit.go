package console

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
)

// visit is one request of a person for a page.
type visit struct {
	*http.Request
	console *Console
	caller  access.Caller
	lang    *language
	trouble *trouble     // why the action before was refused; nil = there was none, or it went well
	known   []api.Plugin // nil = not asked yet
}

// plugins lists the registrars. The head of each page shows them, and some pages use them: they are asked for once.
func (v *visit) plugins() (all []api.Plugin, err error) {
	if v.known == nil {
		v.known, err = get[[]api.Plugin](v, api.Path("plugins"), nil)
	}
	return v.known, err
}

func (c *Console) visit(r *http.Request) *visit {
	caller, _ := access.From(r.Context())
	return &visit{Request: r, console: c, caller: caller, lang: c.choose(r)}
}

func (v *visit) mayOneOf(rights []access.Right) bool {
	return slices.ContainsFunc(rights, v.caller.May)
}

// screen is a page: its template, who may open it, and what it shows.
type screen struct {
	template string
	rights   []access.Right
	show     func(v *visit) (any, error)
}

// done is where a person goes on after an action, and the message there.
type done struct {
	to   string
	told flash
}

// mostForm bounds a form, in bytes.
const mostForm = 4 << 20

// page mounts a page.
func (c *Console) page(pattern string, s screen) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { c.render(w, c.visit(r), s) })
}

// posted begins the answer to a form. ok is true if the person has one of the rights and the
// form can be read; otherwise posted has answered.
func (c *Console) posted(w http.ResponseWriter, r *http.Request, rights []access.Right) (v *visit, ok bool) {
	v = c.visit(r)
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	if !v.mayOneOf(rights) {
		c.fail(w, v, forbidden(rights))
		return v, false
	}
	if err := v.readForm(); err != nil {
		c.fail(w, v, err)
		return v, false
	}
	return v, true
}

// act mounts an action. If the action is refused, the page is shown again with what is wrong.
func (c *Console) act(pattern string, rights []access.Right, do func(v *visit) (done, error), again screen) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v, ok := c.posted(w, r, rights)
		if !ok {
			return
		}

		d, err := do(v)
		if err != nil {
			v.trouble = v.troubleOf(err)
			c.render(w, v, again)
			return
		}
		// Shown on the next page, so that loading that page again repeats nothing.
		remember(w, r, d.told)
		http.Redirect(w, r, d.to, http.StatusSeeOther)
	})
}

// readForm reads the form that was sent, with a file or without.
func (v *visit) readForm() error {
	err := v.ParseMultipartForm(mostForm)
	if errors.Is(err, http.ErrNotMultipart) {
		err = v.ParseForm()
	}
	if err != nil {
		return &api.Error{Code: "BAD_REQUEST", Message: v.lang.Text("failure.form")}
	}
	return nil
}

// sheet is the data of a template.
type sheet struct {
	frame
	Page any
}

// render shows a page. After an action that was refused it has the refusal's status.
func (c *Console) render(w http.ResponseWriter, v *visit, s screen) {
	if !v.mayOneOf(s.rights) {
		c.fail(w, v, forbidden(s.rights))
		return
	}
	shown, err := s.show(v)
	if err != nil {
		c.fail(w, v, err)
		return
	}
	status := http.StatusOK
	if v.trouble != nil {
		status = v.trouble.Status
	}
	c.write(w, v, status, s.template, shown)
}

func (c *Console) write(w http.ResponseWriter, v *visit, status int, template string, shown any) {
	f := c.frame(v)
	f.Told = recall(w, v.Request)
	if again, ok := shown.(interface{ Refresh() int }); ok && again.Refresh() > 0 {
		w.Header().Set("Refresh", strconv.Itoa(again.Refresh()))
	}
	var text bytes.Buffer // so that a fault of a template is not sent as half a page
	if err := v.lang.templates().ExecuteTemplate(&text, template, sheet{f, shown}); err != nil {
		c.log.Error("a page can't be made", "page", template, "err", err)
		http.Error(w, v.lang.Text("failure.internal"), http.StatusInternalServerError)
		return
	}

	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.lang.Name)
	w.WriteHeader(status)
	_, _ = text.WriteTo(w) // an error means that the reader has gone
}

// list is a part of a list, as a page shows it.
type list[T any] struct {
	Rows    []T
	Next    string // the address of the next part; "" = this is the last
	First   string // the address of the beginning; "" = this is it
	Missing []api.Missing
	Asked   url.Values // the parameters that narrow it
}

// rowsOnPage is how many rows a page of a list has.
const rowsOnPage = 100

// listOf asks for the part of a list that the address of the page names. It passes on the named
// parameters of that address, and adds fixed ones.
func listOf[T any](v *visit, path string, names []string, fixed url.Values) (list[T], error) {
	asked := v.only(names...)
	query := url.Values{"limit": {strconv.Itoa(rowsOnPage)}, "after": v.URL.Query()["after"]}
	for _, more := range []url.Values{asked, fixed} {
		for name, values := range more {
			query[name] = values
		}
	}

	page, err := api.GetPage[T](v.Context(), v.console.client, path, query)
	l := list[T]{Rows: page.List, Missing: page.Missing, Asked: asked}
	if mark := page.Mark(); mark != "" {
		l.Next = narrowed(v.URL.Path, asked, "after", mark)
	}
	if v.URL.Query().Get("after") != "" {
		l.First = narrowed(v.URL.Path, asked, "after", "")
	}
	return l, err
}

// only returns the parameters of the page's address that have these names and a value.
func (v *visit) only(names ...string) url.Values {
	given := v.URL.Query()
	chosen := url.Values{}
	for _, name := range names {
		if value := given.Get(name); value != "" {
			chosen.Set(name, value)
		}
	}
	return chosen
}

// with returns a query with one parameter added, changed or, by "", removed.
func with(query url.Values, name, value string) url.Values {
	changed := url.Values{}
	for n, values := range query {
		changed[n] = values
	}
	changed.Del(name)
	if value != "" {
		changed.Set(name, value)
	}
	return changed
}

func get[T any](v *visit, path string, query url.Values) (T, error) {
	return api.Get[T](v.Context(), v.console.client, path, query)
}

func post[T any](v *visit, path string, in any) (T, error) {
	return api.Post[T](v.Context(), v.console.client, path, in)
}

// asset serves a file of the console's own.
func asset(name, media string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", media)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
	}
}
