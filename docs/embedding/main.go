// Command hosting is a panel in one file. It runs the registrars that plugin.hcl names, registers the
// domains that it is given, each with the registrar of its zone, and ends when every order has ended.
// Killed at any moment and run again with the same words, it loses no order and places none twice.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"

	"registrar.panel/host/config"
	"registrar.panel/host/launch"
	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hosting:", err)
		os.Exit(1)
	}
}

// run has the plugins at work until every order has ended.
func run(ctx context.Context, domains []string) error {
	c, err := config.Load("plugin.hcl")
	if err != nil {
		return err
	}
	launcher, release, err := launch.Open(launch.Options{Config: c})
	if err != nil {
		return err
	}
	defer release()

	ctx, end := context.WithCancelCause(ctx)
	p := panel{domains: map[string]string{}, end: end}
	for _, domain := range domains {
		_, zone, _ := strings.Cut(domain, ".")
		name, ok := c.Route(zone)
		if !ok {
			return fmt.Errorf("order %s: no registrar serves .%s", domain, zone)
		}
		p.domains[domain] = name
	}
	if err := p.open(filepath.Join(c.Panel.Data, "book.json")); err != nil {
		return err
	}

	supervisor.New(supervisor.Options{Plugins: launcher.Specs(), Session: p.session, Told: p.told}).Run(ctx)
	if cause := context.Cause(ctx); !errors.Is(cause, errDone) {
		return cause
	}
	return nil
}

var errDone = errors.New("every order has ended")

// panel is what was asked for, and the book: here a file, else a database, with personal data sealed.
type panel struct {
	domains map[string]string // to their registrars
	end     context.CancelCauseFunc

	file string
	mu   sync.Mutex // of the book
	book
}

// book is what a panel must not forget.
type book struct {
	Orders  map[string]registrar.Order          // by domain
	States  map[string]registrar.OperationState // of the orders
	Cursors map[string]registrar.Cursor         // by registrar: the last event that is in the book
}

func (p *panel) open(file string) error {
	p.file = file
	p.book = book{map[string]registrar.Order{}, map[string]registrar.OperationState{}, map[string]registrar.Cursor{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, json.Unmarshal(text, &p.book))
}

// write changes the book, on the disk as a whole or not at all, and ends the panel when nothing is left
// to wait for.
func (p *panel) write(change func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()

	text, err := json.Marshal(p.book)
	if err == nil {
		err = os.WriteFile(p.file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(p.file+".new", p.file)
	}
	if err != nil {
		return fmt.Errorf("write the book: %w", err)
	}

	for domain := range p.domains {
		if !p.States[domain].Final() {
			return nil
		}
	}
	p.end(errDone)
	return nil
}

// told hears that a plugin can't work as it is set up. A panel that serves on shows that to its staff.
func (p *panel) told(_ context.Context, _ string, reason error) {
	if reason != nil {
		p.end(reason)
	}
}

// session is called when a plugin has begun to work, and again after each crash. It submits what is its
// registrar's, which is harmless if it was done before, and follows what happens.
func (p *panel) session(ctx context.Context, name string, r registrar.Service) error {
	for domain, its := range p.domains {
		if its != name {
			continue
		}
		if err := p.submit(ctx, r, domain); err != nil {
			p.end(fmt.Errorf("order %s: %w", domain, err))
		}
	}

	p.mu.Lock()
	last := p.Cursors[name]
	p.mu.Unlock()
	for event, err := range r.Events(ctx, last) {
		if err != nil {
			return err
		}
		fmt.Println(name, event.Name, event.State, event.Message)
		err := p.write(func() {
			p.Cursors[name] = event.Cursor
			if event.State != "" && event.Order == p.Orders[event.Name].ID {
				p.States[event.Name] = event.State
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// submit has an order in the book before its registrar hears of it.
func (p *panel) submit(ctx context.Context, r registrar.Service, domain string) (err error) {
	p.mu.Lock()
	o, known := p.Orders[domain]
	p.mu.Unlock()
	if !known {
		o, err = newOrder(ctx, r, domain)
	}
	if err == nil {
		err = p.write(func() { p.Orders[domain] = o })
	}
	if err == nil {
		_, err = r.Submit(ctx, o) // for which the customer has paid by now
	}
	return err
}

// newOrder asks what the registrar wants to know. The form's examples stand for a customer's answers.
func newOrder(ctx context.Context, r registrar.Service, domain string) (registrar.Order, error) {
	o := registrar.Order{ID: registrar.OrderID("hosting." + domain), Kind: registrar.KindRegister, Domain: domain, Customer: "c1",
		Registrant:  &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{}},
		Nameservers: []registrar.Nameserver{{Host: "ns1.hosting.example"}, {Host: "ns2.hosting.example"}}}
	_, zone, _ := strings.Cut(domain, ".")
	form, err := r.Form(ctx, registrar.FormQuery{TLD: zone, Kind: o.Kind, Registrant: o.Registrant.Kind})
	if err != nil {
		return o, err
	}
	for _, field := range form.Fields {
		if field.Example != "" {
			o.Registrant.Fields[field.Key] = []string{field.Example}
		}
	}

	judged, err := r.Validate(ctx, o)
	if err == nil && len(judged.Problems) > 0 {
		err = fmt.Errorf("the customer must correct %v", judged.Problems)
	}
	return o, err
}
