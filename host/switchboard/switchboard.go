// Package switchboard knows which of the registrars' plugins to ask. It asks several side by side, each
// within a time limit, and says whose answer is missing; it finds the one that knows a thing by its ID,
// and the one that has a capability. It bounds the plugins' answers on the way.
//
// It stores nothing: the book, in package orders, is built on it.
//
// Errors that a caller can act on have a [registrar.Code]: Invalid with problems by field path,
// NotFound, Precondition for a registrar that is not run, Unavailable while a plugin is down.
package switchboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Plugins finds a plugin at work. While the plugin is down the error is Unavailable or Draining.
type Plugins interface {
	Registrar(name string) (registrar.Service, error)
}

// Options of a board.
type Options struct {
	Plugins Plugins
	Names   []string                                // of the registrars that are run
	Retired []string                                // of those that are not run any more, as configured
	Zones   []string                                // of names, with one label or several; see [registrar.ZoneOf]
	Route   func(tld string) (name string, ok bool) // returns the registrar that gets new orders for a zone
	Serves  func(name, tld string) bool             // reports whether a registrar may have domains of a zone
	Logger  *slog.Logger
}

// Board is the registrars that can be asked. Its methods may be called concurrently.
type Board struct {
	plugins Plugins
	names   []string
	retired []string
	zones   []string
	route   func(tld string) (string, bool)
	serves  func(name, tld string) bool
	log     *slog.Logger
}

// New makes a board. It asks no plugin before a method is called.
func New(o Options) *Board {
	return &Board{plugins: o.Plugins, names: o.Names, retired: o.Retired, zones: o.Zones, route: o.Route, serves: o.Serves, log: o.Logger}
}

// Names lists the registrars that are run.
func (b *Board) Names() []string { return b.names }

// Runs reports whether a registrar is run.
func (b *Board) Runs(name string) bool { return slices.Contains(b.names, name) }

// Accounted reports whether the configuration names a registrar, as run or retired.
func (b *Board) Accounted(name string) bool { return b.Runs(name) || slices.Contains(b.retired, name) }

// Zone returns the zone of a name, in ACE: the longest of the board's zones that the name is in, or else its TLD.
func (b *Board) Zone(domain string) string {
	return cmp.Or(registrar.ZoneOf(domain, b.zones), input.TLD(domain))
}

// Serves reports whether a registrar may have a domain, by the domain's zone.
func (b *Board) Serves(name, domain string) bool { return b.serves(name, b.Zone(domain)) }

// Registrar finds a plugin that is at work. Each of its calls has a time limit.
func (b *Board) Registrar(name string) (registrar.Service, error) {
	if !b.Runs(name) {
		return nil, b.NotRun(name)
	}
	r, err := b.plugins.Registrar(name)
	if err != nil {
		return nil, err
	}
	return bounded{r, name}, nil
}

// NotRun says why a registrar that is on record can't be asked.
func (b *Board) NotRun(name string) error {
	if slices.Contains(b.retired, name) {
		return registrar.Errorf(registrar.Precondition, "registrar %s is retired", name)
	}
	return registrar.Errorf(registrar.Precondition, "plugin.hcl names no registrar %s", name)
}

// Route returns the registrar that new orders for a domain go to.
func (b *Board) Route(domain string) (string, error) {
	zone := b.Zone(domain)
	name, ok := b.route(zone)
	if !ok {
		return "", input.Mistake("domain", "no registrar serves ."+input.Unicode(zone))
	}
	return name, nil
}

// Owner is the registrar that knows a thing.
type Owner struct {
	registrar.Service
	Name string
}

// Owner finds the only registrar of the candidates that knows a thing; without candidates it asks
// all. IDs are the registrars' own, so two may know the same one. That is an error, because a
// decision must not reach the wrong registrar.
func (b *Board) Owner(ctx context.Context, what string, candidates []string, knows func(context.Context, registrar.Service) error) (Owner, error) {
	if len(candidates) == 0 {
		candidates = b.names
	}

	var owners []Owner
	var down error
	for _, a := range askAll(ctx, b, candidates, func(ctx context.Context, r registrar.Service) (registrar.Service, error) { return r, knows(ctx, r) }) {
		switch registrar.CodeOf(a.err) {
		case "":
			owners = append(owners, Owner{a.value, a.name})
		case registrar.NotFound, registrar.Unsupported:
		default:
			// It may be the one that knows the thing: if no other does, the thing is unavailable and not unknown.
			down = errors.Join(down, a.err)
		}
	}

	switch {
	case len(owners) == 1:
		return owners[0], nil
	case len(owners) > 1:
		return Owner{}, registrar.Errorf(registrar.Precondition, "more than one registrar knows a %s", what)
	case down != nil:
		return Owner{}, Explained(down, what+": ", "")
	}

	return Owner{}, registrar.Errorf(registrar.NotFound, "there is no %s", what)
}

// chosen returns the registrar of that name, or else the only one with a capability.
func (b *Board) chosen(ctx context.Context, name string, c registrar.Capability) (string, error) {
	if name != "" {
		if !slices.Contains(b.names, name) {
			return "", input.Mistake("registrar", fmt.Sprintf("must be one of %v", b.names))
		}
		return name, nil
	}

	able, err := each(ctx, b, func(ctx context.Context, r registrar.Service) ([]struct{}, error) {
		d, err := r.Describe(ctx)
		if err != nil || !d.Has(c) {
			return nil, err
		}
		return []struct{}{{}}, nil
	})

	// The only one that answers need not be the only one that is able, and what is meant for another must not reach it.
	switch {
	case err != nil:
		return "", err
	case len(able.Absent) > 0:
		a := able.Absent[0]
		return "", registrar.Errorf(registrar.Unavailable, "name the registrar: %s may have the capability %s too and can't be asked: %s", a.Registrar, c, a.Reason)
	case len(able.List) == 1:
		return able.List[0].Registrar, nil
	case len(able.List) == 0:
		return "", registrar.Errorf(registrar.Unsupported, "no registrar has the capability %s", c)
	}

	return "", input.Mistake("registrar", "is required: more than one has the capability "+string(c))
}

// Explained adds words to an error where a caller of the API sees them, too.
func Explained(err error, before, after string) error {
	var e *registrar.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s%w%s", before, err, after)
	}
	more := *e
	if more.Detail == "" {
		more.Detail = e.Code.Error()
	}
	more.Detail = before + more.Detail + after
	return &more
}
