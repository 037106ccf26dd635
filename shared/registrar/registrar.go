package registrar

import (
	"context"
	"iter"
)

// Plugin is a registrar that is not at work yet. The host calls Configure, then optionally
// Probe, then Start, which returns the registrar at work.
//
// What a plugin's author need not see to: registrarrpc answers [NotReady] before Configure and
// Start, [Draining] once Drain was called, [Precondition] to a Configure at work, and [Locked]
// to a second instance on the same data directory; none of these calls reaches the plugin.
type Plugin interface {
	Catalogue

	// Configure hands over settings that match Description.Schema. It does no I/O beyond
	// reading; mistakes are [Invalid] with problems by attribute path. It may be called again
	// before Start.
	Configure(ctx context.Context, s Settings) error

	// Probe tries the connections the settings name and reports on each. It changes
	// nothing; with mail, it sends one test mail to ourselves and waits for it.
	Probe(ctx context.Context, mail bool) ([]Component, error)

	// Start begins the plugin's own work: watching, sending, scheduling. Until then the
	// plugin has no effect on the world. The context is that of the call, and the work
	// outlives it. The data directory is locked for this instance, until the registrar has
	// drained. [Locked] means that another instance is at work on the same account elsewhere.
	Start(ctx context.Context) (Registrar, error)
}

// Registrar is a registrar at work. Powers beyond these are optional interfaces, which the
// value that Start returns has or has not: [Renewer], [HandleKeeper], [MessageQueue],
// [BackerUp], [Eraser], [KeyChanger], [CodeKeeper], [Refresher], [ContactReader]. [CapabilitiesOf] lists them for Describe.
type Registrar interface {
	Orders
	Domains
	Events

	// Health reports on each component from what the plugin and its store know: it answers fast, and asks neither the
	// registrar nor a mail server.
	Health(ctx context.Context) ([]Component, error)

	// Drain finishes what is under way, stops all work and returns. Whatever is not
	// finished is durable. It is called again only after it has failed.
	Drain(ctx context.Context) error
}

// Service is a registrar as a panel calls it: everything that the contract has, in one type. The
// methods of a power that the registrar lacks answer [Unsupported].
type Service interface {
	Catalogue
	Orders
	Domains
	Events

	Renewer
	HandleKeeper
	MessageQueue
	BackerUp
	Eraser
	KeyChanger
	CodeKeeper
	Refresher
	ContactReader
}

// Hosted is a plugin as its host runs it: the service together with the life it gives to it.
// registrarrpc makes one of a [Plugin], and of a plugin's process.
type Hosted interface {
	Service

	// Configure is as in [Plugin]. While the registrar is at work it returns [Precondition].
	Configure(ctx context.Context, s Settings) error
	// Probe is as in [Plugin]. Before Configure it returns [NotReady].
	Probe(ctx context.Context, mail bool) ([]Component, error)
	// Start is as in [Plugin], and harmless if the registrar is at work already. Before Configure it returns
	// [NotReady].
	Start(ctx context.Context) error
	// Health is as in [Registrar]. Before Start it returns [NotReady].
	Health(ctx context.Context) ([]Component, error)

	// Drain is as in [Registrar], and harmless if it is repeated or nothing is at work.
	// Afterwards all other methods return [Draining].
	Drain(ctx context.Context) error
}

// Catalogue says what the registrar sells and which data it needs. Its methods have no
// effects.
type Catalogue interface {
	// Describe works before Configure.
	Describe(ctx context.Context) (Description, error)

	// Form lists the fields an order needs. It works before Configure.
	// A TLD that is not served is [Invalid].
	Form(ctx context.Context, q FormQuery) (Form, error)
}

// Orders judges orders, starts operations and follows them.
type Orders interface {
	// Validate reports every problem of an order at once and shows what would be sent,
	// secrets and personal data masked. It stores nothing and sends nothing.
	// A faulty order is not an error: it is a Validation with problems.
	Validate(ctx context.Context, o Order) (Validation, error)

	// Submit stores the order durably and begins to carry it out. When it returns
	// without error the order survives any crash. See the package comment for what
	// repeating it means, and [Order.Canonical] for what its contents are. The order must be paid for: the payment gate is the panel's.
	//
	// Errors: [Invalid] with problems by field path; [Conflict] for a known OrderID with
	// other contents; [Precondition] when another operation on the domain is open, or a
	// renewal's PaidTill is not the expiry the registrar knows.
	Submit(ctx context.Context, o Order) (Operation, error)

	// Operation returns one operation with its history. Unknown: [NotFound].
	Operation(ctx context.Context, id OperationID) (Operation, error)

	// Resolve records a person's verdict on an operation that is NeedsAction or
	// Uncertain, or cancels one that is still Queued. Any other state: [Precondition].
	//
	// The decision names the version that the person saw, and is compared with the present one
	// in the transaction that moves the operation. Another one is [Conflict], before the state
	// is looked at, and changes nothing: so of several decisions about one version one takes
	// effect at most, and one that is repeated because its answer was lost takes none again.
	// Without a version it is [Invalid].
	Resolve(ctx context.Context, d Decision) (Operation, error)
}

// Domains says which domains may be had, and reads the registrar's own record of domains.
type Domains interface {
	// Check answers for each name, in the order asked. Silence of the registry is
	// [AvailabilityUnknown], never [Available].
	Check(ctx context.Context, names []string) ([]Availability, error)

	// Domain returns one domain. Unknown: [NotFound].
	Domain(ctx context.Context, name string) (Domain, error)

	// Domains lists in name order, at most p.Size (at most [MaxPage]) at a time.
	Domains(ctx context.Context, p Page) (DomainPage, error)
}

// Events is the durable, ordered, resumable record of what happened.
type Events interface {
	// Events yields every event after the cursor, oldest first, then waits for new ones
	// until ctx ends. Cursors are dense: each event's is its predecessor's plus one. An
	// event is yielded at least once over any number of calls; the caller stores the
	// cursor with what it made of the event. A yielded error ends the sequence.
	Events(ctx context.Context, after Cursor) iter.Seq2[Event, error]
}

// Renewer is the power [CapRenewals]: the registrar renews by its own schedule.
type Renewer interface {
	// SetRenewal chooses how a domain is renewed from now on.
	SetRenewal(ctx context.Context, name string, mode RenewalMode) (Domain, error)

	// RunRenewals makes one renewal pass now, the same one cron makes. With dryRun it
	// reports the plan and sends nothing. Running it twice is harmless.
	RunRenewals(ctx context.Context, dryRun bool) ([]RenewalStep, error)
}

// HandleKeeper is the power [CapHandles]: the registrar knows registrants by handles, and
// domains and handles that exist already can be taken over.
type HandleKeeper interface {
	// Handles lists the handles known for a customer; none is an empty list.
	Handles(ctx context.Context, customer string) ([]Handle, error)

	// AdoptHandle records that a customer has this handle already.
	AdoptHandle(ctx context.Context, customer, handle string) (Handle, error)

	// ImportDomain takes over a domain that the registrar already holds for us.
	// Importing it again with the same contents changes nothing.
	ImportDomain(ctx context.Context, d Import) (Domain, error)
}

// MessageQueue is the powers [CapReviews], [CapMail] and [CapQueue]: the registrar is reached by
// messages, shows what it sent and received, and has those that no rule understood wait for a
// person. A plugin in Go has all of it or none; the methods of [Reviews] and [Mails] alone are
// what plugins of earlier versions have.
type MessageQueue interface {
	Reviews
	Mails
	Queue
}

// Reviews is the power [CapReviews]: mails that no rule understood wait for a person.
type Reviews interface {
	// Reviews lists the waiting entries, oldest first.
	Reviews(ctx context.Context) ([]Review, error)

	// Review returns one entry, resolved or not, with the masked mail.
	Review(ctx context.Context, id ReviewID) (Review, error)

	// ResolveReview applies a person's reading of the mail. An outcome that does not
	// suit the operation's state is [Precondition], and the entry stays. Versions are named
	// and compared as in Resolve: an entry's own, which covers its candidates, and that of an
	// operation which is none of them.
	ResolveReview(ctx context.Context, d ReviewDecision) (Review, error)

	// ReviewRule suggests a rule that would recognise such mails from now on.
	// It is tried on the mails that are stored, and changes nothing.
	ReviewRule(ctx context.Context, id ReviewID) (SuggestedRule, error)
}

// Mails is the power [CapMail]: the registrar is reached by mail, and shows what it
// sent and received.
type Mails interface {
	// Mail returns a stored mail, secrets and personal data masked.
	Mail(ctx context.Context, id MailID) (Mail, error)

	// RawMail returns a stored mail as it came: every header field and part in its order,
	// decoded, with secrets and personal data masked. What is no text is told by its size.
	RawMail(ctx context.Context, id MailID) (string, error)

	Recogniser
}

// Recogniser understands captured mails. A [Plugin] that is one answers before Start, too.
type Recogniser interface {
	// Recognise reports how a captured mail would be understood, whom it would be believed
	// from, and what would become of it. It touches nothing. It works after Configure, too:
	// without the store it reports what the mail carries, and not whose request that is.
	Recognise(ctx context.Context, raw []byte) (Recognition, error)
}

// CodeKeeper is the power [CapCodes]: the registrar gets transfer codes for us, by orders of
// [KindAuthCode], and keeps them sealed.
type CodeKeeper interface {
	// TransferCode returns the code that an operation has brought. No other answer holds a secret:
	// a host shows it to one person, and records who that was before.
	//
	// Errors: [NotFound] for an unknown operation; [Precondition] for one that has brought no code,
	// or whose code was erased.
	TransferCode(ctx context.Context, id OperationID) (AuthCode, error)
}

// Refresher is the power [CapRefresh]: the registrar asks the registry when a person wants to know.
type Refresher interface {
	// Refresh asks the registry about a domain now, concludes what the answer allows by the same
	// rules as always, and returns the record after that. A registry that says nothing which can
	// be relied on is [Unavailable], and changes nothing. What was asked a moment ago may be
	// answered without asking again. Unknown: [NotFound].
	Refresh(ctx context.Context, name string) (Domain, error)
}

// BackerUp is the power [CapBackup]: the registrar keeps a store, and copies it while it is at
// work.
type BackerUp interface {
	// Backup writes a consistent copy of the store, no older than the call, into a directory
	// that is absolute, empty and on this machine. The files it leaves there, laid into a fresh
	// data directory, are the store again; a plugin that starts on them must be aware that what
	// it did after the copy was made is forgotten, and must not do again what costs money.
	//
	// Keys, without which the copy can't be read, are files named *.key; they are regular files
	// of mode 0600 at the top of the directory, and the host stores them apart or encrypted.
	Backup(ctx context.Context, dir string) error
}
