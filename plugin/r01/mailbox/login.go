package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/plugin/r01/endpoint"
)

var (
	// errLogin means that the login is refused until a person changes something.
	errLogin = errors.New("the server refused the login: check username and password")
	// errDoubtful means that the login is refused without a lasting reason: a second attempt decides.
	errDoubtful = errors.New("the server refused the login and does not say that the password is wrong")
)

// lasting are the reasons for a refusal that another attempt can't change. RFC 5530 3
var lasting = []imap.ResponseCode{imap.ResponseCodeAuthenticationFailed, imap.ResponseCodeAuthorizationFailed,
	imap.ResponseCodeExpired, imap.ResponseCodePrivacyRequired, imap.ResponseCodeContactAdmin}

// busy are the reasons of a server that has not looked at the password.
var busy = []imap.ResponseCode{imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug}

// Words of a refusal, for servers that write no code, or [ALERT] for every refusal.
var (
	passing  = lazyregexp.New(`(?i)\b(too many|simultaneous|concurrent|maximum number|try again|later|temporar(y|ily)|busy|unavailable|not available|limit|exceeded|overload(ed)?|maintenance|in use|internal (server )?error|timed? ?out)\b`)
	locked   = lazyregexp.New(`(?i)\b(attempts|failures|failed logins?|locked|blocked|disabled|suspended)\b`)
	personal = lazyregexp.New(`(?i)\b(passwords?|credentials?|invalid|incorrect|user ?name|authenticat\w+ failed|login failed)\b`)
)

func (s *session) login(ctx context.Context) error {
	err := s.ask(ctx, func() error {
		user, password := s.config.Username, s.config.Password.Reveal()
		if slices.Contains(s.client.Caps().AuthMechanisms(), sasl.Plain) {
			return s.client.Authenticate(sasl.NewPlainClient("", user, password))
		}
		if s.client.Caps().Has(imap.CapLoginDisabled) {
			return errors.New("the server takes no password on this connection: use tls = \"starttls\" or \"implicit\"")
		}
		return s.client.Login(user, password).Wait()
	})
	if refused(err) {
		return s.config.refusal(err)
	}

	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}

	// Servers offer more after the login than before.
	return s.ask(ctx, func() (err error) {
		s.caps, err = s.client.Capability().Wait()
		return err
	})
}

// refusal says what a refused login means, with the server's words. Only the codes in lasting
// count at once as a wrong password, which keeps us out for a quarter of an hour.
func (c Config) refusal(err error) error {
	var said *imap.Error
	errors.As(err, &said)
	words := endpoint.Words(said.Text, c.Username, c.Password.Reveal())
	if said.Code != "" {
		words = "[" + string(said.Code) + "] " + words
	}
	mayLast := locked.MatchString(said.Text)
	switch {
	case slices.Contains(lasting, said.Code):
		return fmt.Errorf("%w; it said: %s", errLogin, words)
	case slices.Contains(busy, said.Code), !mayLast && passing.MatchString(said.Text),
		said.Code != "" && !mayLast && !personal.MatchString(said.Text):
		return fmt.Errorf("the server can't log us in now, and will be asked again; it said: %s", words)
	}
	return fmt.Errorf("%w; it said: %s", errDoubtful, words)
}

// weighRefusal takes a second refusal in a row without a reason as a wrong password.
func (w *Watcher) weighRefusal(err error) error {
	if !errors.Is(err, errDoubtful) {
		return err
	}
	if w.refusals++; w.refusals < 2 {
		return err
	}
	return fmt.Errorf("%w: %w", errLogin, err)
}
