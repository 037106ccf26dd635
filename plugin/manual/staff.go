package manual

import (
	"context"
	"time"

	"registrar.panel/plugin/kit"
	"registrar.panel/shared/registrar"
)

// staff are the registrar at the other end. Their decisions say what they do; there is nothing to ask.
type staff struct {
	config
	now func() time.Time
}

var (
	_ kit.Remote   = (*staff)(nil)
	_ kit.Staffed  = (*staff)(nil)
	_ kit.Reporter = (*staff)(nil)
	_ kit.Prober   = (*staff)(nil)
)

// ByHand implements kit.Staffed.
func (s *staff) ByHand(o registrar.Order) string {
	if s.Confirm == atOnce && o.Kind != registrar.KindAuthCode { // a code has to be obtained
		return ""
	}
	return task(o)
}

func task(o registrar.Order) string {
	if o.Kind == registrar.KindAuthCode {
		return "staff to get the transfer code of " + o.Domain + " by hand"
	}
	return "staff to " + string(o.Kind) + " " + o.Domain + " by hand"
}

// Check implements kit.Remote.
func (s *staff) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	answers := make([]registrar.Availability, len(names))
	for i, name := range names {
		answers[i] = registrar.Availability{Name: name, Status: registrar.Available}
		switch s.Lookup {
		case alwaysTaken:
			answers[i].Status = registrar.Taken
		case byWhois:
			answers[i].Status, answers[i].Detail = s.lookUp(ctx, name)
		}
	}
	return answers, nil
}

// Send implements kit.Remote: an order that staff need not carry out is done at once.
func (s *staff) Send(_ context.Context, o kit.Order) (kit.Answer, error) {
	if s.ByHand(o.Order) != "" {
		// The order was accepted while confirm was at_once, which has changed since.
		return kit.NeedsPerson(task(o.Order)), nil
	}

	var f kit.Facts
	switch {
	case o.Kind.Acquires():
		f.PaidTill = registrar.DateOf(s.now().UTC()).AddYears(max(o.Years, 1))
	case o.Kind == registrar.KindRenew:
		f.PaidTill = o.PaidTill.AddYears(max(o.Years, 1))
	}
	return kit.Done(f), nil
}

// Ask implements kit.Remote. Sending again changes nothing anywhere.
func (s *staff) Ask(ctx context.Context, o kit.Order) (kit.Answer, error) { return s.Send(ctx, o) }

// Read implements kit.Remote.
func (s *staff) Read(context.Context, string) (kit.Facts, error) { return kit.Facts{}, kit.ErrNoRecord }

// Report implements kit.Reporter.
func (s *staff) Report() registrar.Component {
	return registrar.Component{Name: "staff", OK: true, Detail: "nothing to connect to"}
}

// Probe implements kit.Prober: it tries the whois servers.
func (s *staff) Probe(ctx context.Context) []registrar.Component {
	list := []registrar.Component{s.Report()}
	for _, w := range s.Whois {
		list = append(list, w.probe(ctx))
	}
	return list
}
