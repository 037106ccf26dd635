package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/host/wording"
)

// frame is what every page has around its content.
type frame struct {
	Lang       string
	Back       string // the page itself, for the choice of a language
	Path       string
	Query      string // of the search
	Title      string // set by the template
	Caller     access.Caller
	Known      bool // it is known who calls
	Registrars []standing
	Zone       string
	Told       *flash
	Trouble    *trouble
}

// May reports whether the person has a right.
func (f frame) May(right string) bool { return f.Caller.May(access.Right(right)) }

// Under reports whether the page is that of an entry of the navigation, or below it.
func (f frame) Under(path string) bool {
	return f.Path == path || path != "/" && strings.HasPrefix(f.Path, path+"/")
}

// standing is the state of a registrar, in a word.
type standing struct {
	Name, State string
	Unwell      []string // components that are not well
	Says        api.Figures
}

func (c *Console) frame(v *visit) frame {
	_, known := access.From(v.Context())
	f := frame{Lang: v.lang.Name, Path: v.URL.Path, Back: v.URL.RequestURI(), Caller: v.caller, Known: known, Zone: c.now().In(c.zone).Format("MST"), Trouble: v.trouble}
	// The choice of a language leads back by a GET, which does not repeat what was sent.
	if v.Method != http.MethodGet {
		f.Back = v.URL.Path
	}
	if v.URL.Path == "/search" {
		f.Query = v.URL.Query().Get("q")
	}
	if !v.caller.May(access.Look) {
		return f
	}

	plugins, err := v.plugins()
	if err != nil {
		c.log.Debug("the head of a page has no registrars", "err", err)
	}
	for _, p := range plugins {
		f.Registrars = append(f.Registrars, standingOf(p))
	}
	return f
}

// The states of a plugin that serves, as the API calls them.
const (
	running  = "running"
	degraded = "degraded"
)

func standingOf(p api.Plugin) standing {
	s := standing{Name: p.Name, State: p.State, Says: api.FiguresOf(p)}
	for _, h := range p.Health {
		if !h.OK && h.Component != "review" { // mails that wait are work, and no fault
			s.Unwell = append(s.Unwell, h.Component)
		}
	}
	if s.State == degraded && len(s.Unwell) == 0 {
		s.State = running
	}
	return s
}

// flash is a message on the page after an action, shown once.
type flash struct {
	Code   string            `json:"code"`
	Values map[string]string `json:"values,omitempty"`
}

// told makes a flash of a code and pairs of a name and its value.
func told(code string, pairs ...string) flash {
	f := flash{Code: code, Values: map[string]string{}}
	for pair := range slices.Chunk(pairs, 2) {
		f.Values[pair[0]] = pair[1]
	}
	return f
}

const flashCookie = "panel-told"

// remember keeps a flash for the next page.
func remember(w http.ResponseWriter, r *http.Request, f flash) {
	if f.Code == "" {
		return
	}
	text, err := json.Marshal(f)
	if err != nil {
		return // it has only texts
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString(text), Path: "/", MaxAge: 60,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// recall takes the flash of the action before.
func recall(w http.ResponseWriter, r *http.Request) *flash {
	kept, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// The browser can change the cookie, so it may name only the texts of actions.
	text, err := base64.RawURLEncoding.DecodeString(kept.Value)
	var f flash
	if err != nil || json.Unmarshal(text, &f) != nil || !strings.HasPrefix(f.Code, "done.") {
		return nil
	}
	return &f
}

const languageCookie = "panel-language"

// chooseLanguage keeps a person's choice, and goes back to the page where it was made.
func (c *Console) chooseLanguage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	name := r.PostFormValue("language")
	if !slices.Contains(wording.Names(), name) {
		name = wording.Names()[0]
	}
	http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: name, Path: "/", MaxAge: 400 * 24 * 60 * 60, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, local(r.PostFormValue("back")), http.StatusSeeOther)
}

// local returns an address within the console, or the first page if the address leads elsewhere.
func local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.Contains(address, `\`) {
		return "/"
	}
	return u.RequestURI()
}
