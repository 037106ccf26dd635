package ordering

import (
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// steps are what a person does at R01 for an operation of a kind on a domain: with the client
// that holds it, and for the one who gets it. field-notes 3.4, 3.5, 3.6
func steps(k registrar.OperationKind, d registrar.Domain, gets string) []string {
	var list []string
	name := mailform.Unicode(d.Name)
	switch k {
	case registrar.KindTransfer:
		list = []string{
			"have money on the R01 account, and read the transfer code of the order",
			"in R01's web interface apply for the transfer of " + name + " to client " + gets + " with the code, " + untilTransfer(d.PaidTill),
			"R01 sends a key to the e-mail address or phone that the registry has of the registrant, within 3 business days; it must be confirmed within 5 days of that",
			"when the registry shows R01 the transfer is done here by itself; without whois and zone list resolve it with done",
		}
	case registrar.KindAuthCode:
		list = []string{
			"in R01's web interface ask for the transfer code (AuthInfo) of " + name + ", which client " + d.Handle + " holds; if R01 gives it out to the registrant alone, have the registrant ask for it",
			"another registrar takes the code " + untilTransfer(d.PaidTill) + ": get it before that",
			"no registry shows codes: resolve it with done and the code, or with failed and what R01 says",
		}
	case registrar.KindTrade:
		list = []string{
			"have money on the R01 account, and the present registrant, client " + d.Handle + ", identified at R01",
			"in R01's web interface the present registrant applies for " + name + " to go over to client " + gets + ", " + untilPaid(d.PaidTill),
			"R01 mails instructions to both registrants, and both must follow them; it may ask for documents, and takes only signed originals that are not older than 3 months",
			"no registry shows registrants: when R01 says that it is done resolve it with done, or with failed and the reason",
		}
	case registrar.KindDelete:
		list = []string{
			"have the registrant, client " + d.Handle + ", ask R01 in writing to give " + name + " up: R01 takes only a signed original that is not older than 3 months",
			"R01 takes it " + untilPaid(d.PaidTill) + fmt.Sprintf("; after that it keeps the name for the registrant for %d days, and then deletes it by itself", term.Closes),
			"when the registry has it no more the deletion is done here by itself; without whois and zone list resolve it with done",
		}
	}

	for i := range list {
		list[i] = fmt.Sprintf("step %d of %d: %s", i+1, len(list), list[i])
	}
	return list
}

// untilTransfer says how long a registrar takes an application for a transfer.
func untilTransfer(paidTill registrar.Date) string {
	until := fmt.Sprintf("not later than %d days before it expires", -engine.TransferCloses)
	if last := engine.LastDay(lifecycle.Transfer, paidTill); !last.IsZero() {
		until = "by " + last.String() + ", " + until
	}
	return until
}

// untilPaid says how long R01 does what it does only with domains that are paid for.
func untilPaid(paidTill registrar.Date) string {
	if paidTill.IsZero() {
		return "while it is paid for"
	}
	return "by " + paidTill.String() + ", while it is paid for"
}
