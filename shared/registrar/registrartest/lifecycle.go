package registrartest

import (
	"context"
	"errors"
	"os"
	"time"

	"registrar.panel/shared/registrar"
)

var lifecycleChecks = []check{
	{Rule{ID: "lifecycle/not-ready", Level: Must,
		Demand: "A call that needs a registrar at work answers NotReady before Start, and so does Start before Configure.", Place: "NotReady, Plugin",
		Remedy: "Ask one function for the working parts in every method, and let it say what is missing. In Go, registrarrpc does."}, isNotReady},
	{Rule{ID: "lifecycle/idle", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Nothing is written before Start.", Place: "Plugin.Configure, Plugin.Start",
		Remedy: "Open the store and take the lock in Start."}, isIdle},
	{Rule{ID: "lifecycle/reconfigure", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Configure is refused with Precondition while the registrar is at work.", Place: "Plugin.Configure",
		Remedy: "Settings change by a new instance: refuse them once Start has succeeded. In Go, registrarrpc does."}, keepsSettings},
	{Rule{ID: "lifecycle/drained", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A drained registrar answers Draining, to Start as well.", Place: "Hosted.Drain",
		Remedy: "Remember that Drain was called, and ask before anything else. In Go, registrarrpc does."}, staysDrained},
	{Rule{ID: "lifecycle/drain-again", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Drain may be called again, and before Start.", Place: "Hosted.Drain",
		Remedy: "Let a Drain with nothing to stop return nil."}, drainsAgain},
	{Rule{ID: "lifecycle/locked", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A second instance on the same data directory is refused with Locked, and may Start once the first is drained.", Place: "Plugin.Start, Locked",
		Remedy: "Take an exclusive lock (flock) on a file in DataDir in Start, and release it in Drain. In Go, registrarrpc does."}, locks},
	{Rule{ID: "lifecycle/lost-store", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Start fails where there is no store and Create is false.", Place: "Settings.Create",
		Remedy: "Make the store only when Create permits it: an empty one would forget what was paid for."}, missesStore},
	{Rule{ID: "lifecycle/health", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Health of a registrar at work lists its components, each with a name of its own, and does so within a second.", Place: "Registrar.Health",
		Remedy: "Report what is known already; ask no other system."}, isHealthy},
}

// calls returns calls of the methods that need a registrar at work.
func (e *exam) calls(l *life) map[string]func() error {
	return map[string]func() error{
		"Submit":    func() error { _, err := l.Submit(e.ctx, e.bare()); return err },
		"Operation": func() error { _, err := l.Operation(e.ctx, "conformance"); return err },
		"Resolve": func() error {
			_, err := l.Resolve(e.ctx, registrar.Decision{Operation: "conformance", Version: "conformance", Verdict: registrar.VerdictDone, By: "conformance"})
			return err
		},
		"Domain":  func() error { _, err := l.Domain(e.ctx, "conformance."+e.tld()); return err },
		"Domains": func() error { _, err := l.Domains(e.ctx, registrar.Page{}); return err },
		"Events": func() error {
			for _, err := range l.Events(e.ctx, 0) {
				return err
			}
			return nil
		},
	}
}

// bare returns the best order that can be made without a form, for a registrar that does not answer.
func (e *exam) bare() registrar.Order {
	o, err := e.order(noForms{})
	if err != nil {
		return registrar.Order{ID: e.orderID(), Kind: registrar.KindRegister, Domain: e.domain()}
	}
	return o
}

// noForms is a catalogue whose forms have no fields.
type noForms struct{ registrar.Catalogue }

func (noForms) Form(context.Context, registrar.FormQuery) (registrar.Form, error) {
	return registrar.Form{}, nil
}

// answers demands a code of every call. Submit may find the order invalid first.
func (e *exam) answers(l *life, when string, want registrar.Code) {
	for name, call := range e.calls(l) {
		err := call()
		if name == "Submit" && errors.Is(err, registrar.Invalid) {
			continue
		}
		e.mustBe(name+" "+when, err, want)
	}
}

func isNotReady(e *exam) error {
	l, err := e.open()
	if err != nil {
		return err
	}
	e.answers(l, "before Configure", registrar.NotReady)
	e.mustBe("Start before Configure", l.Start(e.ctx), registrar.NotReady)
	if e.subject.Config == nil {
		return nil
	}
	if err := e.configure(l, true); err != nil {
		return err
	}
	e.answers(l, "before Start", registrar.NotReady)
	return nil
}

func isIdle(e *exam) error {
	l, err := e.configured(true)
	if err != nil {
		return err
	}
	files, err := os.ReadDir(l.dir)
	for _, f := range files {
		e.broken("before Start the data directory holds %s", f.Name())
	}
	return err
}

func keepsSettings(e *exam) error {
	l, err := e.working()
	if err == nil {
		e.mustBe("Configure at work", e.configure(l, false), registrar.Precondition)
	}
	return err
}

func staysDrained(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	if err := l.Drain(e.ctx); err != nil {
		e.broken("Drain: %s", told(err))
	}
	e.answers(l, "after Drain", registrar.Draining)
	e.mustBe("Start after Drain", l.Start(e.ctx), registrar.Draining)
	return nil
}

func drainsAgain(e *exam) error {
	idle, err := e.configured(true)
	if err != nil {
		return err
	}

	if err := idle.Drain(e.ctx); err != nil {
		e.broken("Drain before Start: %s", told(err))
	}

	e.end(idle)
	l, err := e.working()
	if err != nil {
		return err
	}

	for _, time := range []string{"first", "second", "third"} {
		if err := l.Drain(e.ctx); err != nil {
			e.broken("the %s Drain: %s", time, told(err))
		}
	}

	return nil
}

func locks(e *exam) error {
	first, err := e.working()
	if err != nil {
		return err
	}
	second, err := e.configured(false)
	if err != nil {
		return err
	}
	e.mustBe("Start of a second instance", second.Start(e.ctx), registrar.Locked)
	if err := first.Drain(e.ctx); err != nil {
		return err
	}
	if err := second.Start(e.ctx); err != nil {
		e.broken("Start after the first instance was drained: %s", told(err))
	}
	return nil
}

func missesStore(e *exam) error {
	l, err := e.configured(false)
	if err != nil {
		return err
	}
	if err := l.Start(e.ctx); err == nil {
		e.broken("Start without a store, and without leave to make one: it was accepted")
	}
	return nil
}

func isHealthy(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(e.ctx, e.subject.Patience)
	defer cancel()

	began := time.Now()
	health, err := l.Health(ctx)
	if took := time.Since(began); err != nil || took > time.Second || len(health) == 0 {
		e.broken("Health lists %d components after %s: %v", len(health), took.Round(time.Millisecond), err)
	}

	seen := map[string]bool{}
	for _, c := range health {
		if c.Name == "" || seen[c.Name] {
			e.broken("a component is called %q", c.Name)
		}
		seen[c.Name] = true
	}

	return nil
}
