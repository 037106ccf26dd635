package orders

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

func seen(item string) Acknowledgement {
	return Acknowledgement{Item: item, Seen: "v1", What: item + " is Uncertain", By: "anna", Registrar: "r01", Domain: "a.ru"}
}

// What was seen is kept through a restart, with who said it, and is told in the Action Log.
func TestAcknowledgements(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	first, second, begun := seen("domain:a.ru"), seen("plugin:r01"), b.Now()
	first.Note, first.For, first.Until = "the customer is asked", "shift two", b.Now().Add(48*time.Hour)
	if err := b.Lists().Acknowledgements().Keep(t.Context(), []Acknowledgement{first, second}); err != nil {
		t.Fatal(err)
	}
	b.restart()

	k := b.Lists().Acknowledgements()
	all, err := k.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Acknowledgement{first, second}
	for i := range want {
		want[i].Registrar, want[i].Domain = "", ""
		if i < len(all) && !all[i].At.Before(begun) && !all[i].At.After(b.Now()) {
			want[i].At = all[i].At
		}
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	second.Seen, second.By = "v2", "boris"
	if err := k.Keep(t.Context(), []Acknowledgement{second}); err != nil {
		t.Fatal(err)
	}
	if all, err = k.All(t.Context()); err != nil || len(all) != 2 || all[1].Seen != "v2" || all[1].By != "boris" {
		t.Errorf("said anew: %+v, %v", all, err)
	}

	back := Acknowledgement{Item: "domain:a.ru", By: "boris", Registrar: "r01", Domain: "a.ru"}
	for _, want := range []int{1, 0} {
		if changed, err := k.TakeBack(t.Context(), []Acknowledgement{back}); err != nil || changed != want {
			t.Errorf("taken back: %d, %v; want %d", changed, err, want)
		}
	}
	log := b.entries("a.ru")
	var said []string
	for _, e := range log {
		if e.Event != registrar.EventDecision {
			t.Errorf("an entry is %+v", e)
		}
		said = append(said, e.Actor+": "+e.Message)
	}
	if diff := cmp.Diff([]string{
		`anna: domain:a.ru is Uncertain: seen and shown apart until ` + first.Until.Format(time.RFC3339) + ` or until it changes: the customer is asked (on behalf of "shift two")`,
		"anna: plugin:r01 is Uncertain: seen and shown apart until it changes",
		"boris: plugin:r01 is Uncertain: seen and shown apart until it changes",
		"boris: domain:a.ru is Uncertain: shown again",
	}, said); diff != "" {
		t.Errorf("the log (-want +got)\n%s", diff)
	}
}

// An acknowledgement ends with its time, by which it is forgotten; all that is over can be.
func TestAcknowledgementsEnd(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	k := b.Lists().Acknowledgements()
	short, long := seen("domain:a.ru"), seen("domain:b.ru")
	short.Until = b.Now().Add(time.Hour)
	if err := k.Keep(t.Context(), []Acknowledgement{short, long, seen("domain:c.ru")}); err != nil {
		t.Fatal(err)
	}

	later := b.now().Add(time.Hour)
	k.ledger.now = func() time.Time { return later }
	items := func() (all []string) {
		t.Helper()
		list, err := k.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			all = append(all, a.Item)
		}
		return all
	}
	if diff := cmp.Diff([]string{"domain:b.ru", "domain:c.ru"}, items()); diff != "" {
		t.Errorf("after an hour (-want +got)\n%s", diff)
	}
	if err := k.Forget(t.Context(), []string{"domain:c.ru", "domain:unheard.ru"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"domain:b.ru"}, items()); diff != "" {
		t.Errorf("after that (-want +got)\n%s", diff)
	}
	if n, err := b.Lists().number(t.Context(), "select count(*) from acknowledged"); err != nil || n != 1 {
		t.Errorf("%d are kept, %v", n, err)
	}
}

// What can't be is refused whole.
func TestAcknowledgementsAreJudged(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	k := b.Lists().Acknowledgements()
	for field, spoil := range map[string]func(*Acknowledgement){
		"by":     func(a *Acknowledgement) { a.By = "" },
		"reason": func(a *Acknowledgement) { a.Note = strings.Repeat("x", longestNote+1) },
		"until":  func(a *Acknowledgement) { a.Until = b.Now() },
	} {
		bad := seen("domain:b.ru")
		spoil(&bad)
		err := k.Keep(t.Context(), []Acknowledgement{seen("domain:a.ru"), bad})
		if e := (*registrar.Error)(nil); !errors.As(err, &e) || e.Code != registrar.Invalid || len(e.Problems) != 1 || e.Problems[0].Path != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	far := seen("domain:b.ru")
	far.Until = b.Now().Add(LongestAcknowledged + time.Hour)
	if err := k.Keep(t.Context(), []Acknowledgement{far}); !errors.Is(err, registrar.Invalid) {
		t.Errorf("for more than a year: %v", err)
	}

	var many []Acknowledgement
	for i := range MostAcknowledged + 1 {
		many = append(many, seen(fmt.Sprint("domain:", i)))
	}
	if err := k.Keep(t.Context(), many); !errors.Is(err, registrar.Precondition) {
		t.Errorf("too many: %v", err)
	}
	if all, err := k.All(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("of what was refused %d are kept, %v", len(all), err)
	}
}

// Of some domains those are found that need a person.
func TestNeedingOfSome(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for name, alarms := range map[string][]registrar.Alarm{"ill.ru": {{Key: "x", Since: start, Message: "it is ill"}}, "well.ru": nil, "other.ru": {{Key: "x", Since: start}}} {
		b.shelve(Domain{Registrar: "r01", Domain: registrar.Domain{Name: name, Customer: "c1", Status: registrar.StatusRegistered, Alarms: alarms}})
	}
	found, err := b.Lists().Acknowledgements().Needing(t.Context(), []string{"well.ru", "ill.ru", "ill.ru", "unheard.ru"})
	if err != nil || len(found) != 1 || found[0].Name != "ill.ru" || len(found[0].Alarms) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err = b.Lists().Acknowledgements().Needing(t.Context(), nil); err != nil || len(found) != 0 {
		t.Errorf("of none: %+v, %v", found, err)
	}
}
