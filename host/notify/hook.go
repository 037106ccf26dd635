package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"registrar.panel/host/webhook"
	"registrar.panel/internal/secret"
)

// Hook is the way by webhook: messages as JSON, signed as those of the Action Log are.
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
	Digest   []string     `json:"digest"` // null = it is none
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(text))
	if err != nil {
		return errors.New("its address is none")
	}

	id, at := "notify-"+m.ID, strconv.FormatInt(m.At.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "panel-webhook")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", webhook.Sign(h.Secret, id, at, text))

	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("it can't be reached: %w", innermost(err)) // without the address, which may hold a secret
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	return nil
}

func innermost(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
