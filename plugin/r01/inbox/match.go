package inbox

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// Matcher finds what a mail says about which request. It changes nothing.
type Matcher struct {
	engine   *engine.Engine
	clock    *engine.Clock
	recovery *engine.Recovery
	reader   *Reader
	now      func() time.Time
}

// NewMatcher composes a matcher.
func NewMatcher(en *engine.Engine, rc *engine.Recovery, r *Reader, now func() time.Time) *Matcher {
	return &Matcher{engine: en, clock: en.Clock, recovery: rc, reader: r, now: now}
}

// match finds the request that a result is about, or several if the result is about a mail as a
// whole, or says why a person must look.
func (mt *Matcher) match(tx *store.Tx, l letter, b bond, res mailform.Result, event lifecycle.Event) ([]finding, aside, error) {
	named, binding, alone, err := mt.candidate(tx, b, res, event)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, aside{why: lifecycle.NotBound, text: "it belongs to no open request of ours"}, nil
	case errors.Is(err, errAmbiguous):
		return nil, aside{why: lifecycle.NotBound, text: "it may belong to several requests"}, nil
	case err != nil:
		return nil, aside{}, err
	}

	var found []finding
	for _, r := range named {
		f := finding{result: res, request: r, other: unfit(r, res, len(l.results))}
		if f.evidence, err = mt.replySays(tx, l, f, event, binding, alone); err != nil {
			return nil, aside{}, err
		}
		found = append(found, f)
	}

	return found, aside{}, nil
}

// replySays returns a result as evidence for a request.
func (mt *Matcher) replySays(tx *store.Tx, l letter, f finding, event lifecycle.Event, binding lifecycle.Binding, alone bool) (e lifecycle.Evidence, err error) {
	r, res := f.request, f.result
	event = mt.meantBy(r, res, event)
	e = lifecycle.Evidence{Source: lifecycle.FromReply, Event: event, Proof: l.proof, Binding: binding, Alone: alone, Object: lifecycle.SameObject,
		Till: mt.engine.TillOf(r, res.PaidTill), OtherHandle: r.Kind == lifecycle.NewClient && res.Handle != "" && !strings.EqualFold(res.Handle, r.Object)}
	switch {
	case f.other != "":
		e.Object = lifecycle.OtherObject
	case res.Domain == "" && res.Handle == "":
		e.Object = lifecycle.NoObject
	}

	if e.OtherHandle && e.Object == lifecycle.SameObject {
		// R01 may spell our handle differently, but not like that of another client of ours. r01-mail 2.8
		switch c, err := tx.Clients.ByHandle(res.Handle); {
		case err == nil && c.ID != r.Client:
			e.Object = lifecycle.OtherObject
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return e, err
		}
	}

	if !res.PaidTill.IsZero() && !r.Kind.AboutClient() {
		d, err := tx.Domains.Record(r.Object)
		if err != nil {
			return e, err
		}
		e.LaterTill = d.PaidTill.Before(res.PaidTill)
	}

	if binding == lifecycle.ByThread || binding == lifecycle.ByToken { // so it was written after we sent the request
		if err := mt.clock.HeardReply(tx, r, l.received); err != nil {
			return e, err
		}
	}

	e.Made, err = l.moment(tx, r)
	return e, err
}

var errAmbiguous = errors.New("several candidates")

// candidate finds what a result is about: what the mail answers, or else, by our own fresh handle, the client's
// request. Any other name is a hint; alone reports that only one open request has that object. r01-mail 3.7
func (mt *Matcher) candidate(tx *store.Tx, b bond, res mailform.Result, event lifecycle.Event) (found []store.Request, by lifecycle.Binding, alone bool, err error) {
	switch {
	case len(b.requests) == 1:
		return b.requests, b.by, false, nil
	case len(b.requests) > 1:
		found = inBatch(b.requests, res, event)
		if len(found) == 0 {
			err = store.ErrNotFound
		}
		return found, b.by, false, err
	}
	r, by, err := mt.hinted(tx, res)
	if err != nil {
		return nil, "", false, err
	}
	open, err := tx.Requests.Open(r.Object)
	return []store.Request{r}, by, len(open) == 1 && open[0].ID == r.ID, err
}

// hinted finds a request by our own fresh handle, whatever else is named with it; or else by
// what a stranger may know of a request: then the open one, or the one that was last sent.
func (mt *Matcher) hinted(tx *store.Tx, res mailform.Result) (store.Request, lifecycle.Binding, error) {
	if r, err := freshlyNamed(tx, res.Handle); err == nil || !errors.Is(err, store.ErrNotFound) {
		return r, lifecycle.ByHandle, err
	}

	// A task number belongs to one request; a domain may have had several.
	if res.Task != "" {
		if r, err := tx.Requests.ByTask(res.Task); err == nil || !errors.Is(err, store.ErrNotFound) {
			return r, lifecycle.ByHint, err
		}
	}

	objects := slices.DeleteFunc([]string{res.Handle, res.Domain}, func(o string) bool { return o == "" })
	for _, object := range objects {
		open, err := tx.Requests.Open(object)
		switch {
		case err != nil:
			return store.Request{}, "", err
		case len(open) > 1:
			return store.Request{}, "", errAmbiguous
		case len(open) == 1:
			return open[0], lifecycle.ByHint, nil
		}
	}

	for _, object := range objects {
		r, err := tx.Requests.Last(object)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return r, lifecycle.ByHint, err
		}
	}

	return store.Request{}, "", store.ErrNotFound
}

// freshlyNamed finds the open request of a client by the handle that we made for the client.
func freshlyNamed(tx *store.Tx, handle string) (store.Request, error) {
	if handle == "" {
		return store.Request{}, store.ErrNotFound
	}
	open, err := tx.Requests.Open(handle)
	if err != nil || len(open) != 1 || open[0].Kind != lifecycle.NewClient {
		return store.Request{}, cmp.Or(err, store.ErrNotFound)
	}
	return open[0], nil
}
