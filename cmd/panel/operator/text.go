package operator

import (
	"fmt"
	"io"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
)

func orderText(o api.Order) func(io.Writer) {
	return func(w io.Writer) {
		command.Fact(w, "order", o.ID)
		command.Fact(w, "kind", command.Word("kind", o.Kind))
		command.Fact(w, "domain", o.Unicode)
		if o.Years != nil {
			command.Fact(w, "years", *o.Years)
		}
		for _, signer := range o.DS {
			command.Fact(w, "DS", signer)
		}
		if len(o.Roles) > 0 {
			command.Fact(w, "contacts", strings.Join(o.Roles, ", "))
		}
		command.Fact(w, "customer", o.Customer)
		command.Fact(w, "registrar", o.Registrar)
		command.Fact(w, "state", command.Word("payment", o.State))
		command.Fact(w, "operation", o.Operation)
		if o.Operation != nil {
			command.Fact(w, "stands", command.Word("state", o.OperationState))
		}
		command.Fact(w, "outcome", command.Word("ended", o.Outcome))
		if o.Reason != nil {
			command.Fact(w, "reason", command.Said(o.Reason))
		}
		if o.Attempt > 1 {
			command.Fact(w, "attempt", o.Attempt)
		}
		if o.WaitsFor != nil {
			command.Fact(w, "waits for", command.Said(o.WaitsFor))
		}
		if o.WaitsUntil != nil {
			command.Fact(w, "until", o.WaitsUntil)
		}
		if o.RefundedAt != nil {
			command.Fact(w, "refunded", o.RefundedAt)
		}
		if then := next(o); then != "" {
			command.Fact(w, "next", command.Said(then))
		}
	}
}

func ordersText(list []api.Order) func(io.Writer) {
	return func(w io.Writer) {
		command.Head(w, "ORDER", "KIND", "DOMAIN", "CUSTOMER", "STATE", "OUTCOME", "OPERATION", "REASON")
		for _, o := range list {
			command.Row(w, o.ID, command.Word("kind", o.Kind), o.Unicode, o.Customer, command.Word("payment", o.State), command.Word("ended", o.Outcome), o.Operation, command.Said(o.Reason))
		}
	}
}

func domainsText(list []api.Domain) func(io.Writer) {
	return func(w io.Writer) {
		command.Head(w, "DOMAIN", "STATUS", "PAID TILL", "CUSTOMER", "REGISTRAR", "OPERATION", "ALARMS")
		for _, d := range list {
			command.Row(w, d.Unicode, command.Word("status", d.Status), d.PaidTill, d.Customer, d.Registrar, underWay(d.Operation), len(d.Alarms))
		}
	}
}

func underWay(op *api.Operation) any {
	if op == nil {
		return "-"
	}
	return command.Together(command.Word("kind", op.Kind), command.Word("state", op.State))
}

func domainText(d api.Domain) func(io.Writer) {
	return func(w io.Writer) {
		command.Fact(w, "domain", d.Unicode)
		if d.Unicode != d.Name {
			command.Fact(w, "in the DNS", d.Name)
		}
		command.Fact(w, "status", command.Word("status", d.Status))
		command.Fact(w, "customer", d.Customer)
		command.Fact(w, "registrar", d.Registrar)
		command.Fact(w, "handle", d.Handle)
		command.Fact(w, "paid till", d.PaidTill)
		command.Fact(w, "renewal", command.Word("renewal", d.Renewal))
		if d.Locked {
			command.Fact(w, "locked", command.Said("transfers to another registrar are refused"))
		}
		for _, n := range d.Nameservers {
			command.Fact(w, "nameserver", strings.TrimSpace(n.Host+" "+strings.Join(n.IPs, " ")))
		}
		if len(d.Registry) > 0 {
			command.Fact(w, "registry", strings.Join(d.Registry, ", "))
		}
		if op := d.Operation; op != nil {
			command.Fact(w, "operation", command.Together(op.ID+":", underWay(op)))
			command.Fact(w, "waits for", command.Said(op.WaitsFor))
			if op.Deadline != nil {
				command.Fact(w, "until", op.Deadline)
			}
			if op.Error != nil {
				command.Fact(w, "error", command.Said(op.Error))
			}
		} else if d.Outcome != nil {
			command.Fact(w, "last", command.Said(*d.Outcome+because(d.Reason)))
		}
		for _, a := range d.Alarms {
			command.Fact(w, "ALARM", command.Said(a.Message+" (since "+command.Text(a.Since)+" UTC)"))
		}
		if len(d.Timeline) > 0 {
			fmt.Fprintln(w)
			for _, e := range d.Timeline {
				command.Row(w, e.At, e.Actor, command.Word("level", e.Level), e.Event, command.Together(command.Said(e.Message), mailed(e)))
			}
		}
	}
}

// entryText writes a line of the Action Log. It is the same in every language, because scripts look for its words.
func entryText(w io.Writer, e api.Entry) {
	command.Row(w, e.At, input.Unicode(command.OrDash(e.Domain)), e.Actor, e.Level, e.Event, command.Together(e.Message, mailed(e)))
}

// mailed names the mail behind an entry.
func mailed(e api.Entry) string {
	if e.Mail == nil {
		return ""
	}
	return "[mail " + *e.Mail + "]"
}

func operationText(op api.Operation) func(io.Writer) {
	return func(w io.Writer) {
		command.Fact(w, "operation", op.ID)
		command.Fact(w, "kind", command.Word("kind", op.Kind))
		command.Fact(w, "state", command.Word("state", op.State))
		command.Fact(w, "waits for", command.Said(op.WaitsFor))
		command.Fact(w, "error", command.Said(op.Error))
		command.Fact(w, "version", op.Version)
		if op.OperationDetails == nil {
			return
		}
		command.Fact(w, "domain", input.Unicode(op.Domain))
		command.Fact(w, "order", op.Order)
		command.Fact(w, "deadline", op.Deadline)
		for _, line := range advised(op.Advice) {
			command.Fact(w, "to do", command.Said(line))
		}
		if len(op.History) > 0 {
			fmt.Fprintln(w)
		}
		for _, s := range op.History {
			command.Row(w, s.At, s.Actor, command.Word("state", s.State), command.Word("evidence", s.Evidence), command.Said(s.Message))
		}
	}
}

func reviewText(r api.Review) func(io.Writer) {
	return func(w io.Writer) {
		command.Fact(w, "entry", r.ID)
		command.Fact(w, "received", r.ReceivedAt)
		command.Fact(w, "from", r.From)
		command.Fact(w, "subject", r.Subject)
		command.Fact(w, "reason", command.Said(r.Reason))
		command.Fact(w, "candidates", r.Candidates)
		command.Fact(w, "version", r.Version)
		if r.Outcome != nil {
			command.Fact(w, "resolved", command.Together(command.Word("outcome", r.Outcome), command.Name("by"), r.ResolvedBy))
		}
		if r.Note != nil {
			command.Fact(w, "because", r.Note)
		}
		if r.Text != nil {
			fmt.Fprintln(w)
			command.Block(w, *r.Text)
		}
	}
}
