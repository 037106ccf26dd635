package host

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/config"
	"registrar.panel/host/notify"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/logline"
)

// openNotices makes the notifier, by the block notify of the configuration.
func (h *Host) openNotices(o Options) error {
	policy, channels, err := notices(h.config)
	if err != nil {
		return err
	}
	h.notifier = notify.New(notify.Options{Channels: channels, Source: attention{h}, Book: h.orders.Notices(), Policy: policy, Holder: holder(),
		Logger: o.Logger.With(logline.Module, "notify"), Now: o.Now})
	return nil
}

// notices reads the block notify, with its secrets; without the block there is no channel.
func notices(c *config.Config) (p notify.Policy, all []notify.Channel, err error) {
	n := c.Panel.Notify
	if n == nil {
		return p, nil, nil
	}

	// Zone and secrets are read now, so that a mistake in them fails the start and not the first alarm.
	p = notify.Policy{After: n.After, Gather: n.Gather, Repeat: n.Repeat, Digest: int(n.Digest), Quiet: [2]int{int(n.Quiet[0]), int(n.Quiet[1])}}
	if p.Zone, err = time.LoadLocation(n.Zone); err != nil {
		return p, nil, n.At.Errorf("panel.notify.timezone: %v", err)
	}

	if m := n.Mail; m != nil {
		password, err := c.RelayPassword(*m)
		if err != nil {
			return p, nil, err
		}
		all = append(all, notify.Mail{From: m.From, To: m.To, URL: n.URL, Address: m.Address, TLS: m.TLS, Username: m.Username, Password: password, Zone: p.Zone, Language: m.Language})
	}
	for _, w := range n.Webhooks {
		key, err := c.Key(w)
		if err != nil {
			return p, nil, err
		}
		all = append(all, notify.Hook{Of: w.Name, URL: w.URL, Secret: key})
	}
	return p, all, nil
}

// attention reports what needs a person, as the API shows it to a caller with the right to look.
type attention struct{ *Host }

// asPanel returns a context in which the panel is a caller of its own API.
func asPanel(ctx context.Context) context.Context {
	return access.With(ctx, access.Caller{Name: "panel", Rights: []access.Right{access.Look}})
}

// mostItems is how many things are reported one by one.
const mostItems = 2000

// Attention implements [notify.Source].
func (a attention) Attention(ctx context.Context) (found notify.Attention, err error) {
	query := url.Values{"limit": {strconv.Itoa(mostItems / 2)}, "acknowledged": {"any"}} // what was seen is not over
	for page, err := range api.Pages[api.Attention](asPanel(ctx), api.Inside(a.web), api.Path("attention"), query) {
		if err != nil {
			return found, err
		}
		for _, n := range page.List {
			found.Items = append(found.Items, itemOf(n))
		}
		for _, m := range page.Missing {
			found.Absent = append(found.Absent, m.Registrar)
		}
		// The end of a longer list is not known, so nothing that is missing from it may be reported as over.
		if page.Next != "" && len(found.Items) >= mostItems {
			found.More = true
			break
		}
	}
	return found, nil
}

// itemOf leaves out the words of mails and registrars: messages go where no secret may.
func itemOf(n api.Attention) notify.Item {
	i := notify.Item{Severity: n.Severity, What: n.What, Seen: n.Acknowledged != nil}
	if n.Since != nil {
		i.Since = *n.Since
	}

	of := text(n.Registrar)
	switch {
	case n.Review != nil:
		i.Key, i.Page = notify.Key("review", of, *n.Review), "/review/"+url.PathEscape(*n.Review)
		i.What = fmt.Sprintf("a mail waits to be read: entry %s of the review, registrar %s", *n.Review, of)
	case n.Domain != nil:
		i.Key, i.Page = notify.Key("domain", of, *n.Domain), "/domains/"+url.PathEscape(*n.Domain)
	case n.Kind == "reviews":
		i.Key, i.Page = notify.Key(n.Kind, of, ""), "/review"
	default:
		i.Key, i.Page = notify.Key(n.Kind, of, ""), "/registrars"
	}

	if n.Review == nil && !slices.Contains(plainKinds, n.Kind) {
		i.What = "something needs a person: " + n.Kind
	}
	return i
}

// plainKinds are the kinds whose text consists of names and states alone.
var plainKinds = []string{"domain", "operation", "order", "plugin", "reviews"}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Summary implements [notify.Source].
func (a attention) Summary(ctx context.Context) ([]string, error) {
	s, err := api.Get[api.Status](asPanel(ctx), api.Inside(a.web), api.Path("status"), nil)
	if err != nil {
		return nil, err
	}
	var plugins []string
	for _, p := range s.Plugins {
		plugins = append(plugins, p.Name+" "+p.State)
	}
	return []string{
		"registrars: " + strings.Join(plugins, ", "),
		"domains: " + counted(s.Domains),
		"open orders: " + counted(s.Orders),
		fmt.Sprintf("due: today %d, in 7 days %d, in 30 days %d, in 60 days %d", s.Due.Today, s.Due.Days7, s.Due.Days30, s.Due.Days60),
	}, nil
}

func counted(counts map[string]int) string {
	var all []string
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d %s", counts[word], word))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
