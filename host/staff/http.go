package staff

import (
	"bytes"
	"embed"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/language"

	"registrar.panel/host/access"
)

//go:embed sign-in.html sign-in.css
var files embed.FS

// contentPolicy lets the page load its style, and send its form to us.
const contentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// mostForm bounds a form, in bytes.
const mostForm = 16 << 10

func (r *Room) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, q *http.Request) {
		r.show(w, q, http.StatusOK, filled{Next: q.URL.Query().Get("next")})
	})
	mux.HandleFunc("POST /sign-in", r.signIn)
	mux.HandleFunc("POST /sign-out", r.signOut)
	mux.HandleFunc("GET /sign-in/style.css", func(w http.ResponseWriter, q *http.Request) {
		http.ServeFileFS(w, q, files, "sign-in.css")
	})
	return mux
}

// Serves reports whether a request is for the room, with or without a session.
func (r *Room) Serves(q *http.Request) bool {
	return q.URL.Path == "/sign-in" || q.URL.Path == "/sign-out" || q.URL.Path == "/sign-in/style.css"
}

// ServeHTTP implements [http.Handler]. A request's RemoteAddr is its origin, behind a proxy too;
// requests of other sites have been refused before.
func (r *Room) ServeHTTP(w http.ResponseWriter, q *http.Request) { r.handler.ServeHTTP(w, q) }

// filled is the form as it was sent.
type filled struct{ Name, Next, Wrong string }

func (r *Room) signIn(w http.ResponseWriter, q *http.Request) {
	// The form is read before its sender is known, so it must not be large.
	q.Body = http.MaxBytesReader(w, q.Body, mostForm)
	if err := q.ParseForm(); err != nil {
		r.show(w, q, http.StatusBadRequest, filled{Wrong: "form"})
		return
	}

	f := filled{Name: strings.TrimSpace(q.PostForm.Get("name")), Next: q.PostForm.Get("next")}
	cookie, err := r.SignIn(q.Context(), f.Name, q.PostForm.Get("password"), address(q))
	switch {
	// An unknown name and a wrong password get the same answer.
	case errors.Is(err, errWrong):
		f.Wrong = "wrong"
		r.show(w, q, http.StatusUnauthorized, f)
		return
	case errors.Is(err, errCrowded):
		f.Wrong = "crowded"
		w.Header().Set("Retry-After", "10")
		r.show(w, q, http.StatusTooManyRequests, f)
		return
	case err != nil:
		r.log.Error("signing in failed", "err", err)
		f.Wrong = "fault"
		r.show(w, q, http.StatusInternalServerError, f)
		return
	}

	// The cookie of the former session is replaced below: the session would stay open, and signing out would not end it.
	if old, ok := r.cookie(q); ok { // the browser's session before
		if err := r.End(q.Context(), access.SessionDigest(old)); err != nil {
			r.log.Warn("an old session can't be ended", "err", err)
		}
	}
	r.setCookie(w, q, cookie, int(access.SessionLife.Seconds()))
	// See Other, so that a browser that loads the page again does not send the password again.
	http.Redirect(w, q, local(f.Next), http.StatusSeeOther)
}

// signOut ends the session of this browser, or with everywhere=1 all sessions of its owner.
func (r *Room) signOut(w http.ResponseWriter, q *http.Request) {
	q.Body = http.MaxBytesReader(w, q.Body, mostForm)
	// First, because after this session ends its cookie no longer shows whose the others are.
	c, ok, err := r.Caller(q)
	if err == nil && ok && q.PostFormValue("everywhere") == "1" {
		_, err = r.EndAll(q.Context(), c.Name)
	}
	if cookie, given := r.cookie(q); err == nil && given {
		err = r.End(q.Context(), access.SessionDigest(cookie))
	}
	if err != nil {
		r.log.Error("a session can't be ended", "err", err)
		http.Error(w, "the session can't be ended; the panel's log says why", http.StatusInternalServerError)
		return
	}
	r.setCookie(w, q, "", -1)
	http.Redirect(w, q, "/sign-in", http.StatusSeeOther)
}

// overTLS reports whether the browser reaches the panel by TLS.
func (r *Room) overTLS(q *http.Request) bool { return q.TLS != nil || r.secure }

// cookieName returns the name of the cookie; with TLS, a name that other hosts of the same domain can't set.
func (r *Room) cookieName(q *http.Request) string {
	if r.overTLS(q) {
		return "__Host-panel"
	}
	return "panel"
}

func (r *Room) cookie(q *http.Request) (string, bool) {
	c, err := q.Cookie(r.cookieName(q))
	return valueOf(c), err == nil && c.Value != ""
}

func valueOf(c *http.Cookie) string {
	if c == nil {
		return ""
	}
	return c.Value
}

func (r *Room) setCookie(w http.ResponseWriter, q *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: r.cookieName(q), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: r.overTLS(q), SameSite: http.SameSiteStrictMode})
}

// local returns a place on this panel; "/" if next is none. Without it a link to the page could send
// its reader, once signed in, to another site. Browsers read \ as / and drop tabs and line ends.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(next, "\\\r\n\t") ||
		strings.HasPrefix(u.Path, "/sign-") {
		return "/"
	}
	return u.RequestURI()
}

func address(q *http.Request) string {
	if host, _, err := net.SplitHostPort(q.RemoteAddr); err == nil {
		return host
	}
	return q.RemoteAddr
}

// show answers with the page. A browser that follows a link of another site, such as one in a mail,
// does not send the cookie: its reader goes on by the page's own link.
func (r *Room) show(w http.ResponseWriter, q *http.Request, status int, f filled) {
	f.Next = local(f.Next)
	t := textsFor(q)
	var page bytes.Buffer
	if err := r.page.Execute(&page, map[string]any{"T": t, "F": f, "Wrong": t.wrong(f.Wrong)}); err != nil {
		r.log.Error("the page can't be made", "err", err)
		http.Error(w, "the page can't be made; the panel's log says why", http.StatusInternalServerError)
		return
	}

	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy)
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // an error means that the reader has gone
}

// texts are the page's texts in one language.
type texts struct {
	Lang, Title, Name, Password, Submit, Continue string

	Wrong, Crowded, Fault, Form string
}

func (t texts) wrong(code string) string {
	return map[string]string{"wrong": t.Wrong, "crowded": t.Crowded, "fault": t.Fault, "form": t.Form}[code]
}

// textsFor chooses the language that the reader prefers.
func textsFor(q *http.Request) texts {
	english := texts{Lang: "en", Title: "Sign in", Name: "Name", Password: "Password", Submit: "Sign in", Continue: "I am signed in: go on", Wrong: "The name or the password is wrong.",
		Crowded: "Too many wrong passwords are being tried. Try again in ten seconds.", Fault: "The panel can't do it now. Its log says why.", Form: "The form can't be read."}
	russian := texts{Lang: "ru", Title: "Вход", Name: "Имя", Password: "Пароль", Submit: "Войти", Continue: "Вход уже выполнен: продолжить", Wrong: "Имя или пароль неверны.",
		Crowded: "Слишком много неверных паролей. Повторите через десять секунд.", Fault: "Сейчас войти нельзя. Причина — в журнале панели.", Form: "Форма не читается."}

	wanted, _, err := language.ParseAcceptLanguage(q.Header.Get("Accept-Language"))
	_, at, _ := language.NewMatcher([]language.Tag{language.English, language.Russian}).Match(wanted...)
	if err == nil && at == 1 {
		return russian
	}
	return english
}
