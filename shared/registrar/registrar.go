package registrar

import (
	"context"
	"iter"
)

// Plugin is a registrar that is not at work yet. The host calls Configure, then optionally
// Probe, then Start, which returns the registrar at work.
//
// A plugin's author need not handle calls that come at the wrong time: registrarrpc answers [NotReady]
// before Configure and Start, [Draining] after Drain, [Precondition] to a Configure at work, and [Locked]
// to a second instance on the same data directory. None of these calls reaches the plugin.
type Plugin interface {
	Catalogue

	// Configure hands over settings that match Description.Schema. It does no I/O beyond
	// reading; mistakes are [Invalid] with problems by attribute path. It may be called again
	// before Start.
	Configure(ctx context.Context, s Settings) error

	// Probe tries the connections that the settings name and reports on each. It changes nothing; with
	// mail, it sends one test mail to ourselves and waits for it.
	Probe(ctx context.Context, mail bool) ([]Component, error)

	// Start begins the plugin's own work: watching, sending, scheduling. Before that the plugin has no
	// effect on the world. The context is that of the call; the work outlives it. The data directory is
	// locked for this instance until the registrar has drained. [Locked] means that another instance is at
	// work on the same account elsewhere.
	Start(ctx context.Context) (Registrar, error)
}

// Registrar is a registrar at work. Further powers are optional interfaces, which the value that Start
// returns may implement: [Renewer], [HandleKeeper], [MessageQueue], [BackerUp], [Eraser], [KeyChanger],
// [CodeKeeper], [Refresher], [ContactReader]. [CapabilitiesOf] lists them for Describe.
type Registrar interface {
	Orders
	Domains
	Events

	// Health reports on each component from what the plugin and its store know: it answers fast, and asks
	// neither the registrar nor a mail server.
	Health(ctx context.Context) ([]Component, error)

	// Drain finishes what is under way, stops all work and returns. Unfinished work is durable. Drain is
	// called again only after it has failed.
	Drain(ctx context.Context) error
}

// Service is a registrar as a panel calls it: the whole contract in one type. The methods of a power that
// the registrar lacks return [Unsupported].
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

// Hosted is a plugin as its host runs it: the service, and the methods that start and end its life.
// registrarrpc makes one from a [Plugin], and from a plugin's process.
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

	// Submit stores the order durably and begins to carry it out. When it returns without error the order
	// survives any crash. See the package comment for what repeating it means, and [Order.Canonical] for
	// what counts as its contents. The order must be paid for: the panel decides that, not the plugin.
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
	// The decision names the version that the person saw. It is compared with the present version in the
	// transaction that moves the operation. If they differ, the answer is [Conflict], before the state is
	// looked at, and nothing changes: of several decisions about one version at most one takes effect, and
	// a decision that is repeated because its answer was lost does not take effect twice. Without a version
	// it is [Invalid].
	Resolve(ctx context.Context, d Decision) (Operation, error)
}

// Domains reports which domains can be ordered, and reads the registrar's own record of domains.
type Domains interface {
	// Check answers for each name, in the order asked. If the registry does not answer, the status is
	// [AvailabilityUnknown], never [Available].
	Check(ctx context.Context, names []string) ([]Availability, error)

	// Domain returns one domain. Unknown: [NotFound].
	Domain(ctx context.Context, name string) (Domain, error)

	// Domains lists in name order, at most p.Size (at most [MaxPage]) at a time.
	Domains(ctx context.Context, p Page) (DomainPage, error)
}

// Events is the durable, ordered, resumable record of what happened.
type Events interface {
	// Events yields every event after the cursor, oldest first, then waits for new ones until ctx ends.
	// Cursors are dense: each event's cursor is its predecessor's plus one. Over any number of calls an
	// event is yielded at least once; the caller stores the cursor together with what it made of the event.
	// A yielded error ends the sequence.
	Events(ctx context.Context, after Cursor) iter.Seq2[Event, error]
}

// Renewer is the power [CapRenewals]: the registrar renews by its own schedule.
type Renewer interface {
	// SetRenewal sets how a domain is renewed from now on.
	SetRenewal(ctx context.Context, name string, mode RenewalMode) (Domain, error)

	// RunRenewals makes one renewal pass now, the same as a scheduled one. With dryRun it reports the plan
	// and sends nothing. Running it twice is harmless.
	RunRenewals(ctx context.Context, dryRun bool) ([]RenewalStep, error)
}

// HandleKeeper is the power [CapHandles]: the registrar knows registrants by handles, and
// domains and handles that exist already can be taken over.
type HandleKeeper interface {
	// Handles lists the handles known for a customer; if there are none, the list is empty.
	Handles(ctx context.Context, customer string) ([]Handle, error)

	// AdoptHandle records that a customer has this handle already.
	AdoptHandle(ctx context.Context, customer, handle string) (Handle, error)

	// ImportDomain takes over a domain that the registrar already holds for us.
	// Importing it again with the same contents changes nothing.
	ImportDomain(ctx context.Context, d Import) (Domain, error)
}

// MessageQueue is the powers [CapReviews], [CapMail] and [CapQueue]: the registrar is reached by messages,
// shows what it sent and received, and keeps those that no rule understood for a person. A plugin in Go has
// all three or none; plugins of earlier versions have only the methods of [Reviews] and [Mails].
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

	// ResolveReview applies a person's reading of the mail. An outcome that does not suit the operation's
	// state is [Precondition], and the entry stays. Versions are named and compared as in Resolve: the
	// entry's version, which covers its candidates, and the version of an operation that is not a
	// candidate.
	ResolveReview(ctx context.Context, d ReviewDecision) (Review, error)

	// ReviewRule suggests a rule that would recognise such mails from now on. It tries the rule on the
	// stored mails, and changes nothing.
	ReviewRule(ctx context.Context, id ReviewID) (SuggestedRule, error)
}

// Mails is the power [CapMail]: the registrar is reached by mail, and shows what it
// sent and received.
type Mails interface {
	// Mail returns a stored mail, secrets and personal data masked.
	Mail(ctx context.Context, id MailID) (Mail, error)

	// RawMail returns a stored mail as it came: every header field and part in its order, decoded, with
	// secrets and personal data masked. A part that is not text is replaced by its size.
	RawMail(ctx context.Context, id MailID) (string, error)

	Recogniser
}

// Recogniser understands captured mails. A [Plugin] that implements it answers before Start, too.
type Recogniser interface {
	// Recognise reports how a captured mail would be understood, which sender it would be believed to come
	// from, and what would become of it. It changes nothing. It also works after Configure alone: without
	// the store it reports what the mail contains, and not which request the mail belongs to.
	Recognise(ctx context.Context, raw []byte) (Recognition, error)
}

// CodeKeeper is the power [CapCodes]: the registrar gets transfer codes for us, by orders of
// [KindAuthCode], and keeps them sealed.
type CodeKeeper interface {
	// TransferCode returns the code that an operation has brought. It is the only answer that holds a
	// secret: a host shows it to one person, and first records who that is.
	//
	// Errors: [NotFound] for an unknown operation; [Precondition] for one that has brought no code,
	// or whose code was erased.
	TransferCode(ctx context.Context, id OperationID) (AuthCode, error)
}

// Refresher is the power [CapRefresh]: the registrar asks the registry when a person asks for news.
type Refresher interface {
	// Refresh asks the registry about a domain now, draws the usual conclusions from the answer, and
	// returns the record after that. If the registry's answer can't be relied on, the error is
	// [Unavailable], and nothing changes. A question that was asked a moment ago may be answered without
	// asking the registry again. Unknown domain: [NotFound].
	Refresh(ctx context.Context, name string) (Domain, error)
}

// BackerUp is the power [CapBackup]: the registrar keeps a store, and copies it while it is at
// work.
type BackerUp interface {
	// Backup writes a consistent copy of the store, no older than the call, into a directory that is
	// absolute, empty and on this machine. Its files, put into a fresh data directory, are the store again.
	// A plugin that starts on them must know that everything after the copy is forgotten, and must not
	// repeat what costs money.
	//
	// Keys, without which the copy can't be read, are regular files named *.key, of mode 0600, at the top
	// of the directory. The host stores them separately or encrypted.
	Backup(ctx context.Context, dir string) error
}
