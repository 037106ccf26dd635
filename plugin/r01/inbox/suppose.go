package inbox

import (
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// suppose judges a mail by what it carries: there is no store that knows its request.
func (fs *Foresight) suppose(rec *registrar.Recognition, o reading) {
	l := o.letter
	rec.Bindings = fs.carried(l)

	switch {
	case fs.reader.ownMessageID(l.MessageID):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it has the Message-ID of a mail of ours"
	case l.Kind == message.Bounce:
		waits(rec, "it is a report on delivery: whether it is about a request of ours only the store can tell")
	case len(l.results) == 0 && l.automatic() && !fs.reader.fromRobot(l):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is automatic, and asks for nothing of ours"
	case o.problem != "":
		waits(rec, o.problem)
	case len(rec.Bindings) > 0 && rec.Bindings[0].By == registrar.BindingAgainst:
		waits(rec, rec.Bindings[0].Value)
	case len(l.results) == 0:
		fs.waitsUnread(rec, l)
	default:
		found, a := fs.supposed(l, rec.Bindings)
		fs.foretell(rec, l, found, a)
	}
}

// carried lists what a mail carries that may tie it to a request.
func (fs *Foresight) carried(l letter) (all []registrar.Binding) {
	add := func(by registrar.BindingKind, value string) {
		all = append(all, registrar.Binding{By: by, Value: value})
	}

	if to := fs.reader.otherRecipient(l); to != "" {
		add(registrar.BindingAgainst, "it is addressed to "+to+" and not to us")
	}

	foreign := ""
	for _, id := range append(append([]string{}, l.InReplyTo...), l.References...) {
		// One mail of ours is enough, whatever else the mail refers to.
		if fs.reader.ownMessageID(id) {
			add(registrar.BindingThread, id)
			foreign = ""
			break
		}
		foreign = id
	}

	for _, token := range Tokens(l.Subject + "\n" + l.Text) {
		add(registrar.BindingToken, token)
	}

	// First, as in bind, which asks what speaks against a mail before what ties it to a request.
	if foreign != "" {
		all = append([]registrar.Binding{{By: registrar.BindingAgainst, Value: "it answers " + foreign + ", which is no mail of ours"}}, all...)
	}

	for _, res := range l.results {
		clue, named := clueOf(res, registrar.BindingHint)
		if named && strings.HasPrefix(res.Handle, fs.settings.Handles.Prefix+"_") && kindOf(res) == lifecycle.NewClient {
			clue.By = registrar.BindingHandle
		}
		if named {
			all = append(all, clue)
		}
	}

	return all
}

// supposed returns findings for requests that are as the results need them.
func (fs *Foresight) supposed(l letter, carried []registrar.Binding) (found []finding, a aside) {
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
		// What only a store knows is assumed in the mail's favour, for example that the request is older.
		r := store.Request{ID: clue.Value, Kind: kindOf(res), Object: clue.Value, State: registrar.Sent, ClaimedAt: l.made}
		if r.Kind == lifecycle.Prolong && !res.PaidTill.IsZero() {
			r.Base = res.PaidTill.AddYears(-1)
		}

		e := lifecycle.Evidence{Source: lifecycle.FromReply, Event: event, Proof: l.proof, Binding: by[carried[0].By], Alone: true,
			Object: lifecycle.SameObject, Made: lifecycle.After, Till: fs.engine.TillOf(r, res.PaidTill)}

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

// kindOf returns the kind of request that a result seems to answer.
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
