package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
)

func (c *Console) routeKeeping() {
	registrars := screen{"registrars.html", look, showRegistrars}
	notifications := screen{"notifications.html", look, showNotifications}
	tokens := screen{"tokens.html", admin, showTokens}
	c.page("GET /log", screen{"log.html", look, showLog})
	c.page("GET /registrars", registrars)
	c.page("GET /plugins", registrars) // its former address
	c.act("POST /registrars/{name}/upgrade", admin, upgrade, registrars)
	c.page("GET /notifications", notifications)
	c.mux.HandleFunc("POST /notifications/test", c.tryWays)
	c.act("POST /notifications/{name}/{entry}", admin, tellAgain, notifications)
	c.page("GET /tokens", tokens)
	c.mux.HandleFunc("POST /tokens", c.addToken)
	c.act("POST /tokens/{name}/revoke", admin, revokeToken, tokens)
}

// logFilters are the parameters that narrow the Action Log.
var logFilters = []string{"domain", "registrar", "actor", "event", "level", "since", "outcome", "operation_state"}

// logLevels are the views of the log.
var logLevels = []view{{"all", nil}, {"warning", map[string]string{"level": "warning"}}, {"error", map[string]string{"level": "error"}}}

// logPage is a part of the Action Log, the newest first.
type logPage struct {
	list[api.Entry]
	Levels []chosen
	Follow string // the address of the page that brings itself up to date; "" = this page does
	Stop   string // the address of the page that does not
}

// Refresh returns after how many seconds a browser loads the page again by itself; 0 = never.
func (l logPage) Refresh() int {
	if l.Follow == "" {
		return followEvery
	}
	return 0
}

// followEvery is in seconds.
const followEvery = 10

// logged asks for the part of the Action Log that the address of the page names, the newest first.
// It passes on the named parameters of that address.
func (v *visit) logged(names ...string) (l list[api.Entry], err error) {
	asked := v.only(names...)
	query := url.Values{"limit": {strconv.Itoa(rowsOnPage)}, "before": {v.URL.Query().Get("before")}}
	for name, values := range asked {
		query[name] = values
	}
	rows, err := get[[]api.Entry](v, api.Path("log"), query)
	if err != nil {
		return l, err
	}
	// The API lists the oldest first, a page the newest.
	slices.Reverse(rows)

	l = list[api.Entry]{Rows: rows, Asked: asked}
	if n := len(rows); n == rowsOnPage {
		l.Next = narrowed(v.URL.Path, asked, "before", strconv.FormatInt(rows[n-1].ID, 10))
	}
	if v.URL.Query().Get("before") != "" {
		l.First = narrowed(v.URL.Path, asked, "before", "")
	}
	return l, nil
}

func showLog(v *visit) (any, error) {
	l, err := v.logged(logFilters...)
	if err != nil {
		return nil, err
	}
	asked := l.Asked
	p := logPage{list: l, Levels: v.views("/log", logLevels, "level", "before"), Follow: narrowed("/log", asked, "follow", "1"), Stop: narrowed("/log", asked, "follow", "")}
	if v.URL.Query().Get("follow") == "1" {
		p.Follow = ""
	}
	return p, nil
}

// registrarShown is a registrar with the settings that it works with.
type registrarShown struct {
	api.Plugin
	Settings []api.Setting
	Says     api.Figures
	Oldest   *api.Unanswered
}

func showRegistrars(v *visit) (any, error) {
	plugins, err := v.plugins()
	if err != nil {
		return nil, err
	}
	var all []registrarShown
	for _, p := range plugins {
		settings, err := get[[]api.Setting](v, api.Path("plugins", p.Name, "settings"), nil)
		if err != nil {
			return nil, err
		}
		all = append(all, registrarShown{p, settings, api.FiguresOf(p), api.LongestUnanswered(p)})
	}
	return all, nil
}

// upgrade reads plugin.hcl again, and replaces the plugin's program by the one that it names.
func upgrade(v *visit) (done, error) {
	p, err := post[api.Plugin](v, api.Path("plugins", v.PathValue("name"), "upgrade"), api.Upgrade{})
	return done{"/registrars", told("done.upgraded", "Name", p.Name, "Version", p.Version)}, err
}

// receiver is a webhook with the entries that it did not take.
type receiver struct {
	api.Webhook
	Letters []api.DeadLetter
}

// notifications are the channels by which people and programs are told, and the results of a test.
type notifications struct {
	Ways  []api.Notification
	Hooks []receiver
	Tried []api.NotificationTest
}

func showNotifications(v *visit) (any, error) {
	ways, err := get[[]api.Notification](v, api.Path("notifications"), nil)
	if err != nil {
		return nil, err
	}
	hooks, err := receivers(v)
	return notifications{Ways: ways, Hooks: hooks}, err
}

// tryWays sends a test through every channel, and shows the results.
func (c *Console) tryWays(w http.ResponseWriter, r *http.Request) {
	v := c.visit(r)
	if !v.mayOneOf(admin) {
		c.fail(w, v, forbidden(admin))
		return
	}
	tried, err := post[[]api.NotificationTest](v, api.Path("notifications", "test"), struct{}{})
	if err != nil {
		v.trouble = v.troubleOf(err)
	}

	// Shown in this answer, because the outcome of the test is stored nowhere.
	c.render(w, v, screen{"notifications.html", look, func(v *visit) (any, error) {
		shown, err := showNotifications(v)
		if n, ok := shown.(notifications); ok {
			n.Tried = tried
			return n, err
		}
		return shown, err
	}})
}

func receivers(v *visit) (all []receiver, err error) {
	hooks, err := get[[]api.Webhook](v, api.Path("webhooks"), nil)
	if err != nil {
		return nil, err
	}
	for _, h := range hooks {
		r := receiver{Webhook: h}
		if h.Dead > 0 {
			if r.Letters, err = get[[]api.DeadLetter](v, api.Path("webhooks", h.Name, "dead"), url.Values{"limit": {"50"}}); err != nil {
				return nil, err
			}
		}
		all = append(all, r)
	}
	return all, nil
}

func tellAgain(v *visit) (done, error) {
	_, err := post[api.DeadLetter](v, api.Path("webhooks", v.PathValue("name"), "dead", v.PathValue("entry"), "retry"), struct{}{})
	return done{"/notifications", told("done.told-again", "Name", v.PathValue("name"))}, err
}

// tokens are the credentials of callers; Issued is a new one, with its secret.
type tokens struct {
	list[api.Token]
	Rights []string
	Issued *api.IssuedToken
}

func showTokens(v *visit) (any, error) {
	rows, err := listOf[api.Token](v, api.Path("tokens"), nil, nil)
	t := tokens{list: rows}
	for _, r := range access.Rights() {
		t.Rights = append(t.Rights, string(r))
	}
	return t, err
}

// addToken makes a credential and shows its secret, this once.
func (c *Console) addToken(w http.ResponseWriter, r *http.Request) {
	v, ok := c.posted(w, r, admin)
	if !ok {
		return
	}

	in := api.NewToken{Name: strings.TrimSpace(v.PostFormValue("name")), Rights: v.PostForm["right"]}
	if day, err := time.ParseInLocation(time.DateOnly, v.PostFormValue("expires"), c.zone); err == nil {
		end := day.AddDate(0, 0, 1) // so that the day itself is included
		in.ExpiresAt = &end
	}
	issued, err := post[api.IssuedToken](v, api.Path("tokens"), in)
	if err != nil {
		v.trouble = v.troubleOf(err)
	}

	// Shown in this answer, without a redirect: the secret is stored nowhere and can't be shown again.
	c.render(w, v, screen{"tokens.html", admin, func(v *visit) (any, error) {
		shown, err := showTokens(v)
		if t, ok := shown.(tokens); ok && v.trouble == nil {
			t.Issued = &issued
			return t, err
		}
		return shown, err
	}})
}

func revokeToken(v *visit) (done, error) {
	_, err := post[api.Revoked](v, api.Path("tokens", v.PathValue("name"), "revoke"), struct{}{})
	return done{"/tokens", told("done.revoked", "Name", v.PathValue("name"))}, err
}
