package inbox

import (
	"context"
	"errors"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// How many mails, the newest ones, a suggested rule is tried on, and how many that it recognises are shown.
const (
	mostTried   = 300
	mostMatches = 20
)

// ReviewRule suggests a rule that would recognise such a mail, and tries the rule on the stored mails.
func (dk *Desk) ReviewRule(ctx context.Context, id registrar.ReviewID) (rule registrar.SuggestedRule, err error) {
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		in, outcome, err := dk.toRecognise(tx, id)
		if err != nil {
			return err
		}
		if in == nil {
			rule.Why = "no rule is suggested: the mail repeats a request of ours, with personal data"
			return nil
		}

		suggested, alone := mailform.SuggestRule(*in, outcome)
		if rule = suggested; alone == nil {
			return nil
		}
		return dk.try(tx, alone, &rule)
	})
	return rule, engine.Fault(err, "review "+string(id))
}

// toRecognise returns the mail of an entry as rules see it, and the outcome that it was read
// as; nil = the mail holds personal data, which must not get into a rule.
func (dk *Desk) toRecognise(tx *store.Tx, id registrar.ReviewID) (*mailform.Input, registrar.ReplyOutcome, error) {
	e, err := tx.Reviews.Get(id)
	if err != nil {
		return nil, "", err
	}
	_, msg, err := dk.show(tx, e)
	if err != nil {
		return nil, "", err
	}
	requests, err := requestsNamed(tx, e.Mail)
	if err != nil {
		return nil, "", err
	}

	msg.Shown = msg.Text // no rule looks at what is quoted
	subject, text, err := dk.readable(tx, msg, requests)
	if err != nil || subject != msg.Subject || text != msg.Text {
		return nil, "", err
	}
	outcome := e.Outcome
	if outcome == "" {
		outcome = registrar.ReplyNotice
	}
	return &mailform.Input{From: msg.From, Subject: msg.Subject, Text: msg.Text}, outcome, nil
}

// try reads the newest received mails by this rule alone.
func (dk *Desk) try(tx *store.Tx, alone *mailform.Recogniser, rule *registrar.SuggestedRule) error {
	mails, err := tx.Mails.ListReceived(mostTried)
	if err != nil {
		return err
	}

	for _, m := range mails {
		raw, err := tx.Mails.Raw(m.ID)
		if errors.Is(err, store.ErrRemoved) {
			continue
		}
		if err != nil {
			return err
		}
		rule.Tried++
		msg, err := message.Parse(raw[:min(len(raw), mostRead)])
		if err != nil {
			continue
		}

		reading := alone.Recognise(mailform.Input{From: msg.From, Subject: msg.Subject, Text: msg.Text})
		if len(reading.Results) == 0 {
			continue
		}
		// All matches are counted, and the newest are shown.
		if rule.Matched++; rule.Matched > mostMatches {
			continue
		}
		match, err := dk.match(tx, m, msg, reading.Results[0])
		if err != nil {
			return err
		}
		rule.Matches = append(rule.Matches, match)
	}
	return nil
}

func (dk *Desk) match(tx *store.Tx, m store.Mail, msg message.Message, r mailform.Result) (registrar.RuleMatch, error) {
	requests, err := requestsNamed(tx, m.ID)
	if err != nil {
		return registrar.RuleMatch{}, err
	}
	subject, err := dk.redactor.Redact(tx, mailform.Mask(msg.Subject), requests...)
	return registrar.RuleMatch{Mail: m.ID, At: m.At, From: strings.Join(msg.From, ", "), Subject: subject,
		Outcome: r.Outcome, Domain: r.Domain, State: registrar.MailState(m.State)}, err
}
