package inbox

import (
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/engine"
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

// applyResults first matches every result of a mail, compares what they say about one request,
// and then applies all of them or none. r01-mail 3.8
func (in *Inbox) applyResults(tx *store.Tx, m store.Mail, l letter, b bond) error {
	found, notices, a, err := in.matcher.matchAll(tx, l, b)
	if err != nil {
		return err
	}

	if a.text == "" {
		a = in.matcher.judgeAll(l, found)
	}
	if a.text != "" {
		return in.wait(tx, m, l, b, a, found)
	}

	// Only now, because nothing in a mail in doubt is reported as R01's word.
	for _, res := range notices {
		if err := in.notice(tx, m, l, res, b.requests); err != nil {
			return err
		}
	}

	if len(found) == 0 {
		return in.settled(tx, m, l, store.MailIgnored, b.requests...)
	}

	for i, f := range found {
		if i > 0 { // an earlier result of this mail may have moved it since it was weighed
			if f.request, err = tx.Requests.Get(f.request.ID); err != nil {
				return err
			}
		}
		if err := in.take(tx, m, f); err != nil {
			return err
		}
	}

	return in.settled(tx, m, l, store.MailApplied, found[0].request)
}

// matchAll matches every result; a says why a person must look if one can't be matched.
func (mt *Matcher) matchAll(tx *store.Tx, l letter, b bond) (found []finding, notices []mailform.Result, a aside, err error) {
	for _, res := range l.results {
		event, ok := lifecycle.EventOf(res.Outcome)
		if !ok {
			notices = append(notices, res)
			continue
		}
		some, a, err := mt.match(tx, l, b, res, event)
		if err != nil || a.text != "" {
			return some, notices, a, err
		}
		found = append(found, some...)
	}
	return found, notices, aside{}, nil
}

// judgeAll weighs all findings before any is applied, and returns why a person must look, if one must.
func (mt *Matcher) judgeAll(l letter, found []finding) aside {
	doubt := l.doubt
	if doubt == "" {
		doubt = contradiction(found)
	}
	// Even a notice is reported as R01's word.
	if len(found) == 0 && l.proof != lifecycle.NotAsked && l.proof != lifecycle.Proved {
		return unprovedAside(l)
	}

	for i := range found {
		// A doubt about one result is a doubt about the mail.
		found[i].evidence.InDoubt = doubt != ""
	}
	for _, f := range found {
		if v := mt.engine.Verdict(f.request, f.evidence); v.Action() == lifecycle.Wait {
			return mt.asideOf(v, l, f, doubt)
		}
	}
	return aside{}
}

// wait puts a mail before a person, and has the registry asked about the objects that it seems to be about.
func (in *Inbox) wait(tx *store.Tx, m store.Mail, l letter, b bond, a aside, found []finding) error {
	for _, f := range found {
		if !f.request.State.Final() && in.engine.Verdict(f.request, f.evidence).Ask() {
			in.askSoon(f.request)
		}
	}
	return in.setAside(tx, m, l, b, a)
}

// take weighs a finding again, for the request as it is now, and carries out the result.
func (in *Inbox) take(tx *store.Tx, m store.Mail, f finding) error {
	r := f.request
	w := engine.Fact{Event: f.evidence.Event, Result: f.result, Actor: engine.ByRegistrar, Evidence: registrar.EvidenceReply, Mail: m.ID, Reason: reasonOf(f.result)}
	v, err := in.engine.Weigh(tx, &r, f.evidence, w)
	if err != nil || v.Action() == lifecycle.Apply {
		return err
	}
	// The result names a later expiry: the record takes it, and the request stays as concluded. r01-mail 3.9
	if v.Action() == lifecycle.Amend {
		if err := in.engine.FinishObject(tx, r, w, nil); err != nil {
			return err
		}
	}
	return in.timeline.Note(tx, r, w, "late word: "+engine.Describe(r, w))
}

// contradiction compares what results say about one request; "" = they agree.
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
