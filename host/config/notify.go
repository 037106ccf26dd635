package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"registrar.panel/host/wording"
	"registrar.panel/shared/secret"
)

// Notify is the block notify of the panel: who is told what needs a person, and when.
type Notify struct {
	URL    string        // of the pages, for people; "" = messages have no link
	After  time.Duration // how long something must last, or be over, before it is reported
	Gather time.Duration // between two messages
	Repeat time.Duration // of what still lasts
	Digest TimeOfDay
	Quiet  [2]TimeOfDay // nothing is sent from the first to the second; the same twice = never quiet
	Zone   string       // of the times of day, named as in the system's list

	Mail     *NotifyMail // nil = none
	Webhooks []Webhook   // these receive nothing but notifications

	At Position
}

// TimeOfDay counts minutes; negative = none.
type TimeOfDay int

// NotifyMail is the block mail: the receivers of mails, and the relay.
type NotifyMail struct {
	From     string
	To       []string
	Language string // en or ru

	Address  string // HOST:PORT of the relay
	TLS      string // none, starttls or implicit
	Username string // "" = no login

	PasswordAt Position
	password   cty.Value // see [Config.RelayPassword]
}

// Values that apply if the file says nothing.
const (
	defaultAfter  = 2 * time.Minute
	defaultGather = 10 * time.Minute
	defaultRepeat = 24 * time.Hour
	noTime        = TimeOfDay(-1)
)

type notifyBlock struct {
	URL      string `hcl:"url,optional"`
	After    string `hcl:"after,optional"`
	Gather   string `hcl:"gather,optional"`
	Repeat   string `hcl:"repeat,optional"`
	Digest   string `hcl:"digest,optional"`
	Quiet    string `hcl:"quiet,optional"`
	Timezone string `hcl:"timezone,optional"`

	Mail     *notifyMailBlock `hcl:"mail,block"`
	Webhooks []webhookBlock   `hcl:"webhook,block"`

	At         hcl.Range `hcl:",def_range"`
	URLAt      hcl.Range `hcl:"url,attr_value_range"`
	AfterAt    hcl.Range `hcl:"after,attr_value_range"`
	GatherAt   hcl.Range `hcl:"gather,attr_value_range"`
	RepeatAt   hcl.Range `hcl:"repeat,attr_value_range"`
	DigestAt   hcl.Range `hcl:"digest,attr_value_range"`
	QuietAt    hcl.Range `hcl:"quiet,attr_value_range"`
	TimezoneAt hcl.Range `hcl:"timezone,attr_value_range"`
}

type notifyMailBlock struct {
	From       string     `hcl:"from"`
	To         []string   `hcl:"to"`
	Language   string     `hcl:"language,optional"`
	SMTP       relayBlock `hcl:"smtp,block"`
	At         hcl.Range  `hcl:",def_range"`
	FAt        hcl.Range  `hcl:"from,attr_value_range"`
	ToAt       hcl.Range  `hcl:"to,attr_value_range"`
	LanguageAt hcl.Range  `hcl:"language,attr_value_range"`
}

type relayBlock struct {
	Address        string         `hcl:"address"`
	TLS            string         `hcl:"tls"`
	AllowPlaintext bool           `hcl:"allow_plaintext,optional"`
	Username       string         `hcl:"username,optional"`
	Password       hcl.Expression `hcl:"password,optional"`

	At         hcl.Range `hcl:",def_range"`
	AddressAt  hcl.Range `hcl:"address,attr_value_range"`
	TLSAt      hcl.Range `hcl:"tls,attr_value_range"`
	UsernameAt hcl.Range `hcl:"username,attr_value_range"`
}

// notify reads the block; nil = there is none, so no notification is sent.
func (r *reader) notify(b *notifyBlock) *Notify {
	if b == nil {
		return nil
	}

	n := &Notify{URL: b.URL, Digest: noTime, Quiet: [2]TimeOfDay{noTime, noTime}, Zone: or(b.Timezone, "Local"), At: positionOf(b.At)}
	n.After = r.span(b.After, defaultAfter, 0, 24*time.Hour, r.at(b.AfterAt, b.At), "after")
	n.Gather = r.span(b.Gather, defaultGather, time.Minute, 24*time.Hour, r.at(b.GatherAt, b.At), "gather")
	n.Repeat = r.span(b.Repeat, defaultRepeat, 10*time.Minute, 365*24*time.Hour, r.at(b.RepeatAt, b.At), "repeat")
	r.notifyTimes(n, b)

	// Links in messages begin with this URL and leave the machine, so it must not contain a password.
	if u, err := url.Parse(b.URL); b.URL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http") {
		r.add(r.at(b.URLAt, b.At), "panel.notify.url must be http(s)://HOST, as people open the pages")
	}

	if b.Mail != nil {
		n.Mail = r.notifyMail(b.Mail)
	}
	for _, w := range r.webhooks(b.Webhooks) {
		if len(w.Events) > 0 {
			r.add(w.EventsAt, "panel.notify.webhook is told what needs a person, and has no events")
		}
		n.Webhooks = append(n.Webhooks, w)
	}
	if b.Mail == nil && len(b.Webhooks) == 0 {
		r.add(n.At, `panel.notify tells nothing to anything: add mail { … } or webhook "NAME" { … }, or leave the block out`)
	}

	return n
}

func (r *reader) notifyTimes(n *Notify, b *notifyBlock) {
	if _, err := time.LoadLocation(n.Zone); err != nil {
		r.add(r.at(b.TimezoneAt, b.At), "panel.notify.timezone is not known to this system: write it as Europe/Moscow")
	}

	if b.Digest != "" {
		at, ok := timeOfDay(b.Digest)
		if n.Digest = at; !ok {
			r.add(r.at(b.DigestAt, b.At), `panel.notify.digest must be a time of day such as "08:30"`)
		}
	}

	if b.Quiet == "" {
		return
	}
	from, till, _ := strings.Cut(b.Quiet, "-")
	first, ok := timeOfDay(from)
	second, also := timeOfDay(till)
	if n.Quiet = [2]TimeOfDay{first, second}; !ok || !also || first == second {
		r.add(r.at(b.QuietAt, b.At), `panel.notify.quiet must be two times of day such as "22:00-07:00"`)
	}
}

// span reads a duration within limits.
func (r *reader) span(text string, otherwise, least, most time.Duration, at Position, name string) time.Duration {
	if text == "" {
		return otherwise
	}
	d, ok := lasting(text)
	if !ok || d < least || d > most {
		r.add(at, fmt.Sprintf(`panel.notify.%s must be a time from %s to %s, such as "30m" or "1d"`, name, least, most))
		return otherwise
	}
	return d
}

func timeOfDay(text string) (TimeOfDay, bool) {
	t, err := time.Parse("15:04", strings.TrimSpace(text))
	if err != nil {
		return noTime, false
	}
	return TimeOfDay(t.Hour()*60 + t.Minute()), true
}

// mostReceivers bounds the list of addresses that mails go to.
const mostReceivers = 20

func (r *reader) notifyMail(b *notifyMailBlock) *NotifyMail {
	m := &NotifyMail{From: b.From, To: b.To, Address: b.SMTP.Address, TLS: b.SMTP.TLS, Username: b.SMTP.Username, PasswordAt: positionOf(b.SMTP.At), password: cty.NullVal(cty.String)}
	if !plainAddress(b.From) {
		r.add(r.at(b.FAt, b.At), "panel.notify.mail.from must be an address such as panel@hosting.example")
	}
	if len(b.To) == 0 || len(b.To) > mostReceivers || slices.ContainsFunc(b.To, func(a string) bool { return !plainAddress(a) }) {
		r.add(r.at(b.ToAt, b.At), fmt.Sprintf("panel.notify.mail.to must be a list of 1 to %d addresses such as staff@hosting.example", mostReceivers))
	}

	if m.Language = or(b.Language, wording.Names()[0]); !slices.Contains(wording.Names(), m.Language) {
		r.add(r.at(b.LanguageAt, b.At), fmt.Sprintf("panel.notify.mail.language must be one of %s", strings.Join(wording.Names(), ", ")))
	}

	host, port, err := net.SplitHostPort(b.SMTP.Address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		r.add(r.at(b.SMTP.AddressAt, b.SMTP.At), `panel.notify.mail.smtp.address must be HOST:PORT, such as "mail.example.com:587"`)
	}
	switch b.SMTP.TLS {
	case "starttls", "implicit":
	// A relay on this machine needs no TLS, because others can't listen on the way to it.
	case "none":
		if err == nil && !loopback(host) && !b.SMTP.AllowPlaintext {
			r.add(r.at(b.SMTP.TLSAt, b.SMTP.At), `panel.notify.mail.smtp.tls: "none" would show password and mails to others on the way: use "starttls" or "implicit", or set allow_plaintext = true`)
		}
	default:
		r.add(r.at(b.SMTP.TLSAt, b.SMTP.At), `panel.notify.mail.smtp.tls must be "none", "starttls" or "implicit"`)
	}

	r.relayPassword(m, b.SMTP)
	return m
}

func (r *reader) relayPassword(m *NotifyMail, b relayBlock) {
	if b.Password != nil {
		m.PasswordAt = positionOf(b.Password.Range())
		key, problem := sensitive(b.Password, "panel.notify.mail.smtp.password")
		if problem != nil {
			r.problems = append(r.problems, *problem)
			return
		}
		if m.password = key; !key.IsNull() && key.Type() == cty.String && key.AsString() != "" {
			r.warnings = append(r.warnings, literalSecret(m.PasswordAt, "panel.notify.mail.smtp.password"))
		}
	}

	// Only its presence is checked: the panel that sends mail resolves a reference, and clients of the file do not.
	given := !m.password.IsNull() && (m.password.Type() != cty.String || m.password.AsString() != "")
	if given != (m.Username != "") {
		r.add(r.at(b.UsernameAt, b.At), "panel.notify.mail.smtp needs both username and password, or neither")
	}
}

// longestAddress is the longest address that a relay takes, in bytes. RFC 5321 4.5.3.1.3
const longestAddress = 254

// plainAddress reports whether a text is an address and nothing else.
func plainAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= longestAddress && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

// RelayPassword reads the password for the relay of notifications. Only the panel that sends them needs it.
func (c *Config) RelayPassword(m NotifyMail) (secret.String, error) {
	text, _, err := c.secrets.resolve(m.password)
	if err != nil {
		return secret.String{}, m.PasswordAt.Errorf("panel.notify.mail.smtp.password: %v", err)
	}
	return secret.New(text), nil
}

// Same reports whether two blocks say the same, wherever they stand. Secrets are not compared,
// because they are read once.
func (n *Notify) Same(other *Notify) bool {
	if n == nil || other == nil {
		return n == other
	}
	a, b := *n, *other
	a.Mail, b.Mail, a.Webhooks, b.Webhooks, a.At, b.At = nil, nil, nil, nil, Position{}, Position{}
	return reflect.DeepEqual(a, b) && n.Mail.same(other.Mail) &&
		slices.EqualFunc(n.Webhooks, other.Webhooks, Webhook.Same)
}

func (m *NotifyMail) same(other *NotifyMail) bool {
	if m == nil || other == nil {
		return m == other
	}
	return m.From == other.From && slices.Equal(m.To, other.To) && m.Language == other.Language && m.Address == other.Address && m.TLS == other.TLS && m.Username == other.Username
}
