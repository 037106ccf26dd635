package api

import "time"

// Operation is something a registrar does. Within a domain the keys from order on are left out.
type Operation struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	State    string     `json:"state"`
	WaitsFor *string    `json:"waits_for"`
	Error    *string    `json:"error"`
	Version  *string    `json:"version"`  // of what is shown; a decision hands it back
	Deadline *time.Time `json:"deadline"` // until when the next word is expected

	*OperationDetails
}

// OperationDetails is what only an operation itself shows.
type OperationDetails struct {
	Order      *string    `json:"order"` // null = begun by the registrar's schedule
	Domain     string     `json:"domain"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	FinishedAt *time.Time `json:"finished_at"`
	History    []Step     `json:"history"`
	Advice     []Advice   `json:"advice,omitempty"` // what a person can do while it waits for one
}

// Step is one entry of an operation's history.
type Step struct {
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Message  string    `json:"message"`
	Actor    string    `json:"actor"`
	Evidence *string   `json:"evidence"`
	Mail     *string   `json:"mail"`
}

// Decision is a person's verdict on an operation. Version is the version of the operation that the
// person saw: if the operation has changed since, the decision is a CONFLICT (409) and changes nothing.
type Decision struct {
	Version string `json:"version"`
	Outcome string `json:"outcome"` // done | failed | resend | cancel
	By      string `json:"by"`
	Note    string `json:"note,omitempty"`

	AuthCode string `json:"auth_code,omitempty"` // the transfer code, for the outcome done of an operation of kind auth-code
}

// Advice is something that a person can do next.
type Advice struct {
	Action     string            `json:"action"` // read-code | by-hand | give-code | settings | read-mails | read-strangers | compare | import | see-operation; new ones may come
	Parameters map[string]string `json:"parameters,omitempty"`
}
