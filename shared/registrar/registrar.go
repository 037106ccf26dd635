package registrar

import (
	"context"
	"iter"
)

// Registrar is what a panel sees of a registrar. It is the sum of small interfaces, so
// that code which needs one power can ask for just that one.
//
// Powers beyond the core are optional and declared in [Description].Capabilities; a
// registrar without one answers its methods with [Unsupported]. Embed [Core] to get
// those answers.
type Registrar interface {
	Catalogue
	Orders
	Domains
	Events

	Renewals
	Customers
	Reviews
	Mails
	Queue
	Backups
	Erasures
	Keys
}

// Plugin is a registrar together with the life its host gives it:
// Configure, then optionally Probe, then Start; and Drain at the end.
type Plugin interface {
	Registrar
	Lifecycle
}

// Catalogue says what the registrar sells and which data it needs. Its methods have no
// effects. Validate and Check look at what the registrar knows, and so may need Start.
type Catalogue interface {
	// Describe works before Configure.
	Describe(ctx context.Context) (Description, error)

	// Form lists the fields an order needs. It works before Configure.
	// A TLD that is not served is [Invalid].
	Form(ctx context.Context, q FormQuery) (Form, error)

	// Validate reports every problem of an order at once and shows what would be sent,
	// secrets and personal data masked. It stores nothing and sends nothing.
	// A faulty order is not an error: it is a Validation with problems.
	Validate(ctx context.Context, o Order) (Validation, error)

	// Check answers for each name, in the order asked. Silence of the registry is
	// [AvailabilityUnknown], never [Available].
	Check(ctx context.Context, names []string) ([]Availability, error)
}

// Orders starts operations and follows them.
type Orders interface {
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

// Domains reads the registrar's own record of domains.
type Domains interface {
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

// Renewals is the power [CapRenewals]: the registrar renews by its own schedule.
type Renewals interface {
	// SetRenewal chooses how a domain is renewed from now on.
	SetRenewal(ctx context.Context, name string, mode RenewalMode) (Domain, error)

	// RunRenewals makes one renewal pass now, the same one cron makes. With dryRun it
	// reports the plan and sends nothing. Running it twice is harmless.
	RunRenewals(ctx context.Context, dryRun bool) ([]RenewalStep, error)
}

// Customers is the power [CapHandles]: the registrar knows registrants by handles, and
// domains and handles that exist already can be taken over.
type Customers interface {
	// Handles lists the handles known for a customer; none is an empty list.
	Handles(ctx context.Context, customer string) ([]Handle, error)

	// AdoptHandle records that a customer has this handle already.
	AdoptHandle(ctx context.Context, customer, handle string) (Handle, error)

	// ImportDomain takes over a domain that the registrar already holds for us.
	// Importing it again with the same contents changes nothing.
	ImportDomain(ctx context.Context, d Import) (Domain, error)
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

	// ReviewRule writes a configuration block that would recognise such mails from now on.
	ReviewRule(ctx context.Context, id ReviewID) (string, error)
}

// Mails is the power [CapMail]: the registrar is reached by mail, and shows what it
// sent and received.
type Mails interface {
	// Mail returns a stored mail, secrets and personal data masked.
	Mail(ctx context.Context, id MailID) (Mail, error)

	// RawMail returns a stored mail as it came: every header field and part in its order,
	// decoded, with secrets and personal data masked. What is no text is told by its size.
	RawMail(ctx context.Context, id MailID) (string, error)

	// Recognise reports how a captured mail would be understood, whom it would be believed
	// from, and what would become of it. It touches nothing. It works after Configure, too:
	// without the store it reports what the mail carries, and not whose request that is.
	Recognise(ctx context.Context, raw []byte) (Recognition, error)
}

// Backups is the power [CapBackup]: the registrar keeps a store, and copies it while it is at
// work.
type Backups interface {
	// Backup writes a consistent copy of the store, no older than the call, into a directory
	// that is absolute, empty and on this machine. The files it leaves there, laid into a fresh
	// data directory, are the store again; a plugin that starts on them must be aware that what
	// it did after the copy was made is forgotten, and must not do again what costs money.
	//
	// Keys, without which the copy can't be read, are files named *.key; they are regular files
	// of mode 0600 at the top of the directory, and the host stores them apart or encrypted.
	Backup(ctx context.Context, dir string) error
}

// Lifecycle is how a host runs a plugin.
type Lifecycle interface {
	// Configure hands over settings that match Description.Schema. It does no I/O beyond
	// reading; mistakes are [Invalid] with problems by attribute path. At work it is
	// [Precondition]: a new instance takes new settings.
	Configure(ctx context.Context, s Settings) error

	// Probe tries the connections the settings name and reports on each. It changes
	// nothing; with mail, it sends one test mail to ourselves and waits for it.
	Probe(ctx context.Context, mail bool) ([]Component, error)

	// Start begins the plugin's own work: watching, sending, scheduling. Until then the
	// plugin has no effect on the world. [Locked] means another instance is at work.
	Start(ctx context.Context) error

	// Health reports on each component; it answers fast and does no I/O.
	Health(ctx context.Context) ([]Component, error)

	// Drain finishes what is under way, stops all work and returns. Whatever is not
	// finished is durable. A drained plugin answers [Draining].
	Drain(ctx context.Context) error
}

// Core answers the optional powers with [Unsupported]; a registrar embeds it and
// overrides what it has.
type Core struct{}

func (Core) SetRenewal(context.Context, string, RenewalMode) (Domain, error) {
	return Domain{}, unsupported(CapRenewals)
}

func (Core) RunRenewals(context.Context, bool) ([]RenewalStep, error) {
	return nil, unsupported(CapRenewals)
}

func (Core) Handles(context.Context, string) ([]Handle, error) { return nil, unsupported(CapHandles) }

func (Core) AdoptHandle(context.Context, string, string) (Handle, error) {
	return Handle{}, unsupported(CapHandles)
}

func (Core) ImportDomain(context.Context, Import) (Domain, error) {
	return Domain{}, unsupported(CapHandles)
}

func (Core) Reviews(context.Context) ([]Review, error) { return nil, unsupported(CapReviews) }

func (Core) Review(context.Context, ReviewID) (Review, error) {
	return Review{}, unsupported(CapReviews)
}

func (Core) ResolveReview(context.Context, ReviewDecision) (Review, error) {
	return Review{}, unsupported(CapReviews)
}

func (Core) ReviewRule(context.Context, ReviewID) (string, error) {
	return "", unsupported(CapReviews)
}

func (Core) Mail(context.Context, MailID) (Mail, error) { return Mail{}, unsupported(CapMail) }

func (Core) RawMail(context.Context, MailID) (string, error) { return "", unsupported(CapMail) }

func (Core) Recognise(context.Context, []byte) (Recognition, error) {
	return Recognition{}, unsupported(CapMail)
}

func (Core) ReviewPage(context.Context, ReviewQuery) (ReviewPage, error) {
	return ReviewPage{}, unsupported(CapQueue)
}

func (Core) MailPage(context.Context, MailQuery) (MailPage, error) {
	return MailPage{}, unsupported(CapQueue)
}

func (Core) ResolveReviews(context.Context, ReviewsDecision) (ReviewsResolved, error) {
	return ReviewsResolved{}, unsupported(CapQueue)
}

func (Core) IgnoredSenders(context.Context) ([]IgnoredSender, error) {
	return nil, unsupported(CapQueue)
}

func (Core) HeedSender(context.Context, string, string) error { return unsupported(CapQueue) }

func (Core) Backup(context.Context, string) error { return unsupported(CapBackup) }

func (Core) Erase(context.Context, ErasureQuery) (Erasure, error) {
	return Erasure{}, unsupported(CapErase)
}

func (Core) RotateKeys(context.Context) (Rotation, error) { return Rotation{}, unsupported(CapKeys) }

func unsupported(c Capability) error {
	return &Error{Code: Unsupported, Detail: "this registrar does not have the capability " + string(c)}
}
