package store

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Go alone says which kinds cost money and which statuses and states are what: no query lists
// them by itself.
func TestQueriesListNothingThemselves(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("the room has %d files: %v", len(files), err)
	}
	listed := regexp.MustCompile(`in \([^)]*'(new-domain|new-client|Registered|Succeeded)'`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := listed.Find(text); found != nil {
			t.Errorf("%s lists %q: take the list of words.go", name, found)
		}
	}
}

// What the spending limit counts is what lifecycle calls paid, and what a pass looks at what the
// contract calls held.
func TestListsAreThoseOfGo(t *testing.T) {
	t.Parallel()

	s := open(t)
	paid := 0
	for i, kind := range lifecycle.Kinds() {
		if kind.Paid() {
			paid++
		}
		write(t, s, func(tx *Tx) error {
			_, err := addRequest(tx, string(rune('a'+i)), kind, string(kind))
			return err
		})
	}
	var held []string
	till := registrar.DateOf(noon)
	for _, status := range registrar.DomainStatuses() {
		if status == registrar.StatusPending { // the panel's alone
			continue
		}
		if status.Held() {
			held = append(held, string(status))
		}
		write(t, s, func(tx *Tx) error {
			return tx.Domains.Put(registrar.Domain{Name: string(status), Status: status, Renewal: registrar.RenewAuto, PaidTill: till}, noon)
		})
	}

	err := s.Read(t.Context(), func(tx *Tx) error {
		queued, ofSchedule, err := tx.Requests.PaidWaiting()
		if err != nil {
			return err
		}
		due, dueOfSchedule, err := tx.Requests.PaidDue(noon.Add(time.Hour))
		if err != nil {
			return err
		}
		if queued+ofSchedule != paid || due+dueOfSchedule != paid {
			t.Errorf("%d paid requests in the queue, %d due; want %d", queued, due, paid)
		}

		unpaid, err := tx.Requests.Due(noon.Add(time.Hour), false, 100)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(unpaid, func(r Request) bool { return r.Kind.Paid() }); i >= 0 || len(unpaid) == 0 {
			t.Errorf("without the paid ones %d are due, one of them %v", len(unpaid), i)
		}

		seen, err := tx.Renewals.Within("", policy.Window{From: till, To: till})
		if err != nil {
			return err
		}
		var names []string
		for _, d := range seen {
			names = append(names, d.Name)
		}
		if slices.Sort(held); !slices.Equal(slices.Sorted(slices.Values(names)), held) {
			t.Errorf("a pass looks at %v, want %v", names, held)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
