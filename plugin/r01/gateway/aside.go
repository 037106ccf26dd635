package gateway

import (
	"fmt"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// aside is why a mail waits for a person.
type aside struct {
	why     lifecycle.Reason
	text    string         // for people
	request *store.Request // that it seems to be about; nil = it is not known
	alarm   bool           // a person should know at once: it takes back what we hold
}

// unprovedAside is why a mail waits whose sender is not proved.
func unprovedAside(l letter) aside {
	why := lifecycle.NoProof
	if l.proof == lifecycle.Unavailable {
		why = lifecycle.ProofLater
	}
	return aside{why: why, text: "its sender is not proved: " + l.unproved}
}

// asideOf says in words why evidence was not applied.
func (g *Gateway) asideOf(v lifecycle.Verdict, l letter, f finding, doubt string) aside {
	r, res := f.request, f.result
	a := aside{why: v.Reason(), request: &r, alarm: v.Alarm()}
	name := mailform.Unicode(r.Object)
	switch v.Reason() {
	case lifecycle.NotWhole:
		a.text = "nothing of it is applied, for " + doubt
	case lifecycle.NoProof, lifecycle.ProofLater:
		a.text = "its sender is not proved: " + l.unproved
	case lifecycle.NotAbout:
		if a.text = f.other; a.text == "" {
			a.text = "it names client " + res.Handle + ", who is another client of ours"
		}
	case lifecycle.TooOld:
		a.text = fmt.Sprintf("it was written on %s, before the request about %s was sent: it can't answer it", l.made.UTC().Format("2006-01-02 15:04 MST"), name)
	case lifecycle.HintOnly:
		a.text = fmt.Sprintf("it answers no mail of ours and repeats no token, so that it is about the %s is a guess", nounOf(r))
	case lifecycle.HandleOnly:
		a.text = "it names client " + res.Handle + " in place of " + r.Object + ", and answers no mail of ours"
	case lifecycle.NotMoved:
		a.text = fmt.Sprintf("it says that %s is done, paid till %s: as it was before", name, res.PaidTill)
		if r.Kind == lifecycle.Prolong {
			a.text = fmt.Sprintf("it says that %s is renewed and paid till %s, and it was paid till %s before", name, res.PaidTill, r.Base)
		}
	case lifecycle.Implausible:
		a.text = fmt.Sprintf("it says that %s is paid till %s, which this request can't lead to", name, res.PaidTill)
	case lifecycle.Contradicts:
		a.text = fmt.Sprintf("it says %q of %s, which is %s", f.evidence.Event, name, r.State)
		if f.evidence.OtherHandle {
			a.text += fmt.Sprintf(", and names client %s in place of %s", res.Handle, r.Object)
		} else if !res.PaidTill.IsZero() {
			a.text += ", and names paid-till " + res.PaidTill.String()
		}
	default:
		a.text = "it is not tied to a request of ours"
	}
	return a
}

// nounOf names a request for people.
func nounOf(r store.Request) string { return subjects[r.Kind] + mailform.Unicode(r.Object) }

// problemAside is why a mail waits that says nothing that is understood.
func problemAside(text string) aside { return aside{why: lifecycle.Unread, text: text} }

// closeAnswered closes the entries of mails that only hinted at a request, or whose sender was
// not proved, once the registry's record has concluded it. r01-mail 3.7
func (g *Gateway) closeAnswered(tx *store.Tx, r store.Request, source string) error {
	if r.State != registrar.Succeeded {
		return nil
	}
	waiting, err := tx.ReviewsOf(r.ID)
	if err != nil {
		return err
	}
	for _, e := range waiting {
		if e.Why != lifecycle.HintOnly && e.Why != lifecycle.NoProof && e.Why != lifecycle.ProofLater && e.Why != lifecycle.NotMoved {
			continue
		}
		if err := g.closeReview(tx, e, byRegistry, source+" shows the "+nounOf(r)+" carried out"); err != nil {
			return err
		}
		if err := tx.SettleMail(e.Mail, store.MailReview, store.MailIgnored, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// askSoon has the registry asked about a request at its next chance.
func (g *Gateway) askSoon(r store.Request) {
	if !r.Kind.AboutClient() && !r.State.Final() {
		g.askAtOnce(r.Object)
	}
}
