package engine

import (
	"math"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// Brake limits how many requests may be sent that cost money, so that no mistake of ours spends it all.
type Brake struct {
	PerHour int
	PerDay  int
	// Reserve is the share of both limits that scheduled renewals leave to what customers have ordered.
	Reserve float64
}

// reserved is the reserve of a limit: at least one whole request, and never the whole limit.
func (b Brake) reserved(limit int) int {
	return max(0, min(int(math.Ceil(float64(limit)*b.Reserve)), limit-1))
}

// Settings is the configuration of one R01 agreement, for every room that moves its requests.
type Settings struct {
	Agreement string
	Password  secret.String
	PayType   string
	Charset   mailform.Charset
	Robot     string // R01's address
	Callback  string // ours: From of every request, and where replies arrive
	BCC       string // "" = none
	Subjects  map[lifecycle.Kind]string
	Handles   Handles

	QueuedWithin time.Duration // R01 confirms a request within
	DoneWithin   time.Duration // and reports its result within
	// Settle is how long after it was handed to the relay a request may still be carried
	// out: the relay's queue life, and R01's pace. ARCHITECTURE.md, the durable step
	Settle time.Duration

	Renewal   registrar.RenewalMode // of new domains
	R01Renews bool                  // R01 renews by itself, so no domain may be auto. r01-mail 4.2
	Batch     int                   // the most domains in one PROLONG mail; 1 = each its own
	Senders   int                   // the most mails that are sent at a time; 0 = 1
	Brake     Brake

	Registry Registry

	KeepMails     time.Duration // how long the bytes of mails are kept
	KeepStrangers time.Duration // and how long the mails of strangers wait; 0 = KeepStrangers
	Quota         int           // the most unproved mails of one sender that wait a day; 0 = 100

	Proof       bool          // a reply's sender must be proved; else the token alone is believed
	ProofWithin time.Duration // how long that is tried for when DNS does not answer; 0 = a day
	RepliesFrom []string      // R01's addresses beside Robot

	Reconciled string // the incarnation of a restored store that a person has compared with R01's records
}

// KeepStrangers is how long the mails of strangers wait if the settings do not say.
const KeepStrangers = 14 * day

// Handles says how client handles are made. r01-mail 2.8
type Handles struct {
	Prefix  string
	Counter uint64 // the first one
	Suffix  string // "R01"
}

// Registry says how the registry is asked and how far it is believed.
type Registry struct {
	Registrars []string      // what the registry calls R01
	Every      time.Duration // between two looks for new zone lists
	Check      time.Duration // between two questions about an operation that waits
	ReportOnly bool          // tell what would change, and change nothing
	MaxGone    float64       // share of our domains that one zone list may show gone
	Misses     int           // zone lists in a row until a domain is believed to be gone
}
