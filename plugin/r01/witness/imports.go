package witness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/registry/holdings"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Imports knows the names that are hosted here and keeps the list of domains to import; package
// registry has the real one.
type Imports interface {
	String() string // where the list is
	EachHosted(each func(name string)) error
	Listed() ([]registry.Import, error)
	Put([]registry.Import) error
}

// Unmanaged are names that we host DNS for and that have no domain record here, each with the
// day till which it is paid according to a zone list; zero = no list shows it with R01.
type Unmanaged map[string]registrar.Date

func (ls *Lists) unmanaged(p *holdings.Set) (Unmanaged, error) {
	s := Unmanaged{}
	if ls.imports == nil {
		return s, nil
	}
	err := ls.imports.EachHosted(func(written string) {
		name, err := mailform.Name(written) // what R01 does not register is no affair of ours
		if err == nil && p.Find([]byte(name)) == nil {
			s[name] = registrar.Date{}
		}
	})
	return s, err
}

// seeUnmanaged notes a line of a zone list.
func (ls *Lists) seeUnmanaged(s Unmanaged, l *registry.Line) {
	if _, hosted := s[string(l.Name)]; hosted && ls.engine.Ours(string(l.Registrar)) {
		s[string(l.Name)] = l.PaidTill
	}
}

// ImportAlarm is raised while the list of domains to import can't be written.
const ImportAlarm = "import-list"

// offerImports updates the list of domains to import and reports new ones. If the list can't be
// written, an alarm is raised, and nothing else is hindered.
func (ls *Lists) offerImports(ctx context.Context, s Unmanaged, failed error, covers func(zone string) bool) error {
	if ls.imports == nil {
		return nil
	}

	var all []registry.Import
	var fresh int
	if failed == nil {
		all, fresh, failed = ls.UpdateImports(s, covers)
	}

	return ls.engine.Write(ctx, func(tx *store.Tx) error {
		if failed != nil {
			return ls.alarms.Raise(tx, ImportAlarm, "", "the list of domains to import was not made: "+failed.Error())
		}
		if err := ls.alarms.Clear(tx, ImportAlarm, ""); err != nil || fresh == 0 {
			return err
		}

		tx.Emit(registrar.Event{At: ls.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo, Actor: engine.ByRegistry,
			Message: fmt.Sprintf("%d domains that are hosted here are with R01 and unknown here, %d of them newly seen; %s lists them, each to be "+
				"imported with its customer, its handle and paid-till", len(all), fresh, ls.imports)})
		return nil
	})
}

// UpdateImports replaces the list: names of the zones that were just read as they are now, the
// others as they were, as far as they are still unmanaged.
func (ls *Lists) UpdateImports(s Unmanaged, covers func(zone string) bool) (all []registry.Import, fresh int, err error) {
	before, err := ls.imports.Listed()
	if err != nil {
		return nil, 0, err
	}

	listed := map[string]registrar.Date{}
	for _, b := range before {
		listed[b.Name] = b.PaidTill
	}

	for name, till := range s {
		was, known := listed[name]

		// For a zone that was not read just now, what was known stays.
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

	// The file is written only when something has changed.
	slices.SortFunc(all, func(a, b registry.Import) int { return strings.Compare(a.Name, b.Name) })
	if slices.Equal(all, before) {
		return all, 0, nil
	}

	return all, fresh, ls.imports.Put(all)
}
