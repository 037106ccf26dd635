package config

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"registrar.panel/shared/secret"
)

// webhooks reads the receivers that the blocks name.
func (r *reader) webhooks(blocks []webhookBlock) []Webhook {
	var all []Webhook
	for _, b := range blocks {
		w := Webhook{Name: b.Name, URL: b.URL, Events: b.Events, At: positionOf(b.At), EventsAt: r.at(b.EventsAt, b.At), SecretAt: positionOf(b.Secret.Range())}
		if !goodName.MatchString(b.Name) {
			r.add(w.At, "a webhook's name has 1 to 32 of a-z 0-9 - and does not start with -")
		}
		if slices.ContainsFunc(all, func(o Webhook) bool { return o.Name == b.Name }) {
			r.add(w.At, w.path()+" is defined twice: give one another name")
		}
		if wrong := wrongAddress(b.URL); wrong != "" {
			r.add(r.at(b.URLAt, b.At), w.path()+wrong)
		}

		// Not resolved here, because commands that are clients of the panel read the same file and don't need its secrets.
		key, problem := sensitive(b.Secret, w.path()+".secret")
		if problem != nil {
			r.problems = append(r.problems, *problem)
		} else if w.key = key; key.Type() == cty.String {
			r.warnings = append(r.warnings, literalSecret(w.SecretAt, w.path()+".secret"))
		}
		all = append(all, w)
	}
	return all
}

func (w Webhook) path() string { return "panel.webhook[" + strconv.Quote(w.Name) + "]" }

// Same reports whether two blocks say the same, wherever they stand. Keys are not compared, because they are read once.
func (w Webhook) Same(other Webhook) bool {
	return w.Name == other.Name && w.URL == other.URL && slices.Equal(w.Events, other.Events)
}

func wrongAddress(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return ".url must be https://HOST/PATH"
	case u.User != nil:
		return ".url must not hold a password: the receiver knows us by the signature"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return ".url must be https://: what the log says would be sent in clear text"
	}
	return ""
}

// Key reads the key that a webhook's entries are signed with. Only the panel that sends them needs it.
func (c *Config) Key(w Webhook) (secret.String, error) {
	key, _, err := c.secrets.resolve(w.key)
	switch {
	case err != nil:
		return secret.String{}, w.SecretAt.Errorf("%s.secret: %v", w.path(), err)
	case len(key) < leastToken:
		return secret.String{}, w.SecretAt.Errorf("%s.secret has %d characters, and one of less than %d can be guessed: make one with openssl rand -hex 32", w.path(), len(key), leastToken)
	}
	return secret.New(key), nil
}
