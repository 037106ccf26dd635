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
	// Config is valid settings, as in registrar.Settings.Config. nil skips all checks that need a registrar
	// at work.
	Config json.RawMessage
	// BadConfigs are settings with mistakes that the schema can't express.
	BadConfigs []BadConfig

	// TLD is the zone of made-up names; "" = the first that is declared, or "example".
	TLD string
	// IDN is a name beyond ASCII that can be registered, in Unicode; "" skips those checks.
	IDN string
	// Premium is a free name that has its own price, in ACE; "" skips those checks.
	Premium string
	// Registrant is who registers; nil = the examples of the form.
	Registrant *registrar.Registrant
	// Nameservers of the orders; nil = two under example.net.
	Nameservers []registrar.Nameserver
	// Handle is a handle that can be adopted; "" skips those checks.
	Handle string
	// Due returns a domain that the registrar holds for us and renews now, another one each time; its
	// customer may be empty. nil = a domain that was just registered, which many registrars refuse to renew.
	Due func(ctx context.Context) (registrar.Import, error)
	// Conclude brings an operation to its end, Succeeded. nil = the suite decides as a person if the
	// operation waits for one, and otherwise waits.
	Conclude func(ctx context.Context, r registrar.Service, id registrar.OperationID) error

	// Witness is the URL of a witness: a simulator of the registrar that reports how often orders have
	// reached it, and is told how to misbehave. See docs/conformance.md, Ledger and Fake. "" skips the checks
	// that orders are sent once.
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
	// Crash ends it without warning, as far as that is possible: in this process it is drained.
	Crash func()
	// Log returns what it has logged so far, at every level.
	Log func() string

	// For a program only: orphan ends the host and waits for the process to end, too; killed reports whether
	// the process had to be killed.
	orphan func(within time.Duration) bool
	killed func() bool
}

// Opener starts instances of one registrar.
type Opener interface {
	// Open starts an instance that is not configured yet. The instance outlives ctx: the caller ends it with
	// Close or Crash.
	Open(ctx context.Context) (*Instance, error)
}
