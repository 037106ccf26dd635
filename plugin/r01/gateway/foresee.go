package gateway

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Recognise reports how a captured mail would be understood and what would become of it, by the
// very weighing that a mail from the mailbox goes through. It changes nothing. Without a store
// it supposes that the request which the mail seems to be about waits for an answer.
func (g *Gateway) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	o := opened{Mail: store.Mail{At: g.now()}, raw: bytes.Clone(raw)}
	g.prepare(ctx, &o)
	rec := recognition(o)
	if g.store == nil {
		g.suppose(&rec, o)
		return rec, nil
	}
	rec.Stored = true
	err := g.store.Read(ctx, func(tx *store.Tx) error { return g.foresee(tx, &rec, o) })
	return rec, fault(err, "captured mail")
}

// recognition is what a mail says of itself.
func recognition(o opened) registrar.Recognition {
	l := o.letter
	rec := registrar.Recognition{Subject: mailform.Mask(l.Subject), Kind: string(l.Kind), Doubt: l.doubt, Proof: registrar.Proof(l.proof), ProofDetail: l.unproved}
	if len(l.From) > 0 {
		rec.From = l.From[0]
	}
	switch {
	case o.problem != "":
		rec.Kind = "unreadable: " + o.problem
	case len(l.results) > 0: // robots say of their replies that no person wrote them
		rec.Kind = string(message.Ordinary)
	}
	for _, r := range l.results {
		rec.Results = append(rec.Results, registrar.RecognisedResult{Rule: r.Rule, Outcome: r.Outcome, Domain: r.Domain,
			Handle: r.Handle, Task: r.Task, Message: mailform.Mask(r.Message), State: r.State, PaidTill: r.PaidTill})
	}
	return rec
}

// foresee is apply, without doing it.
func (g *Gateway) foresee(tx *store.Tx, rec *registrar.Recognition, o opened) error {
	l := o.letter
	ours, err := tx.RequestsByMessageID(l.MessageID)
	if err != nil {
		return err
	}
	twins, err := tx.Twins("", l.likeness())
	if err != nil {
		return err
	}
	b, err := g.bind(tx, l)
	if err != nil {
		return err
	}
	if rec.Bindings, err = g.bindings(tx, l, b); err != nil {
		return err
	}
	switch {
	case len(ours) > 0:
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is our own copy of a request"
		for _, r := range ours {
			if r.State == registrar.Sending || r.State == registrar.Uncertain {
				rec.Fate, rec.Reason = registrar.FateApply, "it is our own copy of the "+nounOf(r)+", so that was sent"
			}
		}
	case g.ofOurs(l) && g.isForgotten(l):
		waits(rec, "it is our own copy of a request that was sent after the backup was made")
	case g.ofOurs(l):
		rec.Fate, rec.Reason = registrar.FateIgnore, "we sent it ourselves"
	case o.problem == "" && repeats(twins):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is known: it came before"
	case l.Kind == message.Bounce:
		return g.foreseeBounce(tx, rec, l)
	default:
		return g.foreseeReply(tx, rec, o, b, twins)
	}
	return nil
}

// ofOurs reports whether a mail is one that we sent: a test mail, or a loop.
func (g *Gateway) ofOurs(l letter) bool {
	return from(l.From, g.settings.Callback) && l.Kind != message.Bounce && g.ownMessageID(l.MessageID)
}

func (g *Gateway) foreseeReply(tx *store.Tx, rec *registrar.Recognition, o opened, b bond, twins []store.Twin) error {
	l := o.letter
	switch {
	case len(l.results) == 0 && len(b.requests) == 0 && l.automatic() && !g.fromRobot(l):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is automatic, and asks for nothing of ours"
	case o.problem != "":
		waits(rec, o.problem)
	case b.answers(twins):
		waits(rec, "a mail with the same Message-ID came before, and said something else")
	case b.by == lifecycle.Against:
		waits(rec, b.against)
	case len(l.results) == 0:
		g.waitsUnread(rec, l)
	default:
		found, _, a, err := g.matchAll(tx, l, b)
		if err != nil {
			return err
		}
		g.foretell(rec, l, found, a)
	}
	return nil
}

func waits(rec *registrar.Recognition, why string) {
	rec.Fate, rec.Reason = registrar.FateWait, why
}

// waitsUnread is a mail without results.
func (g *Gateway) waitsUnread(rec *registrar.Recognition, l letter) {
	switch {
	case l.proof == lifecycle.Missing || l.proof == lifecycle.Unavailable:
		waits(rec, unprovedAside(l).text)
	case l.doubt != "":
		waits(rec, "nothing of it is applied, for "+l.doubt)
	default:
		waits(rec, "no rule recognises it")
	}
}

// foretell says what would become of results.
func (g *Gateway) foretell(rec *registrar.Recognition, l letter, found []finding, a aside) {
	if a.text == "" {
		a = g.judgeAll(l, found)
	}
	if a.text != "" {
		waits(rec, a.text)
		return
	}
	rec.Fate = registrar.FateNote
	rec.Reason = "it asks for nothing"
	for _, f := range found {
		v := g.verdict(f.request, f.evidence)
		if d, applies := v.Decision(); applies {
			rec.Fate, rec.Reason = registrar.FateApply, fmt.Sprintf("the %s becomes %s", nounOf(f.request), d.State())
			return
		}
		rec.Reason = "a late word about the " + nounOf(f.request)
	}
}

func (g *Gateway) foreseeBounce(tx *store.Tx, rec *registrar.Recognition, l letter) error {
	ours, err := g.bounced(tx, l)
	if err != nil {
		return err
	}
	if len(ours) == 0 {
		waits(rec, "it is a bounce of no request of ours")
		return nil
	}
	rec.Bindings = nil
	for _, r := range ours {
		some, err := operationsBound(tx, registrar.BindingThread, r.MessageID, r)
		if err != nil {
			return err
		}
		rec.Bindings = append(rec.Bindings, some...)
	}
	rec.Fate, rec.Reason = registrar.FateNote, "the report changes nothing"
	for _, r := range ours {
		e, err := g.bounceSays(tx, l, r)
		if err != nil {
			return err
		}
		switch v := g.verdict(r, e); v.Action() {
		case lifecycle.Wait:
			waits(rec, bounceAside(v, l, r).text)
			return nil
		case lifecycle.Apply:
			rec.Fate, rec.Reason = registrar.FateApply, "the "+nounOf(r)+" came back: R01 never got it"
		}
	}
	return nil
}

// bindings lists what ties a mail to requests, strongest first.
func (g *Gateway) bindings(tx *store.Tx, l letter, b bond) (all []registrar.Binding, err error) {
	switch b.by {
	case lifecycle.Against:
		all = append(all, registrar.Binding{By: registrar.BindingAgainst, Value: b.against})
	case lifecycle.ByThread, lifecycle.ByToken:
		by := registrar.BindingKind(b.by)
		for _, r := range b.requests {
			value := r.MessageID
			if b.by == lifecycle.ByToken {
				value = r.Token
			}
			some, err := operationsBound(tx, by, value, r)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	for _, res := range l.results {
		r, by, err := g.hinted(tx, res)
		clue, named := clueOf(res, registrar.BindingHint)
		switch {
		case !named:
		case err != nil: // of no known request, or of several
			all = append(all, clue)
		default:
			if by == lifecycle.ByHandle {
				clue.By, clue.Value = registrar.BindingHandle, res.Handle
			}
			some, err := operationsBound(tx, clue.By, clue.Value, r)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// clueOf is what a result names.
func clueOf(res mailform.Result, by registrar.BindingKind) (registrar.Binding, bool) {
	for _, name := range []string{res.Handle, res.Domain, res.Task} {
		if name != "" {
			return registrar.Binding{By: by, Value: name}, true
		}
	}
	return registrar.Binding{}, false
}

// operationsBound are a binding to each operation of a request.
func operationsBound(tx *store.Tx, by registrar.BindingKind, value string, r store.Request) ([]registrar.Binding, error) {
	ops, err := tx.OperationsOf(r.ID)
	if err != nil {
		return nil, err
	}
	all := []registrar.Binding{}
	for _, op := range ops {
		all = append(all, registrar.Binding{By: by, Value: value, Operation: op.ID})
	}
	if len(all) == 0 { // they went on with another request
		all = append(all, registrar.Binding{By: by, Value: value})
	}
	return all, nil
}

// suppose judges a mail by what it carries: no store says whose it is.
func (g *Gateway) suppose(rec *registrar.Recognition, o opened) {
	l := o.letter
	rec.Bindings = g.carried(l)
	switch {
	case g.ownMessageID(l.MessageID):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it has the Message-ID of a mail of ours"
	case l.Kind == message.Bounce:
		waits(rec, "it is a report on delivery: whether it is about a request of ours only the store can tell")
	case len(l.results) == 0 && l.automatic() && !g.fromRobot(l):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is automatic, and asks for nothing of ours"
	case o.problem != "":
		waits(rec, o.problem)
	case len(rec.Bindings) > 0 && rec.Bindings[0].By == registrar.BindingAgainst:
		waits(rec, rec.Bindings[0].Value)
	case len(l.results) == 0:
		g.waitsUnread(rec, l)
	default:
		found, a := g.supposed(l, rec.Bindings)
		g.foretell(rec, l, found, a)
	}
}

// carried lists what a mail carries that may tie it to a request.
func (g *Gateway) carried(l letter) (all []registrar.Binding) {
	add := func(by registrar.BindingKind, value string) {
		all = append(all, registrar.Binding{By: by, Value: value})
	}
	if to := g.otherRecipient(l); to != "" {
		add(registrar.BindingAgainst, "it is addressed to "+to+" and not to us")
	}
	foreign := ""
	for _, id := range append(append([]string{}, l.InReplyTo...), l.References...) {
		if g.ownMessageID(id) {
			add(registrar.BindingThread, id)
			foreign = ""
			break
		}
		foreign = id
	}
	for _, token := range tokens(l.Subject + "\n" + l.Text) {
		add(registrar.BindingToken, token)
	}
	if foreign != "" {
		all = append([]registrar.Binding{{By: registrar.BindingAgainst, Value: "it answers " + foreign + ", which is no mail of ours"}}, all...)
	}
	for _, res := range l.results {
		clue, named := clueOf(res, registrar.BindingHint)
		if named && strings.HasPrefix(res.Handle, g.settings.Handles.Prefix+"_") && kindOf(res) == lifecycle.NewClient {
			clue.By = registrar.BindingHandle
		}
		if named {
			all = append(all, clue)
		}
	}
	return all
}

// supposed are findings for requests that are as the results need them.
func (g *Gateway) supposed(l letter, carried []registrar.Binding) (found []finding, a aside) {
	by := map[registrar.BindingKind]lifecycle.Binding{registrar.BindingThread: lifecycle.ByThread, registrar.BindingToken: lifecycle.ByToken,
		registrar.BindingHandle: lifecycle.ByHandle, registrar.BindingHint: lifecycle.ByHint}
	for _, res := range l.results {
		event, moves := lifecycle.EventOf(res.Outcome)
		if !moves {
			continue
		}
		if len(carried) == 0 {
			return nil, aside{why: lifecycle.NotBound, text: "nothing ties it to a request"}
		}
		clue, named := clueOf(res, registrar.BindingHint)
		r := store.Request{ID: clue.Value, Kind: kindOf(res), Object: clue.Value, State: registrar.Sent, ClaimedAt: l.made}
		if r.Kind == lifecycle.Prolong && !res.PaidTill.IsZero() {
			r.Base = res.PaidTill.AddYears(-1)
		}
		e := lifecycle.Evidence{Source: lifecycle.FromReply, Event: event, Proof: l.proof, Binding: by[carried[0].By], Alone: true,
			Object: lifecycle.SameObject, Made: lifecycle.After, Till: g.tillOf(r, res.PaidTill)}
		if l.made.IsZero() {
			e.Made = lifecycle.NoDate
		}
		if !named {
			e.Object = lifecycle.NoObject
		}
		found = append(found, finding{result: res, request: r, evidence: e})
	}
	return found, aside{}
}

// kindOf is what a result seems to answer.
func kindOf(res mailform.Result) lifecycle.Kind {
	client := res.Domain == "" && res.Handle != ""
	switch strings.ToUpper(string(res.Action)) {
	case "PROLONG":
		return lifecycle.Prolong
	case "TRANSFER":
		return lifecycle.Transfer
	case "UPDATE":
		if client {
			return lifecycle.UpdateClient
		}
		return lifecycle.UpdateDomain
	}
	if client {
		return lifecycle.NewClient
	}
	return lifecycle.NewDomain
}
