package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
)

// row writes the cells of one line of a table. A line break or control character in a cell
// would break the table, and could come from a mail.
func row(w io.Writer, cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, printable(text(cell), false))
	}
	fmt.Fprintln(w)
}

func text(cell any) string {
	switch v := cell.(type) {
	case *string:
		return orDash(v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05")
	case *time.Time:
		if v == nil {
			return "-"
		}
		return text(*v)
	case []string:
		return strings.Join(v, " ")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(cell)
}

func orDash(v *string) string {
	if v == nil {
		return "-"
	}
	return *v
}

// printable replaces what a terminal might obey; lines keeps line breaks and tabs.
func printable(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case lines && r == '\r':
			return -1
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// block writes text of several lines as it is.
func block(w io.Writer, s string) {
	s = printable(s, true)
	fmt.Fprint(w, strings.TrimRight(s, "\n"), "\n")
}

func orderText(o api.Order) func(io.Writer) {
	return func(w io.Writer) {
		row(w, "order", o.ID)
		row(w, "kind", o.Kind)
		row(w, "domain", o.Unicode)
		row(w, "customer", o.Customer)
		row(w, "registrar", o.Registrar)
		row(w, "state", o.State)
		row(w, "operation", o.Operation)
		if o.Error != nil {
			row(w, "error", o.Error)
		}
	}
}

func ordersText(list []api.Order) func(io.Writer) {
	return func(w io.Writer) {
		row(w, "ORDER", "KIND", "DOMAIN", "CUSTOMER", "STATE", "OPERATION", "ERROR")
		for _, o := range list {
			row(w, o.ID, o.Kind, o.Unicode, o.Customer, o.State, o.Operation, o.Error)
		}
	}
}

func domainsText(list []api.Domain) func(io.Writer) {
	return func(w io.Writer) {
		row(w, "DOMAIN", "STATUS", "PAID TILL", "CUSTOMER", "REGISTRAR", "OPERATION", "ALARMS")
		for _, d := range list {
			row(w, d.Unicode, d.Status, d.PaidTill, d.Customer, d.Registrar, underWay(d.Operation), len(d.Alarms))
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
		row(w, "domain", d.Unicode)
		if d.Unicode != d.Name {
			row(w, "in the DNS", d.Name)
		}
		row(w, "status", d.Status)
		row(w, "customer", d.Customer)
		row(w, "registrar", d.Registrar)
		row(w, "handle", d.Handle)
		row(w, "paid till", d.PaidTill)
		row(w, "renewal", d.Renewal)
		for _, n := range d.Nameservers {
			row(w, "nameserver", strings.TrimSpace(n.Host+" "+strings.Join(n.IPs, " ")))
		}
		if op := d.Operation; op != nil {
			row(w, "operation", op.ID+": "+underWay(op))
			row(w, "waits for", op.WaitsFor)
			if op.Error != nil {
				row(w, "error", op.Error)
			}
		}
		for _, a := range d.Alarms {
			row(w, "ALARM", a.Message+" (since "+text(a.Since)+" UTC)")
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
		cells = append(cells, orders.Unicode(orDash(e.Domain)))
	}
	message := e.Message
	if e.Mail != nil {
		message += " [mail " + *e.Mail + "]"
	}
	row(w, append(cells, e.Actor, e.Level, e.Event, message)...)
}

func operationText(op api.Operation) func(io.Writer) {
	return func(w io.Writer) {
		row(w, "operation", op.ID)
		row(w, "kind", op.Kind)
		row(w, "state", op.State)
		row(w, "waits for", op.WaitsFor)
		row(w, "error", op.Error)
		row(w, "version", op.Version)
		if op.OperationDetails == nil {
			return
		}
		row(w, "domain", orders.Unicode(op.Domain))
		row(w, "order", op.Order)
		row(w, "deadline", op.Deadline)
		if len(op.History) > 0 {
			fmt.Fprintln(w)
		}
		for _, s := range op.History {
			row(w, s.At, s.Actor, s.State, s.Evidence, s.Message)
		}
	}
}

func reviewText(r api.Review) func(io.Writer) {
	return func(w io.Writer) {
		row(w, "entry", r.ID)
		row(w, "received", r.ReceivedAt)
		row(w, "from", r.From)
		row(w, "subject", r.Subject)
		row(w, "reason", r.Reason)
		row(w, "candidates", r.Candidates)
		row(w, "version", r.Version)
		if r.Outcome != nil {
			row(w, "resolved", orDash(r.Outcome)+" by "+orDash(r.ResolvedBy))
		}
		if r.Text != nil {
			fmt.Fprintln(w)
			block(w, *r.Text)
		}
	}
}
