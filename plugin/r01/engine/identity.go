package engine

import (
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// Identity is what all transmissions of a mail share. r01-mail 1.2
type Identity struct {
	ID        string
	MessageID string
	Token     string
	CreatedAt time.Time
}

// NewIdentity makes the identity of a mail.
func (en *Engine) NewIdentity(prefix string) Identity {
	token := en.random()[:26]
	_, host, _ := strings.Cut(en.settings.Callback, "@")
	return Identity{prefix + strings.ToLower(en.random()[:16]), "<" + token + "@" + host + ">", token, en.now()}
}

// Compose puts the authorization block before the templates. The block has no password.
func (en *Engine) Compose(kind lifecycle.Kind, agreement string, templates []mailform.Template) mailform.Request {
	if agreement == "" {
		agreement = en.settings.Agreement
	}
	action := mailform.ActionNew
	switch kind {
	case lifecycle.Prolong:
		action = mailform.ActionProlong
	case lifecycle.UpdateDomain, lifecycle.UpdateClient:
		action = mailform.ActionUpdate
	}
	return mailform.Request{Action: action, PayType: en.settings.PayType, Agreement: agreement, Templates: templates}
}

// Alone is the request that a mail is about; "" when it is about several.
func Alone(requests []store.Request) string {
	if len(requests) == 1 {
		return requests[0].ID
	}
	return ""
}
