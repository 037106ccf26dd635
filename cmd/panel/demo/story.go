package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// narrator prints what happens in a panel, as it happens.
type narrator struct {
	out    io.Writer
	tongue *command.Tongue
	panel  *api.Client
	sim    *simulator
	start  time.Time
	last   int64             // the last log entry printed
	mails  map[string]bool   // already printed
	shown  map[string]string // names in Unicode, by ACE
}

func demoContact() api.Contact {
	return api.Contact{
		"kind": {"person"}, "name_latin": {"Sidor S Sidorov"}, "name": {"Сидоров Сидор Сидорович"},
		"passport":   {"4510 123456", "выдан ОВД Тверского района г. Москвы", "30.01.2010"},
		"birth_date": {"1965-10-18"}, "postal_address": {"123007, Москва, Тестовая ул., д. 1, кв. 2"},
		"phones": {"+7 495 1234567"}, "emails": {"sidorov@example.ru"}, "resident": {"true"},
	}
}

// tell plays the scenes and fails if one does not end as it should.
func (s *narrator) tell(ctx context.Context) error {
	s.mails, s.shown = map[string]bool{}, map[string]string{}

	if err := s.pluginRuns(ctx); err != nil {
		return err
	}

	for _, scene := range []struct {
		title, domain, ends string
	}{
		{"A new customer orders newtime.ru: R01 must register the client first, then the domain", "newtime.ru", "Registered"},
		{"The same customer orders пример.рф: R01 knows the client, so the domain is asked for at once", "пример.рф", "Registered"},
		{"An order that R01 refuses: the domain shows Error, and the Action Log says why", "refuse-me.ru", "Error"},
	} {
		s.title(scene.title)
		if err := s.register(ctx, scene.domain, scene.ends); err != nil {
			return err
		}
	}

	if err := s.renewal(ctx, "renew-me.ru"); err != nil {
		return err
	}

	return s.summary(ctx)
}

func (s *narrator) title(text string) { fmt.Fprintf(s.out, "\n== %s\n", command.Say(s.out, text)) }

// say prints a line about a domain, or about the whole.
func (s *narrator) say(of, format string, args ...any) {
	text := command.Say(s.out, fmt.Sprintf(format, args...))
	if of != "" {
		text = fmt.Sprintf("%-14s %s", of, text)
	}
	fmt.Fprintf(s.out, "%6.2fs  %s\n", time.Since(s.start).Seconds(), text)
}

func (s *narrator) pluginRuns(ctx context.Context) error {
	return poll(ctx, func() (bool, error) {
		plugins, err := api.Get[[]api.Plugin](ctx, s.panel, api.Path("plugins"), nil)
		if err != nil || len(plugins) != 1 || plugins[0].State != "running" {
			return false, err
		}
		s.say("", "plugin %s %s (%s) is running", plugins[0].Name, plugins[0].Version, plugins[0].Title)
		return true, s.listen(ctx)
	})
}

// listen fetches the registrar's phrases.
func (s *narrator) listen(ctx context.Context) error {
	said, err := api.Get[[]api.Phrase](ctx, s.panel, api.Path("phrases"), nil)
	if err != nil {
		return fmt.Errorf("listen to the registrar: %w", err)
	}
	var phrases []registrar.Phrase
	for _, p := range said {
		phrases = append(phrases, registrar.Phrase{Code: p.Code, Texts: p.Texts})
	}
	s.tongue.Learn(phrases)
	return nil
}

// poll calls ask until the answer is true, the context ends or asking fails.
func poll(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		// A panel that does not serve may still be starting.
		done, err := ask()
		if done || err != nil && !errors.Is(err, api.ErrNotServing) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the demo took too long: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func (s *narrator) register(ctx context.Context, domain, ends string) error {
	order, err := api.Post[api.Order](ctx, s.panel, api.Path("orders"), api.NewOrder{Kind: "register", Domain: domain, Customer: "sidorov",
		Contact: demoContact(), Nameservers: []api.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}})
	if err != nil {
		return fmt.Errorf("order %s: %w", domain, err)
	}
	name := order.Domain
	s.shown[name] = order.Unicode
	if err := s.status(ctx, name); err != nil {
		return err
	}
	s.say(domain, "not paid yet: nothing is sent")
	if _, err := api.Post[api.Changed](ctx, s.panel, api.Path("orders", order.ID, "pay"), nil); err != nil {
		return fmt.Errorf("pay %s: %w", domain, err)
	}
	return s.watch(ctx, name, ends)
}

// watch prints what happens to a domain until it has the given status.
func (s *narrator) watch(ctx context.Context, name, ends string) error {
	shown := "Pending"
	return poll(ctx, func() (bool, error) {
		d, err := api.Get[api.Domain](ctx, s.panel, api.Path("domains", name), nil)
		if err != nil {
			return false, err
		}

		if err := s.news(ctx); err != nil {
			return false, err
		}

		if d.Status != shown {
			s.say(d.Unicode, "STATUS %s", d.Status)
			shown = d.Status
		}

		settled := d.Status == "Registered" || d.Status == "Error"
		if settled && d.Status != ends {
			return false, fmt.Errorf("%s ended as %s, not %s", name, d.Status, ends)
		}

		return settled, nil
	})
}

func (s *narrator) status(ctx context.Context, name string) error {
	d, err := api.Get[api.Domain](ctx, s.panel, api.Path("domains", name), nil)
	if err != nil {
		return err
	}
	if err := s.news(ctx); err != nil {
		return err
	}
	s.say(d.Unicode, "STATUS %s", d.Status)
	return nil
}

// news prints the entries of the Action Log since the last call, and the mails behind them.
func (s *narrator) news(ctx context.Context) error {
	entries, err := api.All[api.Entry](ctx, s.panel, api.Path("log"), url.Values{"after": {strconv.FormatInt(s.last, 10)}})
	if err != nil {
		return err
	}

	for _, e := range entries {
		s.last = e.ID
		name := ""
		if e.Domain != nil {
			name = s.shown[*e.Domain]
		}

		s.say(name, "%s", e.Message)

		if e.Mail != nil && !s.mails[*e.Mail] {
			s.mails[*e.Mail] = true
			if err := s.mail(ctx, *e.Mail); err != nil {
				return err
			}
		}
	}

	return nil
}

// mail shows a mail as the panel masks it.
func (s *narrator) mail(ctx context.Context, id string) error {
	m, err := api.Get[api.Mail](ctx, s.panel, api.Path("mails", id), nil)
	if err != nil {
		return fmt.Errorf("show mail %s: %w", id, err)
	}
	direction := "mail from R01"
	if m.Out {
		direction = "mail to R01"
	}
	fmt.Fprintf(s.out, "           ┌ %s: %s\n", command.Say(s.out, direction), m.Subject)
	for _, line := range strings.Split(strings.TrimSpace(m.Text), "\n") {
		fmt.Fprintf(s.out, "           │ %s\n", strings.TrimRight(line, "\r"))
	}
	fmt.Fprintf(s.out, "           └\n")
	return nil
}

// summary shows the domain list, and the Action Log of the domain that failed.
func (s *narrator) summary(ctx context.Context) error {
	s.title("In the end: panel domains")
	domains, err := api.Get[[]api.Domain](ctx, s.panel, api.Path("domains"), nil)
	if err != nil {
		return err
	}

	for _, d := range domains {
		till := "-"
		if d.PaidTill != nil {
			till = *d.PaidTill
		}
		fmt.Fprintf(s.out, "         %-14s %-16s %s\n", d.Unicode, s.tongue.Word("status", d.Status), command.Say(s.out, "paid till "+till))
	}

	s.title("panel log --domain refuse-me.ru")
	entries, err := api.Get[[]api.Entry](ctx, s.panel, api.Path("log"), url.Values{"domain": {"refuse-me.ru"}})
	if err != nil {
		return err
	}

	for _, e := range entries {
		fmt.Fprintf(s.out, "         %-8s %-14s %s\n", e.Level, e.Event, command.Say(s.out, e.Message))
	}

	return nil
}
