package kit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"runtime/debug"
	"slices"

	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// within makes one call to the registrar, within its time limit. A panic of the adapter becomes an error: the
// outcome is unknown, and the store says so.
func within[T any](ctx context.Context, w *worker, hide mask, call func(context.Context) (T, error)) (v T, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.timing.Call)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("the adapter panics", "stack", string(debug.Stack())) // without the panic's value
			err = errors.New("the adapter panics; the log says where")
		}
		if errors.Is(err, ErrNoRecord) {
			err = ErrNoRecord // the usual answer of such a registrar, and not a failure
			return
		}
		if err != nil {
			// The chain of errors ends here: a wrapped error would still contain what the mask hides.
			err = errors.New(hide.of(err.Error()))
		}
		w.heard(err)
	}()
	return call(ctx)
}

// heard records for Health whether the registrar answers.
func (w *worker) heard(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last = ""; err != nil {
		w.last = err.Error()
	}
}

// report returns how the registrar is: by its own report, or as the last call to it ended.
func (w *worker) report() registrar.Component {
	if r, ok := w.remote.(Reporter); ok {
		c := r.Report()
		c.Detail = newMask(w.secrets).of(c.Detail)
		return c
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != "" {
		return registrar.Component{Name: remoteComponent, Detail: w.last}
	}
	return registrar.Component{Name: remoteComponent, OK: true, Detail: "it answered when it was asked last"}
}

// maskFor returns the mask for texts about an order.
func (w *worker) maskFor(o registrar.Order) mask {
	return newMask(slices.Concat(w.secrets, personalOf(o, formsFor(w.adapter, o))))
}

// answer returns the registrar's answer about an operation, masked. An answer that lacks something becomes
// pending, because it is not believed yet.
func (w *worker) answer(ctx context.Context, t store.Task, call func(context.Context, Order) (Answer, error)) Answer {
	hide := w.maskFor(t.Contents)
	o := Order{Order: t.Contents, Reference: t.Reference, Handle: t.Handle}
	a, err := within(ctx, w, hide, func(ctx context.Context) (Answer, error) { return call(ctx, o) })
	if err != nil {
		return Answer{why: err.Error()}
	}

	if code := string(a.facts.AuthCode); code != "" {
		// The code came with this answer, whose words may repeat it.
		hide = newMask(slices.Concat(w.secrets, personalOf(t.Contents, formsFor(w.adapter, t.Contents)), []string{code}))
	}
	a.why, a.reference = hide.of(a.why), hide.of(a.reference)
	if a.outcome == unknown && a.why == "" {
		a.why = "the adapter does not say"
	}
	if a.outcome != done || complete(t, a.facts) {
		return a
	}

	// The registrar's record must show what was done; it never shows a missing code.
	if t.Kind == registrar.KindAuthCode {
		return Answer{outcome: pending, reference: a.reference}
	}
	if a.facts, err = w.read(ctx, t.Domain, hide); err != nil || !complete(t, a.facts) {
		return Answer{outcome: pending, reference: a.reference}
	}
	return a
}

func (w *worker) read(ctx context.Context, domain string, hide mask) (Facts, error) {
	f, err := within(ctx, w, hide, func(ctx context.Context) (Facts, error) { return w.remote.Read(ctx, domain) })
	if err != nil {
		return Facts{}, err
	}
	return f, nil
}

// byHand returns what the staff have to do to carry an order out; "" = it is sent.
func (w *worker) byHand(o registrar.Order) string {
	if s, ok := w.remote.(Staffed); ok {
		return w.maskFor(o).of(s.ByHand(o))
	}
	return ""
}

// found returns the change of the domain's record after a person said that something was done: what the
// registrar has, or, if that can't be read or does not show it yet, the years that were ordered.
func (w *worker) found(ctx context.Context, t store.Task, code registrar.AuthCode) store.Change {
	f, err := w.read(ctx, t.Domain, w.maskFor(t.Contents))
	f.AuthCode = code
	if err == nil && f.Held && complete(t, f) {
		return changeOf(t, f)
	}

	f = Facts{AuthCode: code}
	years := w.adapter.Describe().Term(t.Contents)
	switch {
	case t.Kind.Acquires():
		f.PaidTill = registrar.DateOf(w.now().UTC()).AddYears(years)
	case t.Kind == registrar.KindRenew:
		f.PaidTill = t.Contents.PaidTill.AddYears(years)
	}
	return changeOf(t, f)
}

// available asks which names can be ordered. A name without an answer is not in the map.
func (w *worker) available(ctx context.Context, names []string) map[string]registrar.Availability {
	known := map[string]registrar.Availability{}
	if len(names) == 0 {
		return known
	}

	hide := newMask(w.secrets)
	list, err := within(ctx, w, hide, func(ctx context.Context) ([]registrar.Availability, error) { return w.remote.Check(ctx, names) })
	if err != nil {
		return known
	}

	certain := slices.Contains(w.adapter.Describe().Capabilities, registrar.CapCheck)
	for _, a := range list {
		// A panel takes money for an available name: only an adapter that declares the check may promise one.
		if !slices.Contains(registrar.AvailabilityStatuses(), a.Status) || a.Status == registrar.Available && !certain {
			a.Status = registrar.AvailabilityUnknown
		}
		if !a.Price.IsZero() && !a.Price.Valid() { // without a valid price, nothing can be ordered
			a.Status, a.Price = registrar.AvailabilityUnknown, registrar.Price{}
		}
		a.Reason = registrar.AvailabilityReason(hide.of(string(a.Reason)))
		a.Detail, a.Texts = hide.of(a.Detail), maps.Clone(a.Texts)
		for language, text := range a.Texts {
			a.Texts[language] = hide.of(text)
		}
		known[a.Name] = a
	}
	return known
}

// NeverLeft reports whether an error of net/http, or of a connection, means that nothing of a request has
// left: no connection was made.
func NeverLeft(err error) bool {
	var dial *net.OpError
	var name *net.DNSError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &name)
}

// ErrStatus returns the error for an HTTP status that says nothing about an order's outcome.
func ErrStatus(code int) error { return fmt.Errorf("the registrar answers with HTTP status %d", code) }
