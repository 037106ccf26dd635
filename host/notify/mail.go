package notify

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"registrar.panel/shared/secret"
)

// Mail is a channel by mail, through a relay.
type Mail struct {
	From string
	To   []string
	URL  string // of the pages; "" = messages have no links

	Address  string // HOST:PORT of the relay
	TLS      string // none, starttls or implicit
	Username string // "" = no login
	Password secret.String
	Zone     *time.Location // of the times in texts
	Language string         // en or ru
}

// Name implements [Channel].
func (m Mail) Name() string { return "mail" }

// Tell implements [Channel].
func (m Mail) Tell(ctx context.Context, told Message) error {
	letter, err := m.letter(told)
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	relay, err := m.relay()
	if err != nil {
		return fmt.Errorf("reach the relay: %w", err)
	}
	if err := relay.DialAndSendWithContext(ctx, letter); err != nil {
		return fmt.Errorf("hand mail to the relay %s: %w", m.Address, err)
	}
	return nil
}

func (m Mail) letter(told Message) (*gomail.Msg, error) {
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := letter.From(m.From); err != nil {
		return nil, err
	}
	if err := letter.To(m.To...); err != nil {
		return nil, err
	}

	_, domain, _ := strings.Cut(m.From, "@")
	// A message that is sent again because the relay's answer was lost keeps its ID.
	letter.SetMessageIDWithValue("panel-notify-" + told.ID + "@" + domain)
	letter.SetDateWithValue(told.At)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // so that no absent reader's program answers
	words := told.in(m.Language)
	letter.SetGenHeader("Content-Language", words.words.Name)
	letter.Subject(words.subject())
	letter.SetBodyString(gomail.TypeTextPlain, words.text(m.URL, m.Zone))
	return letter, nil
}

func (m Mail) relay() (*gomail.Client, error) {
	host, port, err := net.SplitHostPort(m.Address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}

	options := []gomail.Option{gomail.WithPort(n), gomail.WithTimeout(tellWithin / 2),
		gomail.WithTLSConfig(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})}
	switch m.TLS {
	case "implicit":
		options = append(options, gomail.WithSSL())
	// Mandatory, because an attacker on the way could take STARTTLS out of the relay's answer and read the password.
	case "starttls":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if m.Username != "" {
		options = append(options, gomail.WithSMTPAuth(m.login()), gomail.WithUsername(m.Username), gomail.WithPassword(m.Password.Reveal()))
	}
	return gomail.NewClient(host, options...)
}

// login returns how we sign in at the relay. Without TLS, which the configuration permits on this
// machine, the library sends a password only if told to.
func (m Mail) login() gomail.SMTPAuthType {
	if m.TLS == "none" {
		return gomail.SMTPAuthPlainNoEnc
	}
	return gomail.SMTPAuthAutoDiscover
}
