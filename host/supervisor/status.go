package supervisor

import (
	"time"

	"registrar.panel/shared/registrar"
)

// State is the state of a plugin.
type State string

const (
	Starting State = "starting" // its process is being started and set up
	Running  State = "running"  // at work
	Degraded State = "degraded" // at work, but a component is not well
	Backoff  State = "backoff"  // ended; will be started again
	Disabled State = "disabled" // needs a person, or the next try
	Draining State = "draining" // finishing what is under way
	Stopped  State = "stopped"  // not started, or ended with the host
	Retired  State = "retired"  // not run any more, because the configuration says so
)

// States lists every state.
func States() []State {
	return []State{Starting, Running, Degraded, Backoff, Disabled, Draining, Stopped, Retired}
}

// Serves reports whether calls reach the plugin.
func (s State) Serves() bool { return s == Running || s == Degraded }

// Status is the state of a plugin with its reasons.
type Status struct {
	Name         string
	Plugin       string // name of the plugin, as it calls itself; "" = not known
	Title        string // this and the next six are empty until the plugin has described itself
	Version      string
	TLDs         []string
	Kinds        []registrar.OperationKind
	Offers       []registrar.Offer // what is sold per TLD
	Capabilities []registrar.Capability
	Phrases      []registrar.Phrase // its sentences in other languages
	State        State
	Restarts     int       // how often it was started again
	Since        time.Time // of the state
	Error        string    // why it is not running, or ended last; "" while it runs
	Health       []registrar.Component
}
