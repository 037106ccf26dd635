package switchboard

import (
	"context"
	"errors"
	"os"
	"reflect"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/shared/registrar"
)

// hanging is a registrar that answers nothing: a call returns when its context ends.
type hanging struct{ registrar.Service }

func (hanging) Describe(ctx context.Context) (registrar.Description, error) {
	<-ctx.Done()
	return registrar.Description{}, ctx.Err()
}

func (hanging) Reviews(ctx context.Context) ([]registrar.Review, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) Review(ctx context.Context, _ registrar.ReviewID) (registrar.Review, error) {
	<-ctx.Done()
	return registrar.Review{}, ctx.Err()
}

// Every call of the contract has a limit of time, those that are added later too.
func TestEveryCallIsBounded(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("bounded.go")
	more, moreErr := os.ReadFile("data.go")
	text, err = append(text, more...), errors.Join(err, moreErr)
	if err != nil {
		t.Fatal(err)
	}
	contract := reflect.TypeFor[registrar.Service]()
	for i := range contract.NumMethod() {
		name := contract.Method(i).Name
		limited := regexp.MustCompile(`func \(b bounded\) ` + name + `\(ctx[^\n]*\{\n[^}]*within\(ctx, b\.name, \w+Within, `).Match(text)
		if limited == (name == "Events") { // it goes on until its caller ends it
			t.Errorf("%s: limited = %v", name, limited)
		}
	}
}

// One that hangs costs the others nothing, and the answer says who is missing.
func TestOneHangs(t *testing.T) {
	t.Parallel()
	b := boardOf(plugins{"evil": hanging{}, "r01": &able{name: "r01"}}, "evil", "r01")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		reviews, err := b.Reviews(t.Context())
		if err != nil || len(reviews.List) != 1 || reviews.List[0].Registrar != "r01" {
			t.Errorf("reviews %+v, %v", reviews, err)
		}
		if len(reviews.Absent) != 1 || reviews.Absent[0] != (Absent{"evil", "registrar evil did not answer within 3s"}) {
			t.Errorf("absent: %+v", reviews.Absent)
		}
		if entry, err := b.Review(t.Context(), "r01-review"); err != nil || entry.ID != "r01-review" {
			t.Errorf("entry %+v, %v", entry, err)
		}
		_, err = b.Review(t.Context(), "unknown")
		wantCode(t, err, registrar.Unavailable, "registrar evil did not answer within 3s")
		if took := time.Since(began); took != 3*readWithin {
			t.Errorf("three questions took %s", took)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Reviews(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that waits no longer: %v", err)
		}
	})
}

// refusing is a registrar that answers one error.
type refusing struct {
	registrar.Service
	err error
}

func (r refusing) Domain(context.Context, string) (registrar.Domain, error) {
	return registrar.Domain{}, r.err
}

// What may pass names the registrar: the panel has several, and a plugin calls itself "the plugin".
func TestWhatPassesNamesTheRegistrar(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		err   error
		wants string
	}{
		{registrar.Errorf(registrar.Draining, "the plugin is stopping"), "registrar manual: the plugin is stopping"},
		{&registrar.Error{Code: registrar.Unavailable}, "registrar manual: " + registrar.Unavailable.Error()},
		{registrar.Errorf(registrar.Locked, "the data is in use"), "registrar manual: the data is in use"},
		{registrar.Errorf(registrar.NotReady, "not started"), "registrar manual: not started"},
		{registrar.Errorf(registrar.NotFound, "no domain example.ru"), "no domain example.ru"},
		{registrar.Errorf(registrar.Conflict, "an order is open"), "an order is open"},
	} {
		r, err := boardOf(plugins{"manual": refusing{err: one.err}}, "manual").Registrar("manual")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.Domain(t.Context(), "example.ru"); err == nil || err.Error() != one.wants || !errors.Is(err, errors.Unwrap(one.err)) {
			t.Errorf("%v became %v", one.err, err)
		}
	}
}
