package console

import (
	"slices"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// fold removes the alarms that only repeat the operation or the failed order. It keeps the time since when they stand.
func (d *domain) fold() {
	d.Alarms = slices.DeleteFunc(slices.Clone(d.Alarms), func(a api.Alarm) bool {
		if !d.says(a.Message) {
			return false
		}
		// The earliest beginning is kept, because neither the operation nor the order says it.
		if d.Stands.IsZero() || a.Since.Before(d.Stands) {
			d.Stands = a.Since
		}
		return true
	})
}

// says reports whether the page says all of an alarm's words without it: what the operation waits
// for, with or without its error; or that the order has failed, with the reason.
func (d domain) says(message string) bool {
	if op := d.Doing; op != nil && op.WaitsFor != nil {
		return message == *op.WaitsFor || op.Error != nil && message == *op.WaitsFor+": "+*op.Error
	}
	if o := d.Failed; o != nil && o.Reason != nil {
		before, found := strings.CutSuffix(message, ": "+*o.Reason)
		return found && strings.HasSuffix(before, " failed")
	}
	return false
}

// Explained reports whether the page explains the status below its name, by the operation or the
// failed order that has caused the status.
func (d domain) Explained() bool {
	switch registrar.DomainStatus(d.Status) {
	case registrar.StatusRegistering, registrar.StatusTransferring:
		return d.Doing != nil
	case registrar.StatusError:
		return d.Failed != nil
	}
	return false
}

// episode is a part of the story: the entries about one operation, or about none, the newest first.
type episode struct {
	Operation string
	Entries   []api.Entry
	Mails     map[string]string // the mails behind the entries, by ID
}

// episodes divides a timeline where another operation begins, and reverses it. An entry without an operation,
// such as an alarm, joins the operation in whose midst it came, or that operation's heading would appear twice.
func episodes(timeline []api.Entry) (all []episode) {
	for _, e := range slices.Backward(timeline) {
		operation := text(e.Operation)
		e.Operation = nil // the heading leads there

		if n := len(all); n > 1 && operation != "" && all[n-1].Operation == "" && all[n-2].Operation == operation {
			all[n-2].Entries = append(all[n-2].Entries, all[n-1].Entries...)
			all = all[:n-1]
		}
		if n := len(all); n == 0 || all[n-1].Operation != operation {
			all = append(all, episode{Operation: operation})
		}
		last := &all[len(all)-1]
		last.Entries = append(last.Entries, e)
	}
	return all
}

// foldInto adds the mails behind the newest entries.
func (v *visit) foldInto(all []episode) {
	var behind []*string
	for _, e := range all {
		for _, entry := range e.Entries {
			behind = append(behind, entry.Mail)
		}
	}
	mails := v.folded(behind)
	for i := range all {
		all[i].Mails = mails
	}
}
