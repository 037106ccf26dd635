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
		command.Row(w, "order", o.ID)
		command.Row(w, "kind", o.Kind)
		command.Row(w, "domain", o.Unicode)
		command.Row(w, "customer", o.Customer)
		command.Row(w, "registrar", o.Registrar)
		command.Row(w, "state", o.State)
		command.Row(w, "operation", o.Operation)
		if o.Operation != nil {
			command.Row(w, "stands", o.OperationState)
		}
		command.Row(w, "outcome", o.Outcome)
		if o.Reason != nil {
			command.Row(w, "reason", o.Reason)
		}
		if o.Attempt > 1 {
			command.Row(w, "attempt", o.Attempt)
		}
		if o.WaitsFor != nil {
			command.Row(w, "waits for", o.WaitsFor)
		}
		if o.WaitsUntil != nil {
			command.Row(w, "until", o.WaitsUntil)
		}
		if o.RefundedAt != nil {
			command.Row(w, "refunded", o.RefundedAt)
		}
		if then := next(o); then != "" {
			command.Row(w, "next", then)
		}
	}
}

func ordersText(list []api.Order) func(io.Writer) {
	return func(w io.Writer) {
		command.Row(w, "ORDER", "KIND", "DOMAIN", "CUSTOMER", "STATE", "OUTCOME", "OPERATION", "REASON")
		for _, o := range list {
			command.Row(w, o.ID, o.Kind, o.Unicode, o.Customer, o.State, o.Outcome, o.Operation, o.Reason)
		}
	}
}

func domainsText(list []api.Domain) func(io.Writer) {
	return func(w io.Writer) {
		command.Row(w, "DOMAIN", "STATUS", "PAID TILL", "CUSTOMER", "REGISTRAR", "OPERATION", "ALARMS")
		for _, d := range list {
			command.Row(w, d.Unicode, d.Status, d.PaidTill, d.Customer, d.Registrar, underWay(d.Operation), len(d.Alarms))
		}
	}
}

func underWay(op *api.Operation) string {
	if op == nil {
		return "-"
	}
	return op.Kind + " " + op.State
}

func domainText(d api.Domain) func(io.Writer) {
	return func(w io.Writer) {
		command.Row(w, "domain", d.Unicode)
		if d.Unicode != d.Name {
			command.Row(w, "in the DNS", d.Name)
		}
		command.Row(w, "status", d.Status)
		command.Row(w, "customer", d.Customer)
		command.Row(w, "registrar", d.Registrar)
		command.Row(w, "handle", d.Handle)
		command.Row(w, "paid till", d.PaidTill)
		command.Row(w, "renewal", d.Renewal)
		for _, n := range d.Nameservers {
			command.Row(w, "nameserver", strings.TrimSpace(n.Host+" "+strings.Join(n.IPs, " ")))
		}
		if len(d.Registry) > 0 {
			command.Row(w, "registry", strings.Join(d.Registry, ", "))
		}
		if op := d.Operation; op != nil {
			command.Row(w, "operation", op.ID+": "+underWay(op))
			command.Row(w, "waits for", op.WaitsFor)
			if op.Deadline != nil {
				command.Row(w, "until", op.Deadline)
			}
			if op.Error != nil {
				command.Row(w, "error", op.Error)
			}
		} else if d.Outcome != nil {
			command.Row(w, "last", *d.Outcome+because(d.Reason))
		}
		for _, a := range d.Alarms {
			command.Row(w, "ALARM", a.Message+" (since "+command.Text(a.Since)+" UTC)")
		}
		if len(d.Timeline) > 0 {
			fmt.Fprintln(w)
			for _, e := range d.Timeline {
				entryText(w, e, false)
			}
		}
	}
}

func entryText(w io.Writer, e api.Entry, withDomain bool) {
	cells := []any{e.At}
	if withDomain {
		cells = append(cells, input.Unicode(command.OrDash(e.Domain)))
	}
	message := e.Message
	if e.Mail != nil {
		message += " [mail " + *e.Mail + "]"
	}
	command.Row(w, append(cells, e.Actor, e.Level, e.Event, message)...)
}

func operationText(op api.Operation) func(io.Writer) {
	return func(w io.Writer) {
		command.Row(w, "operation", op.ID)
		command.Row(w, "kind", op.Kind)
		command.Row(w, "state", op.State)
		command.Row(w, "waits for", op.WaitsFor)
		command.Row(w, "error", op.Error)
		command.Row(w, "version", op.Version)
		if op.OperationDetails == nil {
			return
		}
		command.Row(w, "domain", input.Unicode(op.Domain))
		command.Row(w, "order", op.Order)
		command.Row(w, "deadline", op.Deadline)
		for _, line := range advised(op.Advice) {
			command.Row(w, "to do", line)
		}
		if len(op.History) > 0 {
			fmt.Fprintln(w)
		}
		for _, s := range op.History {
			command.Row(w, s.At, s.Actor, s.State, s.Evidence, s.Message)
		}
	}
}

func reviewText(r api.Review) func(io.Writer) {
	return func(w io.Writer) {
		command.Row(w, "entry", r.ID)
		command.Row(w, "received", r.ReceivedAt)
		command.Row(w, "from", r.From)
		command.Row(w, "subject", r.Subject)
		command.Row(w, "reason", r.Reason)
		command.Row(w, "candidates", r.Candidates)
		command.Row(w, "version", r.Version)
		if r.Outcome != nil {
			command.Row(w, "resolved", command.OrDash(r.Outcome)+" by "+command.OrDash(r.ResolvedBy))
		}
		if r.Note != nil {
			command.Row(w, "because", r.Note)
		}
		if r.Text != nil {
			fmt.Fprintln(w)
			command.Block(w, *r.Text)
		}
	}
}
