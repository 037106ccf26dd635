// Package web serves the panel's JSON API, below /api/v1, and guards its pages.
//
// Every answer of the API that reports a failure is an [api.Failure] with a fitting status. A request
// has a caller: the user at the other end of a Unix socket, whom the context of its connection names
// ([access.With]), or else the owner of a credential. Each route requires a right. A request that
// changes anything must be JSON and must not come from a foreign origin. The pages are an option: they
// find the caller in the context of a request.
//
// A stream, such as the Action Log with ?follow=1, ends with its request's context.
package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/secret"
)

// Plugins returns the states of the plugins, and upgrades them.
type Plugins interface {
	Statuses() []supervisor.Status
	Upgrade(ctx context.Context, name, by, forWhom string) (supervisor.Status, error)
	Settings(name string) []api.Setting // in force, without secrets
}

// Teller sends entries of the Action Log to webhooks.
type Teller interface {
	Again(ctx context.Context, webhook string, e orders.Entry) error
}

// Measures reports the state of the panel to monitoring.
type Measures interface {
	http.Handler                          // answers with metrics
	Around(mux http.Handler) http.Handler // counts requests by route
	Ready(ctx context.Context) error      // returns why callers can't be answered; nil = they can
}

// Options of a server.
type Options struct {
	Orders   *orders.Service
	Board    *switchboard.Board // answers calls that do not concern the book
	Plugins  Plugins
	Backup   func(ctx context.Context, w io.Writer) error // writes an archive, and nothing before it is complete
	Token    secret.String                                // bootstrap credential with every right; empty = none
	Keys     Keys
	Vault    Vault
	Staff    Staff // nil = there is none
	Webhooks orders.Webhooks
	Teller   Teller
	Notifier Notifier
	Measures Measures       // nil = nothing is measured
	Version  string         // of the program
	Proxies  []netip.Prefix // requests may come only from here; nil = from everywhere
	Logger   *slog.Logger

	// Pages makes the handler for known callers outside of /api/, as a client of the API; nil = there is none.
	Pages func(api http.Handler) http.Handler
}

// Server answers requests; it is an [http.Handler].
type Server struct {
	orders   *orders.Service
	refresh  *orders.Refresher
	board    *switchboard.Board
	plugins  Plugins
	backup   func(context.Context, io.Writer) error
	token    atomic.Pointer[secret.String]
	keys     Keys
	vault    Vault
	staff    Staff
	origins  *http.CrossOriginProtection
	guesses  *access.Guesses
	webhooks webhookCalls
	notifier Notifier
	version  string
	proxies  []netip.Prefix
	log      *slog.Logger
	handler  http.Handler

	description func() ([]byte, error) // of the API

	send, piece time.Duration // how long a caller may take to send a body, to read a piece of a stream
}

// New makes a server.
func New(o Options) *Server {
	s := &Server{orders: o.Orders, refresh: orders.NewRefresher(o.Orders), board: o.Board, plugins: o.Plugins, backup: o.Backup, keys: o.Keys, vault: o.Vault, staff: o.Staff, origins: http.NewCrossOriginProtection(), webhooks: webhookCalls{o.Webhooks, o.Teller}, notifier: o.Notifier, version: o.Version, proxies: o.Proxies, guesses: access.NewGuesses(nil), log: o.Logger, send: sendWithin, piece: pieceWithin}
	s.SetToken(o.Token)
	api, all := http.NewServeMux(), http.NewServeMux()
	s.routeAPI(api)
	s.origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "FORBIDDEN", "requests from other sites are refused")
	}))
	all.Handle("/api/", s.origins.Handler(api))
	if o.Pages != nil {
		all.Handle("/", o.Pages(api))
	}
	monitoring := measuring{o.Measures, s.log}
	s.handler = monitoring.open(s.guard(monitoring.routed(all)))
	return s
}

// SetToken replaces the token.
func (s *Server) SetToken(token secret.String) { s.token.Store(&token) }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
