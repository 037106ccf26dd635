package registrartest

import (
	"context"
	"encoding/json"
	"time"

	"registrar.panel/shared/registrar"
)

// Subject is a registrar to judge.
type Subject struct {
	// Open starts it: InProcess, OverGRPC or Program.
	Open Opener
	// Config is good settings, as registrar.Settings.Config wants them. nil skips all checks
	// that need a registrar at work.
	Config json.RawMessage
	// BadConfigs are settings with mistakes that the schema can't express.
	BadConfigs []BadConfig

	// TLD is where made-up names lie; "" = the first that is declared, or "example".
	TLD string
	// IDN is a name beyond ASCII that can be registered, in Unicode; "" leaves those checks out.
	IDN string
	// Premium is a free name that has a price of its own, in ACE; "" leaves those checks out.
	Premium string
	// Registrant is who registers; nil = the examples of the form.
	Registrant *registrar.Registrant
	// Nameservers of the orders; nil = two under example.net.
	Nameservers []registrar.Nameserver
	// Handle is one that can be adopted; "" leaves those checks out.
	Handle string
	// Due names a domain that the registrar holds for us and renews now, another one each time; its
	// customer may be empty. nil = one that was just registered, which many a registrar refuses to renew.
	Due func(ctx context.Context) (registrar.Import, error)
	// Conclude brings an operation to its end: Succeeded. nil decides as a person where one
	// is waited for, and else waits.
	Conclude func(ctx context.Context, r registrar.Service, id registrar.OperationID) error

	// Witness is the URL of a witness: a simulator of the registrar that tells how often orders
	// have reached it, and is told how to misbehave, as in docs/conformance.md. "" leaves out the
	// checks that orders are sent once. See Ledger and Fake.
	Witness string

	// Patience is how long something that must happen may take; 0 = 20 s.
	Patience time.Duration
}

// BadConfig is settings with one mistake.
type BadConfig struct {
	Why    string
	Path   string // of the problem that names it
	Config json.RawMessage
}

// Instance is one life of a registrar, not configured yet.
type Instance struct {
	registrar.Hosted
	// Close ends it as a host does, after Drain.
	Close func()
	// Crash ends it with no warning, as far as that is possible where it runs: in this
	// process it is drained.
	Crash func()
	// Log is what it has logged so far, at every level.
	Log func() string

	// Of a program only: orphan lets the host die and waits for the process to follow; killed
	// reports whether it had to be killed.
	orphan func(within time.Duration) bool
	killed func() bool
}

// Opener starts instances of one registrar.
type Opener interface {
	// Open starts an instance that is not configured yet. The instance outlives ctx: the caller ends it by Close
	// or by Crash.
	Open(ctx context.Context) (*Instance, error)
}
