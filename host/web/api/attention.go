package api

import "time"

// Attention is something that needs a person.
type Attention struct {
	Kind      string     `json:"kind"`     // plugin | operation | domain | order | review | reviews: mails without an entry of their own
	Severity  string     `json:"severity"` // error: a person must act | warning: a person should look
	Since     *time.Time `json:"since"`
	Domain    *string    `json:"domain"` // ACE
	Unicode   *string    `json:"unicode"`
	Registrar *string    `json:"registrar"`
	Order     *string    `json:"order"`
	Operation *string    `json:"operation"`
	Review    *string    `json:"review"`
	What      string     `json:"what"`    // in a few words
	Why       string     `json:"why"`     // the reason, in the registrar's words if there are any
	Actions   []Action   `json:"actions"` // what can be done, the most useful first

	// For programs: the state of the plugin, operation or domain that Kind names, or the outcome of the
	// order; the kind of the operation; and the version that a decision on it hands back.
	State         *string `json:"state"`
	OperationKind *string `json:"operation_kind"`
	Version       *string `json:"version"`
	From          *string `json:"from"`    // of a mail
	Subject       *string `json:"subject"` // of a mail

	// For an acknowledgement: the entry, and a digest of how it looks now.
	ID           string           `json:"id"`
	Seen         string           `json:"seen"`
	Acknowledged *Acknowledgement `json:"acknowledged"` // by whom; null = it was not, or it has changed since
}

// Acknowledgement is who has seen an entry, and how long it is therefore shown apart.
type Acknowledgement struct {
	By    string     `json:"by"`
	For   *string    `json:"for"` // on whose behalf
	Note  *string    `json:"note"`
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until"` // null = until it changes
}

// Acknowledge says that entries of the attention list have been seen: they are shown apart until
// they change, or until a given time.
type Acknowledge struct {
	Entries []SeenEntry `json:"entries"` // 200 at most
	Until   string      `json:"until"`   // an instant, a day (its beginning in UTC), or from now: 4h, 3d; "" = until it changes
	Reason  string      `json:"reason,omitempty"`
	By      string      `json:"by"`
}

// SeenEntry is an entry as a person saw it.
type SeenEntry struct {
	ID   string `json:"id"`
	Seen string `json:"seen"`
}

// Acknowledged is the result of acknowledging entries.
type Acknowledged struct {
	Acknowledged int            `json:"acknowledged"`
	Refused      []RefusedEntry `json:"refused"` // entries that are over, or have changed since
}

// RefusedEntry is an entry that is shown as before, with the reason.
type RefusedEntry struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// TakeBack has entries shown again that were acknowledged.
type TakeBack struct {
	IDs []string `json:"ids"`
	By  string   `json:"by"`
}

// TakenBack counts the entries that were acknowledged until then.
type TakenBack struct {
	Changed int `json:"changed"`
}
