// Package console has the pages of the panel: what its staff see and decide in a browser, in Russian
// or English.
//
// It is a client of the JSON API, inside the same process and in the name of the person at the page. So a
// page shows and does exactly what the API would show and do for that person, by the same rules and in the
// same words. What a person may not do is not shown, and the API refuses it as well.
//
// Every page works without script: forms, and an answer 303 after each. The one script, served from the
// panel itself, brings pages up to date, asks whether a name is free, and moves by keys. The texts of pages
// are in the catalogues of host/wording, each under a code; the words of a registrar, a mail or a person are
// shown as they are.
package console

import (
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// Options of a console.
type Options struct {
	API    http.Handler   // answers the caller that the context of a request names
	Zone   *time.Location // in which times are shown; nil = the machine's
	Now    func() time.Time
	Logger *slog.Logger

	// Phrases are what registrars say, in other languages; nil = English only.
	Phrases func() []registrar.Phrase
}

// Console answers browsers; it is an [http.Handler]. A handler in front of it finds out who calls,
// and says so in the context ([access.With]).
type Console struct {
	client    *api.Client
	zone      *time.Location
	now       func() time.Time
	log       *slog.Logger
	languages func() []*language // their texts are read when a page is first asked for
	mux       *http.ServeMux
	handler   http.Handler
}

//go:embed pages assets
var files embed.FS

// New makes a console.
func New(o Options) *Console {
	c := &Console{client: api.Inside(o.API), zone: o.Zone, now: o.Now, log: o.Logger, mux: http.NewServeMux()}
	if c.zone == nil {
		c.zone = time.Local
	}
	if c.now == nil {
		c.now = time.Now
	}

	c.languages = sync.OnceValue(func() []*language { return speak(c.zone, c.now, o.Phrases) })
	c.routes()

	// The shield is outermost, so that pages of refusals have its headers, too.
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(c.foreign))
	c.handler = shielded(origins.Handler(c.mux))
	return c
}

// ServeHTTP implements [http.Handler].
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// contentPolicy lets pages show only themselves, with the console's own style and script.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func shielded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// The rights that open a page: one of them is enough.
var (
	look     = []access.Right{access.Look}
	order    = []access.Right{access.Order}
	money    = []access.Right{access.Money}
	secrets  = []access.Right{access.Secrets}
	admin    = []access.Right{access.Admin}
	ordering = []access.Right{access.Order, access.Money}
)

func (c *Console) routes() {
	c.routeOverview()
	c.routeDomains()
	c.routeOrders()
	c.routeOperations()
	c.routeMails()
	c.routeNewOrder()
	c.routeRenewals()
	c.routeCustomers()
	c.routeImport()
	c.routeKeeping()
	c.routeStaff()
	c.routeTables()
	c.routeBulk()

	c.mux.HandleFunc("GET /style.css", asset("assets/style.css", "text/css; charset=utf-8"))
	c.mux.HandleFunc("GET /console.js", asset("assets/console.js", "text/javascript; charset=utf-8"))
	c.mux.HandleFunc("GET /icon.svg", asset("assets/icon.svg", "image/svg+xml"))
	c.mux.HandleFunc("GET /live", c.live)
	c.mux.HandleFunc("POST /language", c.chooseLanguage)
	c.mux.HandleFunc("/", c.missing)
}
