// Package web serves the panel's JSON API, below /api/v1, and its pages.
//
// Every answer of the API that is no success is an [api.Failure] with a fitting status. On
// loopback and on Unix sockets no token is needed, but the request must name the host as
// loopback, so that no foreign name can be pointed at it. What changes anything must be
// JSON and must not come from a foreign origin. Pages load nothing from elsewhere and hold
// no script.
//
// A stream, such as the Action Log with ?follow=1, ends with its request's context.
package web

import (
	"context"
	"crypto/subtle"
	"embed"
	"html/template"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/internal/secret"
)

// Plugins tells how the plugins stand, and exchanges them.
type Plugins interface {
	Statuses() []supervisor.Status
	Upgrade(ctx context.Context, name, by string) (supervisor.Status, error)
}

// Options of a server.
type Options struct {
	Orders  *orders.Service
	Plugins Plugins
	Backup  func(ctx context.Context, w io.Writer) error // writes an archive, nothing before it is complete
	Token   secret.String                                // empty = none is needed, which suits loopback only
	Logger  hclog.Logger
}

// Server answers requests; it is an [http.Handler].
type Server struct {
	orders  *orders.Service
	plugins Plugins
	backup  func(context.Context, io.Writer) error
	token   atomic.Pointer[secret.String]
	log     hclog.Logger
	pages   *template.Template
	handler http.Handler

	send, piece time.Duration // how long a caller may take to send a body, to read a piece of a stream
}

//go:embed pages
var pages embed.FS

// New makes a server.
func New(o Options) *Server {
	s := &Server{orders: o.Orders, plugins: o.Plugins, backup: o.Backup, log: o.Logger, send: sendWithin, piece: pieceWithin}
	s.SetToken(o.Token)
	s.pages = template.Must(template.New("").Funcs(pageFuncs).ParseFS(pages, "pages/*.html"))
	mux := http.NewServeMux()
	s.routeAPI(mux)
	s.routePages(mux)
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "FORBIDDEN", "requests from other sites are refused")
	}))
	s.handler = s.guard(origins.Handler(mux))
	return s
}

// SetToken exchanges the token.
func (s *Server) SetToken(token secret.String) { s.token.Store(&token) }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// contentPolicy lets pages show themselves and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guard is in front of everything.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		within(w, readWithin)
		if r.ContentLength != 0 { // a body that never comes must not hold the connection
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.send))
		}
		switch {
		case s.token.Load().IsEmpty() && !namesLoopback(r.Host):
			fail(w, http.StatusForbidden, "FORBIDDEN", "without a token the panel answers to loopback names only")
		case !s.token.Load().IsEmpty() && !s.authorized(r):
			h.Set("WWW-Authenticate", `Basic realm="panel", charset="UTF-8"`)
			fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "a token is required: Authorization: Bearer TOKEN")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// namesLoopback tells whether a Host header is one that only this machine can mean;
// "panel" is what our client says on a Unix socket.
func namesLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || host == "panel" || ip != nil && ip.IsLoopback()
}

// authorized accepts the token as a bearer's, and for browsers as anybody's password.
func (s *Server) authorized(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, given, _ = r.BasicAuth()
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(s.token.Load().Reveal())) == 1
}
