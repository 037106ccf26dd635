package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"registrar.panel/host/access"
)

// Keys finds credentials and notes their use.
type Keys interface {
	Find(ctx context.Context, digest string) (access.Credential, bool, error)
	Used(ctx context.Context, c access.Credential) error
}

// bootstrap is the name of a caller with the token of plugin.hcl, which opens everything.
const bootstrap = "token"

// contentPolicy lets an answer load nothing. Pages set their own policy.
const contentPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guard is in front of everything: a request that has passed it has a caller.
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

		if _, known := access.From(r.Context()); known { // by the socket that the request came on
			next.ServeHTTP(w, r)
			return
		}

		address, ok := s.origin(r)
		if !ok {
			fail(w, http.StatusForbidden, "FORBIDDEN", "only the proxies of panel.behind_proxy may call")
			return
		}

		if s.staff != nil && s.staff.Serves(r) {
			// Guesses are slowed by their own address, and not by the proxy's.
			here := r.WithContext(r.Context())
			here.RemoteAddr = address
			s.origins.Handler(s.staff).ServeHTTP(w, here)
			return
		}

		caller, err := s.identify(r)
		switch {
		case errors.Is(err, errForeign):
			fail(w, http.StatusForbidden, "FORBIDDEN", "requests from other sites are refused")
		// A person at a browser is led to the sign-in page; a program is told what it lacks.
		case errors.Is(err, errNoCredential) && s.staff != nil && isVisit(r):
			http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		case errors.Is(err, errNoCredential):
			s.demand(w, "a credential is required: Authorization: Bearer TOKEN; panel token add makes one")
		case errors.Is(err, errWrongCredential):
			s.turnAway(w, r, address)
		case err != nil:
			s.refuse(w, r, err)
		default:
			// Pages call the API inside the process, where a request has no address of its own.
			caller.Address = address
			next.ServeHTTP(w, r.WithContext(access.With(r.Context(), caller)))
		}
	})
}

var (
	errNoCredential    = errors.New("no credential")
	errWrongCredential = errors.New("wrong credential")
	errForeign         = errors.New("a request of another site")
)

// isVisit reports whether a person opens a page, and can be led to the sign-in page.
func isVisit(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// signedIn finds the caller by the cookie of a session. A browser adds the cookie by itself, so a request that changes
// anything must show that it comes from our own pages.
func (s *Server) signedIn(r *http.Request) (access.Caller, error) {
	if s.staff == nil {
		return access.Caller{}, errNoCredential
	}
	c, ok, err := s.staff.Caller(r)
	switch {
	case err != nil:
		return c, err
	case !ok:
		return c, errNoCredential
	}

	// A request without either header can't be recognized as ours, and is refused unless it only reads.
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if says := r.Header.Get("Sec-Fetch-Site") + r.Header.Get("Origin"); !reads && says == "" || s.origins.Check(r) != nil {
		return access.Caller{}, errForeign
	}
	return c, nil
}

func (s *Server) demand(w http.ResponseWriter, message string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="panel", charset="UTF-8"`)
	fail(w, http.StatusUnauthorized, "UNAUTHORIZED", message)
}

// turnAway answers a guess: the more guesses there were, the longer it waits.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, address string) {
	count, waited := s.guesses.Wrong(r.Context(), address)
	// Not each time: a guesser must not fill the log.
	if count == 1 || count%100 == 0 {
		s.log.Warn("a wrong credential was given", "address", address, "times", count)
	}
	if !waited {
		w.Header().Set("Retry-After", "10")
		// A guesser who is refused at once must not keep the connection either.
		w.Header().Set("Connection", "close")
		fail(w, http.StatusTooManyRequests, "UNAUTHORIZED", "too many wrong credentials are being tried")
		return
	}
	s.demand(w, "the credential is wrong, has expired or was revoked")
}

// identify finds the caller by a token, which is a bearer's or, for browsers, the password of any
// user; without a token by a session.
func (s *Server) identify(r *http.Request) (access.Caller, error) {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, given, ok = r.BasicAuth()
	}

	if !ok {
		return s.signedIn(r)
	}

	// Digests are equally long, so the time of the comparison reveals nothing about the token.
	if token := s.token.Load(); !token.IsEmpty() && subtle.ConstantTimeCompare([]byte(access.Digest(given)), []byte(access.Digest(token.Reveal()))) == 1 {
		return access.Caller{Name: bootstrap, Rights: access.Rights()}, nil
	}

	found, ok, err := s.keys.Find(r.Context(), access.Digest(given))
	if err != nil {
		return access.Caller{}, err
	}

	if !ok || !found.Valid(time.Now()) {
		return access.Caller{}, errWrongCredential
	}

	// A caller is not kept out because the last use can't be noted.
	if err := s.keys.Used(r.Context(), found); err != nil {
		s.log.Warn("the use of a credential can't be noted", "credential", found.Name, "err", err)
	}

	return found.Caller(), nil
}

// origin returns where a request comes from; behind a proxy, what the proxy says. It returns false
// for a request that should come from a proxy and does not.
func (s *Server) origin(r *http.Request) (address string, ok bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}

	if len(s.proxies) == 0 {
		return host, true
	}
	if !s.trusted(host) {
		return host, false
	}

	// From the end, where each proxy adds who called it. What our own proxies have added is true; anything before
	// it may have been written by the caller.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil {
			break // from here on the caller itself may have written it
		}
		if host = hop; !s.trusted(hop) {
			break
		}
	}

	return host, true
}

func (s *Server) trusted(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) })
}

// requires admits callers with one of these rights.
func requires(next http.Handler, rights ...access.Right) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.ContainsFunc(rights, caller(r).May) {
			fail(w, http.StatusForbidden, string(noRight), forbidden(r, rights[0]).Error())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// caller returns the caller of a request that has passed the guard.
func caller(r *http.Request) access.Caller {
	c, _ := access.From(r.Context())
	return c
}
