package orders

import (
	"context"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// importing is a registrar that takes over what it is told, but for one name.
type importing struct{ *fake }

func (importing) ImportDomain(_ context.Context, i registrar.Import) (registrar.Domain, error) {
	if i.Domain == "elsewhere.ru" {
		return registrar.Domain{}, registrar.InvalidOrder([]registrar.Problem{{Path: "domain", Message: "the registry shows it with another registrar"}})
	}
	return registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, PaidTill: i.PaidTill, Status: registrar.StatusRegistered}, nil
}

// Many domains are taken over at once; a plan says before what would become of each, and repeating
// it is harmless.
func TestIntake(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.registrars.set("r01", importing{b.fake})
	b.shelve(held("here.ru", "c1", inDays(10)), held("others.ru", "c2", inDays(10)))
	row := func(name string) registrar.Import {
		return registrar.Import{Domain: name, Customer: "c1", Handle: "H-c1", PaidTill: inDays(10)}
	}
	rows := []registrar.Import{row("new.ru"), row("NEW.ru"), row("here.ru"), row("others.ru"), row("elsewhere.ru"), row("a b.ru"), row("x.zz"), row("пример.рф"),
		{Domain: "bare.ru", Customer: "c1"}, {Domain: "whose.ru", Handle: "H", PaidTill: inDays(10)}}
	actions := func(all []Imported) (list []string) {
		for _, one := range all {
			if list = append(list, one.Action); (one.Reason == "") != (one.Action != ImportRefused) {
				t.Errorf("%+v", one)
			}
		}
		return list
	}
	const take, known, refused = ImportTake, ImportKnown, ImportRefused
	plan, err := b.Intake("").Take(t.Context(), rows, true)
	if want := []string{take, refused, known, refused, take, refused, refused, take, refused, refused}; err != nil || !slices.Equal(actions(plan), want) {
		t.Errorf("planned %v, %v; want %v", plan, err, want)
	}
	if list, _, err := b.Lists().Domains(t.Context(), DomainList{}); err != nil || len(list) != 2 {
		t.Errorf("the plan has changed something: %v, %v", unicodes(list), err)
	}
	if elsewhere, err := b.Intake("m").Take(t.Context(), rows[:1], true); err != nil || elsewhere[0].Action != ImportTake {
		t.Errorf("to the second registrar: %v, %v", elsewhere, err)
	}
	if nowhere, err := b.Intake("other").Take(t.Context(), rows[:1], true); err != nil || nowhere[0].Action != ImportRefused || !strings.Contains(nowhere[0].Reason, "names no registrar other") {
		t.Errorf("to a registrar that is none: %v, %v", nowhere, err)
	}
	done, err := b.Intake("").Take(t.Context(), rows, false)
	if want := []string{take, refused, known, refused, refused, refused, refused, take, refused, refused}; err != nil || !slices.Equal(actions(done), want) {
		t.Errorf("done %v, %v; want %v", done, err, want)
	}
	again, err := b.Intake("").Take(t.Context(), rows, false)
	if want := []string{known, refused, known, refused, refused, refused, refused, known, refused, refused}; err != nil || !slices.Equal(actions(again), want) {
		t.Errorf("again %v, %v; want %v", again, err, want)
	}
	if list, _, err := b.Lists().Domains(t.Context(), DomainList{}); err != nil || !slices.Equal(unicodes(list), []string{"here.ru", "new.ru", "others.ru", "пример.рф"}) {
		t.Errorf("in the list are %v, %v", unicodes(list), err)
	}
	if _, err := b.Intake("").Take(t.Context(), make([]registrar.Import, MostImports+1), true); registrar.CodeOf(err) != registrar.Invalid {
		t.Errorf("too many: %v", err)
	}
}
