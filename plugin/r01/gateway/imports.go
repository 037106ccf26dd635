package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/registry/holdings"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Imports knows the names that are hosted here and keeps the list of those to import;
// package registry has the real one.
type Imports interface {
	String() string // where the list is
	EachHosted(each func(name string)) error
	Listed() ([]registry.Import, error)
	Put([]registry.Import) error
}

// strangers are the names that are hosted here and not known here, each with what a zone
// list says it is paid till; zero = the list does not show it with R01.
type strangers map[string]registrar.Date

func (g *Gateway) strangers(p *holdings.Set) (strangers, error) {
	s := strangers{}
	if g.imports == nil {
		return s, nil
	}
	err := g.imports.EachHosted(func(written string) {
		name, err := mailform.Name(written) // what R01 does not register is no affair of ours
		if err == nil && p.Find([]byte(name)) == nil {
			s[name] = registrar.Date{}
		}
	})
	return s, err
}

// seeStranger notes a line of a zone list.
func (g *Gateway) seeStranger(s strangers, l *registry.Line) {
	if _, hosted := s[string(l.Name)]; hosted && g.ours(string(l.Registrar)) {
		s[string(l.Name)] = l.PaidTill
	}
}

const importAlarm = "import-list"

// offerImports brings the list of domains to import up to date and tells when it has new
// ones. That it can't be made is an alarm, and hinders nothing else.
func (g *Gateway) offerImports(ctx context.Context, s strangers, failed error, covers func(zone string) bool) error {
	if g.imports == nil {
		return nil
	}
	var all []registry.Import
	var fresh int
	if failed == nil {
		all, fresh, failed = g.updateImports(s, covers)
	}
	return g.write(ctx, func(tx *store.Tx) error {
		if failed != nil {
			return g.raise(tx, importAlarm, "", "the list of domains to import was not made: "+failed.Error())
		}
		if err := g.clear(tx, importAlarm, ""); err != nil || fresh == 0 {
			return err
		}
		tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo, Actor: byRegistry,
			Message: fmt.Sprintf("%d domains that are hosted here are with R01 and unknown here, %d of them newly seen; %s lists them, each to take over by: "+
				"panel domain import NAME --customer ID --handle H --paid-till DATE", len(all), fresh, g.imports)})
		return nil
	})
}

// updateImports writes the list anew: the zones that were just read as they are now, the
// others as they were, as far as their names are still strangers.
func (g *Gateway) updateImports(s strangers, covers func(zone string) bool) (all []registry.Import, fresh int, err error) {
	before, err := g.imports.Listed()
	if err != nil {
		return nil, 0, err
	}
	listed := map[string]registrar.Date{}
	for _, b := range before {
		listed[b.Name] = b.PaidTill
	}
	for name, till := range s {
		was, known := listed[name]
		if !covers(zoneOf([]byte(name))) {
			till = was
		}
		if till.IsZero() {
			continue
		}
		all = append(all, registry.Import{Name: name, PaidTill: till})
		if !known {
			fresh++
		}
	}
	slices.SortFunc(all, func(a, b registry.Import) int { return strings.Compare(a.Name, b.Name) })
	if slices.Equal(all, before) {
		return all, 0, nil
	}
	return all, fresh, g.imports.Put(all)
}
