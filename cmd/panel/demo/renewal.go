package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// expiring is how soon the domains that the demo renews expire, in
// days: R01 accepts renewals by then, and the schedule finds them due.
const expiring = 40

// renewal plays a renewal that the schedule finds due. R01's
// reply is one proof of it, and the registry's record another.
func (s *narrator) renewal(ctx context.Context, domain string) error {
	s.title(fmt.Sprintf("The year of %s ends soon: the schedule renews it; R01's reply and the registry's record agree", domain))
	held, err := api.Get[api.Domain](ctx, s.panel, api.Path("domains", "newtime.ru"), nil)
	if err == nil {
		err = s.renew(ctx, domain, *held.Handle)
	}
	if err != nil {
		return fmt.Errorf("renew %s: %w", domain, err)
	}
	return nil
}

func (s *narrator) renew(ctx context.Context, domain, handle string) error {
	s.shown[domain] = domain
	till := registrar.DateOf(time.Now()).AddDays(expiring)
	if err := s.sim.addDomain(ctx, domain, handle, till); err != nil {
		return err
	}

	_, err := api.Post[api.Domain](ctx, s.panel, api.Path("domains", domain, "import"),
		api.Import{Customer: "sidorov", Handle: handle, PaidTill: till.String()})
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}

	steps, err := api.Post[[]api.RenewalStep](ctx, s.panel, api.Path("renewals", "run"), api.RenewalRun{})
	if err != nil {
		return fmt.Errorf("run the renewal pass: %w", err)
	}

	s.say(domain, "paid till %s; a renewal pass finds %d domain due", till, len(steps))
	if err := s.paid(ctx, domain, till.AddYears(1)); err != nil {
		return err
	}

	return s.record(ctx, domain, till.AddYears(1))
}

// paid prints what happens to a domain until it is paid till the given day.
func (s *narrator) paid(ctx context.Context, name string, till registrar.Date) error {
	return poll(ctx, func() (bool, error) {
		d, err := api.Get[api.Domain](ctx, s.panel, api.Path("domains", name), nil)
		if err != nil {
			return false, err
		}
		if err := s.news(ctx); err != nil || d.Operation != nil || d.PaidTill == nil || *d.PaidTill != till.String() {
			return false, err
		}
		s.say(name, "PAID TILL %s", *d.PaidTill)
		return true, nil
	})
}

// record shows the registry's own record of a domain, and fails unless it agrees.
func (s *narrator) record(ctx context.Context, name string, till registrar.Date) error {
	text, err := s.sim.whois(ctx, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "           ┌ %s\n", command.Say(s.out, fmt.Sprintf("the registry's whois on %s", name)))
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "%") {
			fmt.Fprintf(s.out, "           │ %s\n", line)
		}
	}
	fmt.Fprintf(s.out, "           └\n")
	moscow := time.FixedZone("MSK", 3*60*60) // a day begins there
	if want := till.In(moscow).UTC().Format(time.RFC3339); !strings.Contains(text, want) {
		return fmt.Errorf("the registry's record of %s does not say %s", name, want)
	}
	return nil
}

// addDomain adds a domain that R01 has already registered for us.
func (s *simulator) addDomain(ctx context.Context, name, handle string, till registrar.Date) error {
	body, err := json.Marshal(map[string]any{"name": name, "handle": handle, "paid_till": till.String(), "delegated": true,
		"nameservers": []string{"ns1.hoster.example", "ns2.hoster.example"}})
	if err != nil {
		return fmt.Errorf("add domain to the simulator: %w", err)
	}

	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addresses["admin"]+"/domains", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("add domain to the simulator: %w", err)
	}

	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("add domain to the simulator: %w", err)
	}
	defer answer.Body.Close()

	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // the status alone is enough
		return fmt.Errorf("add domain to the simulator: %s: %s", answer.Status, said)
	}

	return nil
}

// whois asks the registry's whois.
func (s *simulator) whois(ctx context.Context, name string) (string, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.addresses["whois"])
	if err != nil {
		return "", fmt.Errorf("ask whois: %w", err)
	}
	defer conn.Close()
	// The end of ctx does not end a read, so it closes the connection.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, name+"\r\n"); err != nil {
		return "", fmt.Errorf("ask whois: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(conn, 64<<10))
	if err != nil {
		return "", fmt.Errorf("ask whois: %w", err)
	}
	return string(text), nil
}
