package r01sim

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	whoisTimeout = 10 * time.Second
	maxQuery     = 1 << 10
)

// serveWhois answers one query per connection, as the registry's whois does.
func (s *Simulator) serveWhois(l net.Listener) error {
	var guests sync.WaitGroup
	defer guests.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		guests.Go(func() {
			defer c.Close()
			// A guest that asks nothing must not stay, because the server waits for all guests when it ends.
			c.SetDeadline(time.Now().Add(whoisTimeout))
			query, err := bufio.NewReader(io.LimitReader(c, maxQuery)).ReadString('\n')
			if err == nil {
				io.WriteString(c, strings.ReplaceAll(s.whois(query), "\n", "\r\n"))
			}
		})
	}
}

// whois returns the registry's record of a domain, in the layout of the Technical Center.
func (s *Simulator) whois(query string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := canonicalDomain(strings.TrimSpace(query))
	d, known := s.registry.domains[name]
	var b strings.Builder
	b.WriteString("% This is the simulated whois of r01sim.\n\n")
	if !known || s.today().DaysSince(d.PaidTill) >= freeAfter {
		b.WriteString("No entries found for the selected source(s).\n")
	} else {
		b.WriteString(d.record(!d.PaidTill.Before(s.today())))
	}
	fmt.Fprintf(&b, "\nLast updated on %s\n", s.options.Now().UTC().Format(time.RFC3339))
	return b.String()
}

func (d Domain) record(paid bool) string {
	var b strings.Builder
	put := func(name, value string) { fmt.Fprintf(&b, "%-15s%s\n", name+":", value) }
	put("domain", strings.ToUpper(d.Name))
	for _, server := range d.Nameservers {
		host, address, glue := strings.Cut(server, " ")
		if glue {
			address = " " + address
		}
		put("nserver", host+"."+address)
	}

	state := "NOT DELEGATED"
	if d.Delegated && paid {
		state = "DELEGATED"
	}

	put("state", "REGISTERED, "+state+", VERIFIED")
	put("person", "Private Person")
	put("registrar", d.Registrar)
	put("created", d.Created.UTC().Format(time.RFC3339))
	// A day begins in Moscow. Written in UTC, that is the evening before: field-notes 3.3.
	put("paid-till", d.PaidTill.In(moscow()).UTC().Format(time.RFC3339))
	put("free-date", d.PaidTill.AddDays(freeAfter).String())
	put("source", "TCI")

	return b.String()
}
