package registrarrpc

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// untouched is a plugin that no call may reach.
type untouched struct{ registrar.Plugin }

// powerless is a registrar without any optional power. What it is not asked for panics.
type powerless struct{ registrar.Registrar }

func (powerless) Drain(context.Context) error { return nil }

func (powerless) Domain(_ context.Context, name string) (registrar.Domain, error) {
	return registrar.Domain{Name: name}, nil
}

// starting is a plugin that starts what it is given, and declares what it is told to.
type starting struct {
	registrar.Plugin
	what     registrar.Registrar
	declares []registrar.Capability
	starts   int
	err      error
}

func (s *starting) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "starting", Capabilities: s.declares}, nil
}

func (*starting) Configure(context.Context, registrar.Settings) error { return nil }

func (s *starting) Start(context.Context) (registrar.Registrar, error) {
	s.starts++
	return s.what, s.err
}

// calls are all that a service answers when a registrar is at work, without arguments to speak of.
func calls(ctx context.Context, s registrar.Hosted) map[string]func() error {
	return map[string]func() error{
		"Health":    func() error { _, err := s.Health(ctx); return err },
		"Validate":  func() error { _, err := s.Validate(ctx, registrar.Order{}); return err },
		"Check":     func() error { _, err := s.Check(ctx, nil); return err },
		"Submit":    func() error { _, err := s.Submit(ctx, registrar.Order{}); return err },
		"Operation": func() error { _, err := s.Operation(ctx, "1"); return err },
		"Resolve":   func() error { _, err := s.Resolve(ctx, registrar.Decision{}); return err },
		"Domain":    func() error { _, err := s.Domain(ctx, "a.ru"); return err },
		"Domains":   func() error { _, err := s.Domains(ctx, registrar.Page{}); return err },
		"Events":    func() error { return first(s.Events(ctx, 0)) },
	}
}

// powers are the calls of optional powers, by capability.
func powers(ctx context.Context, s registrar.Service) map[registrar.Capability]map[string]func() error {
	type calls = map[string]func() error
	return map[registrar.Capability]map[string]func() error{
		registrar.CapRenewals: calls{
			"SetRenewal":  func() error { _, err := s.SetRenewal(ctx, "a.ru", registrar.RenewAuto); return err },
			"RunRenewals": func() error { _, err := s.RunRenewals(ctx, true); return err }},
		registrar.CapHandles: calls{
			"Handles":      func() error { _, err := s.Handles(ctx, "c"); return err },
			"AdoptHandle":  func() error { _, err := s.AdoptHandle(ctx, "c", "h"); return err },
			"ImportDomain": func() error { _, err := s.ImportDomain(ctx, registrar.Import{}); return err }},
		registrar.CapReviews: calls{
			"Reviews":       func() error { _, err := s.Reviews(ctx); return err },
			"Review":        func() error { _, err := s.Review(ctx, "1"); return err },
			"ResolveReview": func() error { _, err := s.ResolveReview(ctx, registrar.ReviewDecision{}); return err },
			"ReviewRule":    func() error { _, err := s.ReviewRule(ctx, "1"); return err }},
		registrar.CapMail: calls{
			"Mail":      func() error { _, err := s.Mail(ctx, "1"); return err },
			"RawMail":   func() error { _, err := s.RawMail(ctx, "1"); return err },
			"Recognise": func() error { _, err := s.Recognise(ctx, nil); return err }},
		registrar.CapQueue: calls{
			"ReviewPage":     func() error { _, err := s.ReviewPage(ctx, registrar.ReviewQuery{}); return err },
			"MailPage":       func() error { _, err := s.MailPage(ctx, registrar.MailQuery{}); return err },
			"ResolveReviews": func() error { _, err := s.ResolveReviews(ctx, registrar.ReviewsDecision{}); return err },
			"IgnoredSenders": func() error { _, err := s.IgnoredSenders(ctx); return err },
			"HeedSender":     func() error { return s.HeedSender(ctx, "a@b.example", "me") }},
		registrar.CapBackup: calls{"Backup": func() error { return s.Backup(ctx, "/nowhere") }},
		registrar.CapErase:  calls{"Erase": func() error { _, err := s.Erase(ctx, registrar.ErasureQuery{}); return err }},
		registrar.CapKeys:   calls{"RotateKeys": func() error { _, err := s.RotateKeys(ctx); return err }},
		registrar.CapCodes:  calls{"TransferCode": func() error { _, err := s.TransferCode(ctx, "1"); return err }},

		registrar.CapRefresh:  calls{"Refresh": func() error { _, err := s.Refresh(ctx, "a.ru"); return err }},
		registrar.CapContacts: calls{"Contacts": func() error { _, err := s.Contacts(ctx, "a.ru"); return err }},
	}
}

func first(events iter.Seq2[registrar.Event, error]) error {
	for _, err := range events {
		return err
	}
	return nil
}

// allCalls are calls and powers together.
func allCalls(ctx context.Context, s registrar.Hosted) map[string]func() error {
	all := calls(ctx, s)
	for _, power := range powers(ctx, s) {
		maps.Copy(all, power)
	}
	return all
}

// Nothing reaches a plugin too early or too late.
func TestGateOfAPluginThatIsNotAtWork(t *testing.T) {
	t.Parallel()

	g := Gate(untouched{})
	early := allCalls(t.Context(), g)
	early["Start"] = func() error { return g.Start(t.Context()) }
	early["Probe"] = func() error { _, err := g.Probe(t.Context(), false); return err }
	for name, call := range early {
		if err := call(); !errors.Is(err, registrar.NotReady) {
			t.Errorf("%s before Configure: %v", name, err)
		}
	}

	if err := g.Drain(t.Context()); err != nil {
		t.Errorf("Drain of what was never started: %v", err)
	}

	late := allCalls(t.Context(), g)
	late["Describe"] = func() error { _, err := g.Describe(t.Context()); return err }
	late["Form"] = func() error { _, err := g.Form(t.Context(), registrar.FormQuery{}); return err }
	late["Configure"] = func() error { return g.Configure(t.Context(), registrar.Settings{}) }
	late["Start"] = func() error { return g.Start(t.Context()) }
	for name, call := range late {
		if err := call(); !errors.Is(err, registrar.Draining) {
			t.Errorf("%s after Drain: %v", name, err)
		}
	}
}

// A power is answered if the registrar declares it and has it, and no other.
func TestGateOfPowers(t *testing.T) {
	t.Parallel()

	for _, declared := range []bool{true, false} {
		p := &starting{what: &fake{drain: func(context.Context) error { return nil }}}
		if declared {
			p.declares = registrar.Capabilities()
		}

		g := atWorkIn(t, p, "")
		for c, power := range powers(t.Context(), g) {
			for name, call := range power {
				err := reached(call)
				if have := errors.Is(err, errReached); have != declared || !declared && !errors.Is(err, registrar.Unsupported) {
					t.Errorf("%s, of %s, which is declared: %v: %v", name, c, declared, err)
				}
			}
		}
	}

	g := atWorkIn(t, &starting{what: powerless{}}, "")
	if d, err := g.Domain(t.Context(), "a.ru"); err != nil || d.Name != "a.ru" {
		t.Errorf("a registrar without powers: %v, %v", d, err)
	}
}

var errReached = errors.New("it reached the registrar")

// reached calls a fake that panics when it is reached.
func reached(call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errReached
		}
	}()
	return call()
}

func atWorkIn(t *testing.T, p registrar.Plugin, dir string) registrar.Hosted {
	t.Helper()
	g := Gate(p)
	if err := errors.Join(g.Configure(t.Context(), registrar.Settings{DataDir: dir}), g.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	return g
}

// A plugin that declares more than it has does not begin.
func TestGateOfAPromiseThatIsNotKept(t *testing.T) {
	t.Parallel()
	g := Gate(&starting{what: powerless{}, declares: []registrar.Capability{registrar.CapCheck, registrar.CapBackup}})
	if err := g.Configure(t.Context(), registrar.Settings{}); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); !errors.Is(err, registrar.Internal) {
		t.Errorf("Start: %v", err)
	}
	if _, err := g.Domain(t.Context(), "a.ru"); !errors.Is(err, registrar.NotReady) {
		t.Errorf("afterwards: %v", err)
	}
}

// One instance at a time works on a data directory; at work nothing is configured, and Start is
// harmless.
func TestGateLocks(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	p := &starting{what: powerless{}}
	one := atWorkIn(t, p, dir)
	if err := one.Start(t.Context()); err != nil || p.starts != 1 {
		t.Errorf("a second Start: %v, %d starts", err, p.starts)
	}
	if err := one.Configure(t.Context(), registrar.Settings{}); !errors.Is(err, registrar.Precondition) {
		t.Errorf("Configure at work: %v", err)
	}

	second := &starting{what: powerless{}, err: registrar.Errorf(registrar.Unavailable, "the database is away")}
	other := Gate(second)
	if err := other.Configure(t.Context(), registrar.Settings{DataDir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := other.Start(t.Context()); !errors.Is(err, registrar.Locked) || second.starts != 0 {
		t.Errorf("a second instance: %v, %d starts", err, second.starts)
	}
	if err := one.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	for range 2 { // what fails to start leaves no lock behind
		if err := other.Start(t.Context()); !errors.Is(err, registrar.Unavailable) {
			t.Errorf("an instance that can't start: %v", err)
		}
	}
	second.err = nil
	if err := other.Start(t.Context()); err != nil {
		t.Errorf("once the first is drained: %v", err)
	}
}

// What a plugin can recognise it recognises before it is at work, too.
func TestGateOfRecognition(t *testing.T) {
	t.Parallel()

	says := func(kind string) *fake {
		return &fake{recognise: func(context.Context, []byte) (registrar.Recognition, error) {
			return registrar.Recognition{Kind: kind}, nil
		},
			describe: func(context.Context) (registrar.Description, error) {
				return registrar.Description{Capabilities: registrar.Capabilities()}, nil
			}}
	}
	p := struct {
		plugged
		registrar.Recogniser
	}{plugged{says("at work")}, says("by the mail alone")}

	g := Gate(p)
	if err := g.Configure(t.Context(), registrar.Settings{}); err != nil {
		t.Fatal(err)
	}
	before, err := g.Recognise(t.Context(), nil)
	if err != nil || before.Kind != "by the mail alone" {
		t.Errorf("before Start: %v, %v", before, err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	at, err := g.Recognise(t.Context(), nil)
	if err != nil || at.Kind != "at work" {
		t.Errorf("at work: %v, %v", at, err)
	}
}

// The list of capabilities is that of the optional interfaces.
func TestCapabilitiesOf(t *testing.T) {
	t.Parallel()
	if have := registrar.CapabilitiesOf(powerless{}); len(have) != 0 {
		t.Errorf("a registrar without powers has %v", have)
	}
	all := append(registrar.CapabilitiesOf((*fake)(nil)), registrar.CapCheck)
	for _, c := range registrar.Capabilities() {
		if !slices.Contains(all, c) {
			t.Errorf("no interface stands for %s", c)
		}
	}
}
