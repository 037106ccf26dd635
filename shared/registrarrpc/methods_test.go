package registrarrpc

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// carriage tests one method with as many values as rapid draws, or with the first few.
type carriage func(t *testing.T, few bool)

// carried checks that arguments, results and errors of one method arrive. A method is given
// by how the fake is made to answer it and how it is called.
func carried[In, Out any](answer func(*fake, func(context.Context, In) (Out, error)),
	call func(registrar.Hosted, context.Context, In) (Out, error)) carriage {
	return func(t *testing.T, few bool) {
		t.Parallel()

		var f fake
		p := connected(t, &f, t.Context())
		tried := 0

		rapid.Check(t, func(rt *rapid.T) {
			const enough = 10 // for the race detector: what the next ones differ in are values
			if tried++; few && tried > enough {
				return
			}

			in, out := values[In]().Draw(rt, "argument"), values[Out]().Draw(rt, "result")
			var got In
			answer(&f, func(_ context.Context, in In) (Out, error) { got = in; return out, nil })

			result, err := call(p, t.Context(), in)
			if err != nil {
				rt.Fatal(err)
			}

			if diff := diff(in, got); diff != "" {
				rt.Fatalf("argument (-sent +received)\n%s", diff)
			}
			if diff := diff(out, result); diff != "" {
				rt.Fatalf("result (-sent +received)\n%s", diff)
			}
		})

		sent := &registrar.Error{Code: registrar.NotReady, Detail: "not configured", RetryAfter: time.Second}
		answer(&f, func(context.Context, In) (Out, error) { return *new(Out), sent })

		_, err := call(p, t.Context(), values[In]().Example())
		var e *registrar.Error
		if !errors.As(err, &e) || diff(sent, e) != "" {
			t.Errorf("the error %#v arrives as %#v", sent, err)
		}
	}
}

type (
	none    struct{}
	pair    struct{ A, B string }
	renewal struct {
		Name string
		Mode registrar.RenewalMode
	}
)

// carriedOfDomains tests the methods about orders and domains.
func carriedOfDomains() map[string]carriage {
	type (
		ctx    = context.Context
		plugin = registrar.Hosted
	)

	return map[string]carriage{
		"Describe": carried(
			func(f *fake, do func(ctx, none) (registrar.Description, error)) {
				f.describe = func(c ctx) (registrar.Description, error) { return do(c, none{}) }
			},
			func(p plugin, c ctx, _ none) (registrar.Description, error) { return p.Describe(c) }),
		"Form": carried(
			func(f *fake, do func(ctx, registrar.FormQuery) (registrar.Form, error)) { f.form = do }, plugin.Form),
		"Validate": carried(
			func(f *fake, do func(ctx, registrar.Order) (registrar.Validation, error)) { f.validate = do }, plugin.Validate),
		"Check": carried(
			func(f *fake, do func(ctx, []string) ([]registrar.Availability, error)) { f.check = do }, plugin.Check),
		"Submit": carried(
			func(f *fake, do func(ctx, registrar.Order) (registrar.Operation, error)) { f.submit = do }, plugin.Submit),
		"Operation": carried(
			func(f *fake, do func(ctx, registrar.OperationID) (registrar.Operation, error)) { f.operation = do }, plugin.Operation),
		"Resolve": carried(
			func(f *fake, do func(ctx, registrar.Decision) (registrar.Operation, error)) { f.resolve = do }, plugin.Resolve),
		"Domain": carried(
			func(f *fake, do func(ctx, string) (registrar.Domain, error)) { f.domain = do }, plugin.Domain),
		"Domains": carried(
			func(f *fake, do func(ctx, registrar.Page) (registrar.DomainPage, error)) { f.domains = do }, plugin.Domains),
		"Refresh": carried(
			func(f *fake, do func(ctx, string) (registrar.Domain, error)) { f.refresh = do }, plugin.Refresh),
		"SetRenewal": carried(
			func(f *fake, do func(ctx, renewal) (registrar.Domain, error)) {
				f.setRenewal = func(c ctx, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
					return do(c, renewal{name, mode})
				}
			},
			func(p plugin, c ctx, r renewal) (registrar.Domain, error) { return p.SetRenewal(c, r.Name, r.Mode) }),
		"RunRenewals": carried(
			func(f *fake, do func(ctx, bool) ([]registrar.RenewalStep, error)) { f.runRenewals = do }, plugin.RunRenewals),
	}
}

// carriedOfPeople tests those about handles, and about mails that wait for a person.
func carriedOfPeople() map[string]carriage {
	type (
		ctx    = context.Context
		plugin = registrar.Hosted
	)

	return map[string]carriage{
		"Handles": carried(
			func(f *fake, do func(ctx, string) ([]registrar.Handle, error)) { f.handles = do }, plugin.Handles),
		"AdoptHandle": carried(
			func(f *fake, do func(ctx, pair) (registrar.Handle, error)) {
				f.adoptHandle = func(c ctx, customer, handle string) (registrar.Handle, error) {
					return do(c, pair{customer, handle})
				}
			},
			func(p plugin, c ctx, v pair) (registrar.Handle, error) { return p.AdoptHandle(c, v.A, v.B) }),
		"ImportDomain": carried(
			func(f *fake, do func(ctx, registrar.Import) (registrar.Domain, error)) { f.importDomain = do }, plugin.ImportDomain),
		"Reviews": carried(
			func(f *fake, do func(ctx, none) ([]registrar.Review, error)) {
				f.reviews = func(c ctx) ([]registrar.Review, error) { return do(c, none{}) }
			},
			func(p plugin, c ctx, _ none) ([]registrar.Review, error) { return p.Reviews(c) }),
		"Review": carried(
			func(f *fake, do func(ctx, registrar.ReviewID) (registrar.Review, error)) { f.review = do }, plugin.Review),
		"ResolveReview": carried(
			func(f *fake, do func(ctx, registrar.ReviewDecision) (registrar.Review, error)) { f.resolveReview = do }, plugin.ResolveReview),
		"ReviewRule": carried(
			func(f *fake, do func(ctx, registrar.ReviewID) (registrar.SuggestedRule, error)) { f.reviewRule = do }, plugin.ReviewRule),
		"Mail": carried(
			func(f *fake, do func(ctx, registrar.MailID) (registrar.Mail, error)) { f.mail = do }, plugin.Mail),
		"RawMail": carried(
			func(f *fake, do func(ctx, registrar.MailID) (string, error)) { f.rawMail = do }, plugin.RawMail),
		"Recognise": carried(
			func(f *fake, do func(ctx, []byte) (registrar.Recognition, error)) { f.recognise = do }, plugin.Recognise),
		"ReviewPage": carried(
			func(f *fake, do func(ctx, registrar.ReviewQuery) (registrar.ReviewPage, error)) { f.reviewPage = do }, plugin.ReviewPage),
		"MailPage": carried(
			func(f *fake, do func(ctx, registrar.MailQuery) (registrar.MailPage, error)) { f.mailPage = do }, plugin.MailPage),
		"ResolveReviews": carried(
			func(f *fake, do func(ctx, registrar.ReviewsDecision) (registrar.ReviewsResolved, error)) {
				f.resolveMany = do
			}, plugin.ResolveReviews),
		"IgnoredSenders": carried(
			func(f *fake, do func(ctx, none) ([]registrar.IgnoredSender, error)) {
				f.ignored = func(c ctx) ([]registrar.IgnoredSender, error) { return do(c, none{}) }
			},
			func(p plugin, c ctx, _ none) ([]registrar.IgnoredSender, error) { return p.IgnoredSenders(c) }),
		"HeedSender": carried(
			func(f *fake, do func(ctx, pair) (none, error)) {
				f.heed = func(c ctx, address, by string) error { _, err := do(c, pair{address, by}); return err }
			},
			func(p plugin, c ctx, v pair) (none, error) { return none{}, p.HeedSender(c, v.A, v.B) }),
	}
}

// carriedOfLife tests those about what a plugin keeps, and about its life.
func carriedOfLife() map[string]carriage {
	type (
		ctx    = context.Context
		plugin = registrar.Hosted
	)

	return map[string]carriage{
		"Backup": carried(
			func(f *fake, do func(ctx, string) (none, error)) {
				f.backup = func(c ctx, dir string) error { _, err := do(c, dir); return err }
			},
			func(p plugin, c ctx, dir string) (none, error) { return none{}, p.Backup(c, dir) }),
		"Erase": carried(
			func(f *fake, do func(ctx, registrar.ErasureQuery) (registrar.Erasure, error)) { f.erase = do }, plugin.Erase),
		"RotateKeys": carried(
			func(f *fake, do func(ctx, none) (registrar.Rotation, error)) {
				f.rotateKeys = func(c ctx) (registrar.Rotation, error) { return do(c, none{}) }
			},
			func(p plugin, c ctx, _ none) (registrar.Rotation, error) { return p.RotateKeys(c) }),
		"TransferCode": carried(
			func(f *fake, do func(ctx, registrar.OperationID) (registrar.AuthCode, error)) { f.transferCode = do }, plugin.TransferCode),
		"Configure": carried(
			func(f *fake, do func(ctx, registrar.Settings) (none, error)) {
				f.configure = func(c ctx, s registrar.Settings) error { _, err := do(c, s); return err }
			},
			func(p plugin, c ctx, s registrar.Settings) (none, error) { return none{}, p.Configure(c, s) }),
		"Probe": carried(
			func(f *fake, do func(ctx, bool) ([]registrar.Component, error)) { f.probe = do }, plugin.Probe),
		"Start": carried(
			func(f *fake, do func(ctx, none) (none, error)) {
				f.start = func(c ctx) error { _, err := do(c, none{}); return err }
			},
			func(p plugin, c ctx, _ none) (none, error) { return none{}, p.Start(c) }),
		"Health": carried(
			func(f *fake, do func(ctx, none) ([]registrar.Component, error)) {
				f.health = func(c ctx) ([]registrar.Component, error) { return do(c, none{}) }
			},
			func(p plugin, c ctx, _ none) ([]registrar.Component, error) { return p.Health(c) }),
	}
}

func TestEveryMethodIsCarried(t *testing.T) {
	t.Parallel()
	few := testrun.Unwatched(t)
	tests := carriedOfDomains()
	maps.Copy(tests, carriedOfPeople())
	maps.Copy(tests, carriedOfLife())

	elsewhere := map[string]bool{"Events": true, "Drain": true} // events_test.go, ending_test.go
	for i := range reflect.TypeFor[registrar.Hosted]().NumMethod() {
		name := reflect.TypeFor[registrar.Hosted]().Method(i).Name
		if test, ok := tests[name]; ok {
			t.Run(name, func(t *testing.T) { test(t, few) })
		} else if !elsewhere[name] {
			t.Errorf("%s is not tested", name)
		}
	}
}

// What a host gets wrong never reaches the plugin: the fake would panic.
func TestWhatIsOutsideTheContractIsNotSent(t *testing.T) {
	t.Parallel()
	p := connected(t, &fake{}, t.Context())
	order := registrar.Order{ID: "1", Kind: "burn", PaidTill: registrar.Date{Year: 2026, Month: 2, Day: 30}}
	_, err := p.Submit(t.Context(), order)
	var e *registrar.Error
	if !errors.As(err, &e) || e.Code != registrar.Invalid || len(e.Problems) != 2 || e.Problems[0].Path != "kind" || e.Problems[1].Path != "paid_till" {
		t.Errorf("Submit: %v", err)
	}
	if v, err := p.Validate(t.Context(), order); err != nil || len(v.Problems) != 2 {
		t.Errorf("Validate: a faulty order is not an error, but %v, %v", v, err)
	}
	if _, err := p.SetRenewal(t.Context(), "a.ru", "sometimes"); !errors.Is(err, registrar.Invalid) {
		t.Errorf("SetRenewal: %v", err)
	}
}

func TestWhatIsOutsideTheContractIsNotBelieved(t *testing.T) {
	t.Parallel()
	f := &fake{
		operation: func(context.Context, registrar.OperationID) (registrar.Operation, error) {
			return registrar.Operation{Kind: registrar.KindRenew, State: "Perhaps"}, nil
		},
		check: func(context.Context, []string) ([]registrar.Availability, error) {
			return []registrar.Availability{{Name: "a.ru"}}, nil
		},
	}
	p := connected(t, f, t.Context())
	if _, err := p.Operation(t.Context(), "1"); !errors.Is(err, registrar.Internal) {
		t.Errorf("an operation that is Perhaps: %v", err)
	}
	if _, err := p.Check(t.Context(), []string{"a.ru"}); !errors.Is(err, registrar.Internal) {
		t.Errorf("a name that is neither available nor not: %v", err)
	}
}

func TestNilAndOtherRegistrants(t *testing.T) {
	t.Parallel()
	var got *registrar.Registrant
	f := &fake{submit: func(_ context.Context, o registrar.Order) (registrar.Operation, error) {
		got = o.Registrant
		return registrar.Operation{Kind: o.Kind, State: registrar.Queued}, nil
	}}
	p := connected(t, f, t.Context())
	for _, want := range []*registrar.Registrant{nil, {Kind: registrar.Person}} {
		if _, err := p.Submit(t.Context(), registrar.Order{Kind: registrar.KindUpdate, Registrant: want}); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("registrant %v arrives as %v", want, got)
		}
	}
}
