package engine

import (
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Describe says what happened in a sentence for the timeline.
func Describe(r store.Request, f Fact) string {
	text := subjects[r.Kind] + mailform.Unicode(r.Object) + ": "
	if f.Event == lifecycle.Done {
		text += done[r.Kind]
	} else {
		text += Happened[f.Event]
	}
	if f.Result.Task != "" && f.Event == lifecycle.Queuing {
		text += " as task " + f.Result.Task
	}
	if !f.Result.PaidTill.IsZero() {
		text += ", paid till " + f.Result.PaidTill.String()
	}
	if f.Note != "" {
		text += " (" + f.Note + ")"
	}
	return text
}

// subjects begin a sentence about a request; its object follows.
var subjects = map[lifecycle.Kind]string{
	lifecycle.NewClient:    "registration of client ",
	lifecycle.NewDomain:    "registration of ",
	lifecycle.Prolong:      "renewal of ",
	lifecycle.UpdateDomain: "update of ",
	lifecycle.UpdateClient: "update of client ",
	lifecycle.Transfer:     "transfer of ",
	lifecycle.AuthCode:     "transfer code of ",
	lifecycle.Trade:        "change of registrant of ",
	lifecycle.Delete:       "deletion of ",
}

// done says what R01 has carried out.
var done = map[lifecycle.Kind]string{
	lifecycle.NewClient:    "R01 has registered the client",
	lifecycle.NewDomain:    "registered and delegated",
	lifecycle.Prolong:      "renewed",
	lifecycle.UpdateDomain: "updated",
	lifecycle.UpdateClient: "updated",
	lifecycle.Transfer:     "transferred to R01",
	lifecycle.AuthCode:     "R01 has given the transfer code out",
	lifecycle.Trade:        "it has its new registrant",
	lifecycle.Delete:       "given up",
}

// Happened says what an event means for the request that its sentence is about.
var Happened = map[lifecycle.Event]string{
	lifecycle.Claimed:   "handing the request to the mail relay",
	lifecycle.Deferred:  "the mail relay did not take the request; it will be tried again",
	lifecycle.Refused:   "the mail relay refused the request",
	lifecycle.Relayed:   "request sent to R01",
	lifecycle.Lost:      "the mail relay's answer was lost: the request may or may not have been sent",
	lifecycle.CopySeen:  "our own copy of the request arrived, so it was sent",
	lifecycle.Bounced:   "the request came back as undeliverable",
	lifecycle.Queuing:   "R01 has queued the request",
	lifecycle.Done:      "R01 has carried it out",
	lifecycle.HalfDone:  "R01 has registered it but not delegated it",
	lifecycle.Rejected:  "R01 rejected the request",
	lifecycle.Unfunded:  "R01 has no funds for it",
	lifecycle.Unauth:    "R01 refused the agreement or its password",
	lifecycle.Doubted:   "R01 says that there is nothing to renew, or not now",
	lifecycle.Overdue:   "no word from R01 within the deadline",
	lifecycle.Confirmed: "the registry shows it carried out",
	lifecycle.SaidDone:  "decided: it was carried out",
	lifecycle.SaidNot:   "decided: it was not carried out",
	lifecycle.Resend:    "decided: to be sent again",
	lifecycle.Released:  "back in the queue",
	lifecycle.Withdrawn: "withdrawn before it was sent",
	lifecycle.Unneeded:  "no longer needed",
	lifecycle.ByHand:    "to be done by hand in R01's web interface",
	lifecycle.Restored:  "the store was restored from a backup: the request may have been sent after the backup was made",
}

// NounOf names a request for people.
func NounOf(r store.Request) string { return subjects[r.Kind] + mailform.Unicode(r.Object) }

// Nouns name the kinds of operations that R01 is asked for.
var Nouns = map[registrar.OperationKind]string{
	registrar.KindRegister: "registration", registrar.KindTransfer: "transfer",
	registrar.KindRenew: "renewal", registrar.KindUpdate: "update",
	registrar.KindAuthCode: "transfer code", registrar.KindTrade: "change of registrant", registrar.KindDelete: "deletion",
}
