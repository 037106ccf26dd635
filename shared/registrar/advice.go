package registrar

// Advice is something that a person can do next, as data: each front end phrases it with its own commands
// or buttons. The text beside it is complete by itself; a front end leaves out an action that it does not
// know.
type Advice struct {
	Action     AdviceAction
	Parameters map[string]string // by the names that are listed with the action; nil = none
}

// AdviceAction is what to do, with the parameters that are named after the colon. New actions may come.
type AdviceAction string

const (
	// Read the transfer code of an order, to give it to the registrar: order.
	AdviseReadCode AdviceAction = "read-code"
	// Carry the order out at the registrar, by the steps of the history: kind, domain, and until, the last
	// day, if there is one.
	AdviseByHand AdviceAction = "by-hand"
	// Decide that the transfer code was obtained, and pass it: operation.
	AdviseGiveCode AdviceAction = "give-code"
	// Correct settings of this registrar: settings, as its schema names them, separated by commas.
	AdviseSettings AdviceAction = "settings"
	// Read the mails that wait for a person.
	AdviseReadMails AdviceAction = "read-mails"
	// Read the mails of strangers.
	AdviseReadStrangers AdviceAction = "read-strangers"
	// Compare the domains that are known here with the registrar's own list.
	AdviseCompare AdviceAction = "compare"
	// Take over a domain that is ours: domain, and paid_till if it is known.
	AdviseImport AdviceAction = "import"

	// See how an operation stands, the one whose request has waited longest for an answer: operation,
	// domain.
	AdviseSeeOperation AdviceAction = "see-operation"
)

// AdviceActions lists every action.
func AdviceActions() []AdviceAction {
	return []AdviceAction{AdviseReadCode, AdviseByHand, AdviseGiveCode, AdviseSettings, AdviseReadMails, AdviseReadStrangers, AdviseCompare, AdviseImport, AdviseSeeOperation}
}
