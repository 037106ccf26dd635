package gateway

import (
	"slices"
	"strings"
	"testing"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// A customer who types the same otherwise is the same client, and no second one is registered.
func TestCustomerIsKnownHoweverTyped(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	for why, change := range map[string]map[string][]string{
		"as before":                       {},
		"a passport in one line":          {"passport": {strings.Join(sidorov().Fields["passport"], " ")}},
		"a passport in a text area":       {"passport": {strings.Join(sidorov().Fields["passport"], "\r\n")}},
		"a date in the Russian order":     {"birth_date": {"18.10.1965"}},
		"blanks that nobody sees":         {"name": {strings.ReplaceAll(sidorov().Fields["name"][0], " ", "\u00a0 ")}},
		"a dot, capitals, another phone":  {"name_latin": {"SIDOR S. SIDOROV"}, "phones": {"8 (499) 765-43-21"}},
		"what an HTML form sends of none": {"faxes": {""}},
	} {
		o := registration("o-"+word(why), "second.ru")
		for key, values := range change {
			o.Registrant.Fields[key] = values
		}
		v, err := g.Validate(t.Context(), o)
		if err != nil || len(v.Problems) > 0 || strings.Contains(v.Preview, "passport:") || !strings.Contains(v.Preview, "domain: second.ru") {
			t.Errorf("%s: %+v, %v", why, v, err)
		}
		noted := slices.ContainsFunc(v.Notes, func(p registrar.Problem) bool {
			return p.Path == "contact.phones" && p.Code == "other_contact" && p.Texts["ru"] != ""
		})
		if _, other := change["phones"]; noted != other || len(v.Notes) > 1 {
			t.Errorf("%s: notes are %v", why, v.Notes)
		}
	}
	other := registration("o-other", "second.ru")
	other.Registrant.Fields["passport"][0] = "4510 654321"
	if v, err := g.Validate(t.Context(), other); err != nil || !strings.Contains(v.Preview, "#[PERSON TEMPLATE]#") {
		t.Errorf("another passport: %+v, %v", v, err)
	}
}

// word makes a word of a reason.
func word(why string) string { return strings.NewReplacer(" ", "", ",", "").Replace(why) }

// A transfer that the registry's record rules out is refused before it is paid; silence is a note.
func TestImpossibleTransfers(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	w, _ := g.withRegistry()
	today := registrar.DateOf(g.clock)
	held := func(registrarName string, days int) registry.Record {
		return registry.Record{Name: "other.ru", Registrar: registrarName, PaidTill: today.AddDays(days)}
	}
	for why, c := range map[string]struct {
		record  *registry.Record
		problem string
	}{
		"nobody has it":     {nil, "transfer_free"},
		"another has it":    {new(held("OTHER-RU", 100)), ""},
		"it is with R01":    {new(held("R01-RU", 100)), "transfer_ours"},
		"six days are left": {new(held("OTHER-RU", 6)), "transfer_late"},
		"seven days are":    {new(held("OTHER-RU", 7)), ""},
	} {
		if delete(w.held, "other.ru"); c.record != nil {
			w.held["other.ru"] = *c.record
		}
		problems, notes := g.Views.Transferable(t.Context(), "other.ru", today)
		if len(notes) > 0 || (len(problems) > 0) != (c.problem != "") || len(problems) > 0 && (problems[0].Code != c.problem || problems[0].Texts["ru"] == "") {
			t.Errorf("%s: %v, %v", why, problems, notes)
		}
	}
	w.silent = true
	if problems, notes := g.Views.Transferable(t.Context(), "other.ru", today); len(problems) > 0 || len(notes) != 1 || notes[0].Code != "transfer_unknown" {
		t.Errorf("silence: %v, %v", problems, notes)
	}
}
