package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"registrar.panel/host/config"
	"registrar.panel/host/orders"
	"registrar.panel/host/web"
	"registrar.panel/host/webhook"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

// hooks reads the webhooks of a configuration, with their keys.
func hooks(c *config.Config) (all []webhook.Hook, err error) {
	for _, w := range c.Panel.Webhooks {
		key, fault := c.Key(w)
		for _, e := range w.Events {
			if !slices.Contains(orders.EntryTypes(), registrar.EventType(e)) {
				fault = errors.Join(fault, w.EventsAt.Errorf("panel.webhook[%q].events: must be of %v", w.Name, orders.EntryTypes()))
			}
		}
		err = errors.Join(err, fault)
		all = append(all, webhook.Hook{Name: w.Name, URL: w.URL, Secret: key, Events: w.Events})
	}
	return all, err
}

// openWebhooks makes the teller of the Action Log.
func (h *Host) openWebhooks(o Options) error {
	all, err := hooks(h.config)
	if err != nil {
		return err
	}
	h.teller = webhook.New(webhook.Options{Hooks: all, Book: h.orders.Webhooks(), Body: webhookBody, Holder: holder(),
		Timing: webhook.UsualTiming(), Logger: o.Logger.With(logline.Module, "webhook"), Now: o.Now})
	return nil
}

// holder names this panel among those that share a book.
func holder() string {
	name, err := os.Hostname()
	if err != nil {
		name = "panel"
	}
	return fmt.Sprintf("%s/%d", name, os.Getpid())
}

// webhookBody returns what a receiver reads: the entry as GET /api/v1/log shows it.
func webhookBody(e orders.Entry) ([]byte, error) { return json.Marshal(web.Entry(e)) }
