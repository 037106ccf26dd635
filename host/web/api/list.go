package api

import "time"

// RepeatedHeader is "true" if a request repeated one that had been carried out.
const RepeatedHeader = "Idempotent-Replayed"

// KeyHeader names a request, so that it can be repeated.
const KeyHeader = "Idempotency-Key"

// Judgement is the result of judging an order that was not placed.
type Judgement struct {
	Valid     bool      `json:"valid"`     // the order would be taken
	Registrar *string   `json:"registrar"` // which registrar would carry it out
	Problems  []Problem `json:"problems"`  // what is wrong, all at once
	Notes     []Problem `json:"notes"`     // what to know before; they hinder nothing
	Preview   *string   `json:"preview"`   // what would be sent first, masked
}

// OpenOperation is an operation that is under way, with its domain.
type OpenOperation struct {
	ID        string  `json:"id"`
	Kind      string  `json:"kind"`
	State     string  `json:"state"`
	Domain    string  `json:"domain"` // ACE
	Unicode   string  `json:"unicode"`
	Customer  string  `json:"customer"`
	Registrar string  `json:"registrar"`
	WaitsFor  *string `json:"waits_for"`
	Error     *string `json:"error"`
	Version   *string `json:"version"`
}

// UnderWay is how many operations are under way in one state.
type UnderWay struct {
	State  string     `json:"state"`
	Count  int        `json:"count"`
	Oldest *time.Time `json:"oldest"` // when the oldest of them was begun; null = not known
}

// Action is something that a person can do.
type Action struct {
	Does    string `json:"does"`
	Command string `json:"command"` // of the panel's command line, with all IDs
	Code    string `json:"code"`    // the same for programs: show | upgrade | resolve | done | failed | resend | retry | refund | dismiss
}

// Status is the panel at a glance.
type Status struct {
	Version   string         `json:"version"`
	Time      time.Time      `json:"time"`
	Domains   map[string]int `json:"domains"` // by status
	Orders    map[string]int `json:"orders"`  // those that are not concluded, by state
	Due       Due            `json:"due"`
	Failed    int            `json:"failed"`    // orders that are paid and have failed, the dismissed ones included
	Attention int            `json:"attention"` // entries of GET /api/v1/attention

	Acknowledged int      `json:"acknowledged"` // entries that are shown apart, with acknowledged=1
	Plugins      []Plugin `json:"plugins"`
}

// CustomerSummary counts what there is of a customer.
type CustomerSummary struct {
	ID         string `json:"id"`
	Domains    int    `json:"domains"` // that are ours
	Orders     int    `json:"orders"`
	OpenOrders int    `json:"open_orders"` // those that are not concluded
}

// Due counts the domains that are paid till a day at most, including those that have expired.
type Due struct {
	Today  int `json:"today"`
	Days7  int `json:"days_7"`
	Days30 int `json:"days_30"`
	Days60 int `json:"days_60"`
}

// DueDay counts our domains that are paid till a day, by renewal mode.
type DueDay struct {
	Day    string `json:"day"`
	Auto   int    `json:"auto"`
	Manual int    `json:"manual"`
}

// Webhook is how far the Action Log has been delivered to a receiver of plugin.hcl.
type Webhook struct {
	Name         string     `json:"name"`
	Told         int64      `json:"told"`     // the last entry that was delivered, or given up
	Attempts     int        `json:"attempts"` // that failed, for the next entry
	FailingSince *time.Time `json:"failing_since"`
	NextAt       *time.Time `json:"next_at"` // of the next attempt
	Error        *string    `json:"error"`   // of the last attempt
	Dead         int        `json:"dead"`    // entries that were given up
}

// DeadLetter is an entry that a webhook did not take, and that was given up.
type DeadLetter struct {
	Entry     Entry     `json:"entry"`
	GivenUpAt time.Time `json:"given_up_at"`
	Attempts  int       `json:"attempts"`
	Error     string    `json:"error"`
}

// Imports asks to take over many domains, 1000 rows at most.
type Imports struct {
	DryRun bool        `json:"dry_run"` // change nothing
	Rows   []ImportRow `json:"rows"`

	Registrar string `json:"registrar,omitempty"` // that has the domains; "" = the one that serves each zone
}

// ImportRow is one domain to take over.
type ImportRow struct {
	Domain   string `json:"domain"`
	Customer string `json:"customer"`
	Handle   string `json:"handle"`
	PaidTill string `json:"paid_till"`
}

// Imported is what became of a row, or would.
type Imported struct {
	Domain  string  `json:"domain"` // ACE
	Unicode string  `json:"unicode"`
	Action  string  `json:"action"` // import: it is taken over | known: it is here already | refused
	Reason  *string `json:"reason"`
}
