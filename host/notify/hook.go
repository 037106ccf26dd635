package notify

import (
	"context"
	"encoding/json"
	"time"

	"registrar.panel/host/webhook"
	"registrar.panel/shared/secret"
)

// Hook is a channel by webhook: messages as JSON, signed like those of the Action Log.
type Hook struct {
	Of     string // its name in plugin.hcl
	URL    string
	Secret secret.String
}

// Name implements [Channel].
func (h Hook) Name() string { return "webhook " + h.Of }

// hooked is a message as a program reads it.
type hooked struct {
	Type     string       `json:"type"` // notification or test
	ID       string       `json:"id"`
	At       time.Time    `json:"at"`
	New      []hookedItem `json:"new"`
	Standing []hookedItem `json:"standing"`
	Over     []hookedItem `json:"over"`
	More     bool         `json:"more"`
	AllClear bool         `json:"all_clear"`
	Digest   []string     `json:"digest"` // null = the message is no digest
}

type hookedItem struct {
	Key      string     `json:"key"`
	Severity string     `json:"severity"`
	Since    *time.Time `json:"since"`
	What     string     `json:"what"`
	Page     string     `json:"page"`
}

func body(m Message) ([]byte, error) {
	h := hooked{Type: "notification", ID: m.ID, At: m.At.UTC(), New: hookedItems(m.New), Standing: hookedItems(m.Standing), Over: hookedItems(m.Over),
		More: m.More, AllClear: m.AllClear()}
	if m.TestBy != "" {
		h.Type = "test"
	}
	if m.Digest {
		h.Digest = append([]string{}, m.Summary...)
	}
	return json.Marshal(h)
}

func hookedItems(items []Item) []hookedItem {
	all := make([]hookedItem, 0, len(items))
	for _, i := range items {
		h := hookedItem{Key: i.Key, Severity: i.Severity, What: i.What, Page: i.Page}
		if !i.Since.IsZero() {
			since := i.Since.UTC()
			h.Since = &since
		}
		all = append(all, h)
	}
	return all
}

// Tell implements [Channel].
func (h Hook) Tell(ctx context.Context, m Message) error {
	text, err := body(m)
	if err != nil {
		return err
	}
	to := webhook.Hook{Name: h.Of, URL: h.URL, Secret: h.Secret}
	return to.Post(ctx, webhook.NewClient(0), webhook.Delivery{ID: "notify-" + m.ID, At: m.At, Body: text})
}
