package registrar

// Advice is something that a person can do next, as data: each front end words it, by its own
// commands or buttons. The text beside it says as much without; an action that a front end does not
// know it leaves out.
type Advice struct {
	Action     AdviceAction
	Parameters map[string]string // by the names that the action lists; nil = none
}

// AdviceAction is what to do. New ones may come.
type AdviceAction string

const (
	AdviseReadCode      AdviceAction = "read-code"      // read the transfer code of an order, to give it to the registrar: order
	AdviseByHand        AdviceAction = "by-hand"        // carry out at the registrar what was ordered, by the steps of the history: kind, domain, and until, the last day, if there is one
	AdviseGiveCode      AdviceAction = "give-code"      // decide that the transfer code was got, with the code: operation
	AdviseSettings      AdviceAction = "settings"       // correct settings of this registrar: settings, as its schema names them, with commas between
	AdviseReadMails     AdviceAction = "read-mails"     // read the mails that wait for a person
	AdviseReadStrangers AdviceAction = "read-strangers" // read the mails of strangers
	AdviseCompare       AdviceAction = "compare"        // compare the domains that are known here with the registrar's own list
	AdviseImport        AdviceAction = "import"         // take a domain over that is ours: domain, and paid_till if it is known

	AdviseSeeOperation AdviceAction = "see-operation" // see how an operation stands, that of the request which has waited longest for an answer: operation, domain
)

// AdviceActions lists every action.
func AdviceActions() []AdviceAction {
	return []AdviceAction{AdviseReadCode, AdviseByHand, AdviseGiveCode, AdviseSettings, AdviseReadMails, AdviseReadStrangers, AdviseCompare, AdviseImport, AdviseSeeOperation}
}
