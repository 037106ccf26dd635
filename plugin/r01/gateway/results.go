package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// finding is one result with the request that it may be about, as evidence.
type finding struct {
	result   mailform.Result
	request  store.Request
	evidence lifecycle.Evidence
	other    string // what shows that it is about something else
}

// applyResults matches every result of a mail first, compares what they say of one request,
// and then applies all of them or none. r01-mail 3.8
func (g *Gateway) applyResults(tx *store.Tx, m store.Mail, l letter, b bond) error {
	found, notices, a, err := g.matchAll(tx, l, b)
	if err != nil {
		return err
	}
	if a.text == "" {
		a = g.judgeAll(l, found)
	}
	if a.text != "" {
		return g.wait(tx, m, l, a, found)
	}
	for _, res := range notices {
		if err := g.notice(tx, m, l, res, b.requests); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, alone(b.requests))
	}
	for _, f := range found {
		if err := g.take(tx, m, f); err != nil {
			return err
		}
	}
	return tx.SettleMail(m.ID, store.MailNew, store.MailApplied, found[0].request.ID)
}

// matchAll matches every result; a says why a person must look, if one can't be matched.
func (g *Gateway) matchAll(tx *store.Tx, l letter, b bond) (found []finding, notices []mailform.Result, a aside, err error) {
	for _, res := range l.results {
		event, ok := lifecycle.EventOf(res.Outcome)
		if !ok {
			notices = append(notices, res)
			continue
		}
		some, a, err := g.match(tx, l, b, res, event)
		if err != nil || a.text != "" {
			return some, notices, a, err
		}
		found = append(found, some...)
	}
	return found, notices, aside{}, nil
}

// judgeAll weighs what was found, all of it for all: a says why a person must look, if so.
func (g *Gateway) judgeAll(l letter, found []finding) aside {
	doubt := l.doubt
	if doubt == "" {
		doubt = contradiction(found)
	}
	if len(found) == 0 && l.proof != lifecycle.NotAsked && l.proof != lifecycle.Proved {
		return unprovedAside(l)
	}
	for i := range found {
		found[i].evidence.InDoubt = doubt != ""
	}
	for _, f := range found {
		if v := g.verdict(f.request, f.evidence); v.Action() == lifecycle.Wait {
			return g.asideOf(v, l, f, doubt)
		}
	}
	return aside{}
}

// wait puts a mail before a person, and has the registry asked about what it seems to be about.
func (g *Gateway) wait(tx *store.Tx, m store.Mail, l letter, a aside, found []finding) error {
	for _, f := range found {
		if !f.request.State.Final() && g.verdict(f.request, f.evidence).Ask() {
			g.askSoon(f.request)
		}
	}
	return g.setAside(tx, m, l, a)
}

// take carries out what was weighed. An earlier result of the same mail may have moved the
// request meanwhile, so it is read and weighed once more.
func (g *Gateway) take(tx *store.Tx, m store.Mail, f finding) error {
	r, err := tx.Request(f.request.ID)
	if err != nil {
		return err
	}
	w := fact{event: f.evidence.Event, result: f.result, actor: byRegistrar, evidence: registrar.EvidenceReply, mail: m.ID, reason: reasonOf(f.result)}
	v, err := g.weigh(tx, &r, f.evidence, w)
	if err != nil || v.Action() == lifecycle.Apply {
		return err
	}
	if v.Action() == lifecycle.Amend {
		if err := g.finishObject(tx, r, w, nil); err != nil {
			return err
		}
	}
	return g.note(tx, r, w, "late word: "+describe(r, w))
}

// contradiction compares what results say of one request; "" = they agree.
func contradiction(all []finding) string {
	for i, a := range all {
		for _, b := range all[:i] {
			switch {
			case a.request.ID != b.request.ID:
			case a.evidence.Event != b.evidence.Event:
				return fmt.Sprintf("it says %q and %q of %s", b.evidence.Event, a.evidence.Event, a.request.Object)
			case a.result.PaidTill != b.result.PaidTill, a.result.Task != b.result.Task, !strings.EqualFold(a.result.Handle, b.result.Handle):
				return "it says two things of " + a.request.Object
			}
		}
	}
	return ""
}

// match finds the request that a result is about, or several where it is about a mail as a
// whole, or says why a person must look.
func (g *Gateway) match(tx *store.Tx, l letter, b bond, res mailform.Result, event lifecycle.Event) ([]finding, aside, error) {
	named, binding, alone, err := g.candidate(tx, b, res, event)
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
		if f.evidence, err = g.replySays(tx, l, f, event, binding, alone); err != nil {
			return nil, aside{}, err
		}
		found = append(found, f)
	}
	return found, aside{}, nil
}

// replySays is a result as evidence for a request.
func (g *Gateway) replySays(tx *store.Tx, l letter, f finding, event lifecycle.Event, binding lifecycle.Binding, alone bool) (e lifecycle.Evidence, err error) {
	r, res := f.request, f.result
	event = g.meantBy(r, res, event)
	e = lifecycle.Evidence{Source: lifecycle.FromReply, Event: event, Proof: l.proof, Binding: binding, Alone: alone, Object: lifecycle.SameObject,
		Till: g.tillOf(r, res.PaidTill), OtherHandle: r.Kind == lifecycle.NewClient && res.Handle != "" && !strings.EqualFold(res.Handle, r.Object)}
	switch {
	case f.other != "":
		e.Object = lifecycle.OtherObject
	case res.Domain == "" && res.Handle == "":
		e.Object = lifecycle.NoObject
	}
	if e.OtherHandle && e.Object == lifecycle.SameObject {
		switch c, err := tx.ClientByHandle(res.Handle); {
		case err == nil && c.ID != r.Client:
			e.Object = lifecycle.OtherObject
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return e, err
		}
	}
	if !res.PaidTill.IsZero() && !r.Kind.AboutClient() {
		d, err := tx.DomainRecord(r.Object)
		if err != nil {
			return e, err
		}
		e.LaterTill = d.PaidTill.Before(res.PaidTill)
	}
	if binding == lifecycle.ByThread || binding == lifecycle.ByToken { // so it was written after we sent the request
		if err := g.heardReply(tx, r, l.received); err != nil {
			return e, err
		}
	}
	e.Made, err = l.moment(tx, r)
	return e, err
}

var errAmbiguous = errors.New("several candidates")

// candidate finds what a result is about: what the mail answers, or else, by our own fresh
// handle, the client's request. Anything else that it names is a hint: alone tells that one
// open request alone has that object. r01-mail 3.7
func (g *Gateway) candidate(tx *store.Tx, b bond, res mailform.Result, event lifecycle.Event) (found []store.Request, by lifecycle.Binding, alone bool, err error) {
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
	r, by, err := g.hinted(tx, res)
	if err != nil {
		return nil, "", false, err
	}
	open, err := tx.OpenRequests(r.Object)
	return []store.Request{r}, by, len(open) == 1 && open[0].ID == r.ID, err
}

// inBatch: each domain of a batch is answered by name, or by its task. What names nothing may
// be about the mail as a whole: R01 reads and authorizes it as one. Money and refusals are a
// domain's own.
func inBatch(batch []store.Request, res mailform.Result, event lifecycle.Event) []store.Request {
	for _, r := range batch {
		if r.Object == res.Domain || res.Domain == "" && res.Task != "" && r.Task == res.Task {
			return []store.Request{r}
		}
	}
	if res.Domain == "" && res.Handle == "" && res.Task == "" && (event == lifecycle.Queuing || event == lifecycle.Unauth) {
		return batch
	}
	return nil
}

// hinted finds a request by our own fresh handle, whatever else is named with it; or else by
// what a stranger may know of it: the one that is open, or the one that was last sent.
func (g *Gateway) hinted(tx *store.Tx, res mailform.Result) (store.Request, lifecycle.Binding, error) {
	if r, err := freshlyNamed(tx, res.Handle); err == nil || !errors.Is(err, store.ErrNotFound) {
		return r, lifecycle.ByHandle, err
	}
	if res.Task != "" {
		if r, err := tx.RequestByTask(res.Task); err == nil || !errors.Is(err, store.ErrNotFound) {
			return r, lifecycle.ByHint, err
		}
	}

	objects := slices.DeleteFunc([]string{res.Handle, res.Domain}, func(o string) bool { return o == "" })
	for _, object := range objects {
		open, err := tx.OpenRequests(object)
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
		r, err := tx.LastRequest(object)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return r, lifecycle.ByHint, err
		}
	}
	return store.Request{}, "", store.ErrNotFound
}

// freshlyNamed finds the open request of a client whose handle we made for it.
func freshlyNamed(tx *store.Tx, handle string) (store.Request, error) {
	if handle == "" {
		return store.Request{}, store.ErrNotFound
	}
	open, err := tx.OpenRequests(handle)
	if err != nil || len(open) != 1 || open[0].Kind != lifecycle.NewClient {
		return store.Request{}, cmp.Or(err, store.ErrNotFound)
	}
	return open[0], nil
}

func reasonOf(res mailform.Result) string {
	if res.Message != "" {
		return res.Message
	}
	return string(res.Outcome)
}

// unfit says why a result can't be about the request it was matched to: another object, or
// another kind of action; "" = it can. A result that names nothing fits when it is the only one.
func unfit(r store.Request, res mailform.Result, results int) string {
	about := "it is about %s, and the request it answers is about " + r.Object
	nameless := res.Domain == "" && res.Handle == ""
	switch {
	case r.Kind.AboutClient() && res.Domain != "":
		return fmt.Sprintf(about, res.Domain)
	case !r.Kind.AboutClient() && res.Domain != "" && res.Domain != r.Object:
		return fmt.Sprintf(about, res.Domain)
	case !r.Kind.AboutClient() && res.Domain == "" && res.Handle != "":
		return fmt.Sprintf(about, "client "+res.Handle)
	case nameless && results > 1 && r.Batch == "" && (res.Task == "" || r.Task != res.Task):
		return "one of its results names neither domain nor handle"
	case r.Task != "" && res.Task != "" && res.Task != r.Task:
		return fmt.Sprintf("it is about task %s, and R01 queued the request as task %s", res.Task, r.Task)
	case !compatible(r.Kind, string(res.Action)):
		return fmt.Sprintf("it is about %s, and the request it answers is a %s", res.Action, r.Kind)
	case r.Kind == lifecycle.UpdateClient && res.Handle != "" && !strings.EqualFold(r.Object, res.Handle),
		r.Kind == lifecycle.NewClient && !sameKindOfHandle(r.Object, res.Handle):
		return fmt.Sprintf(about, "client "+res.Handle)
	}
	return ""
}

// sameKindOfHandle: R01 may spell our handle its own way, but not turn a person into an
// organization. r01-mail 2.8
func sameKindOfHandle(ours, theirs string) bool {
	if theirs == "" || strings.EqualFold(ours, theirs) {
		return true
	}
	kind, _ := mailform.KindOfHandle(ours)
	theirKind, ok := mailform.KindOfHandle(theirs)
	return ok && kind == theirKind
}

func compatible(k lifecycle.Kind, action string) bool {
	want := map[lifecycle.Kind]string{
		lifecycle.NewClient: "NEW", lifecycle.NewDomain: "NEW", lifecycle.Prolong: "PROLONG",
		lifecycle.UpdateDomain: "UPDATE", lifecycle.UpdateClient: "UPDATE", lifecycle.Transfer: "TRANSFER",
	}[k]
	return action == "" || strings.EqualFold(action, want)
}
