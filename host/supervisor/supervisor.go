// Package supervisor runs registrar plugins: it verifies and starts the process of each, sets
// it up, watches its health, restarts it with back-off, drains it and kills it.
//
// It guarantees that one goroutine owns one plugin; that nothing a plugin writes, does or
// fails to do stops the host; that a plugin which can't work because of mistakes or missing files
// is tried again every minute, because people repair them meanwhile; that a lack of descriptors or
// memory, which is the host's own, never disables a plugin; that every process it started is gone,
// with its children, when Run returns; and that a plugin learns of the host's death even by SIGKILL,
// because its lifeline, a pipe, breaks.
//
// Errors: a plugin that is down answers [registrar.Unavailable] or [registrar.Draining],
// with its state and reason. [Status].Error says what is missing to start a plugin.
//
// It needs Unix, and /proc for plugins with a checksum.
package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

// Spec says how to run one plugin.
type Spec struct {
	Name    string   // name of the account, by which everything else refers to the plugin
	Plugin  string   // the name that Describe must return; "" = Name
	Command []string // the program, absolute, and its arguments
	Env     []string // NAME=VALUE; the host's own environment is not inherited
	Dir     string   // working directory; "" = the host's
	SHA256  string   // of the program, in hex; "" = not checked
	Foreign bool     // the program is not the host's own, so its file must be safe from changes by other users
	Account *Account // user of the process; nil = the host's own user. The host must be root
	// NoTLSReason says why the connection has no TLS; it is logged at each start. "" = it has TLS.
	NoTLSReason string
	RunDir      string // for sockets: absolute, short, the plugin's own
	// Fault says why the rest can't be used; nil = it can.
	Fault error

	// Configure gives the plugin its settings. An error without a [registrar.Code], or with the code Invalid,
	// means that the settings are wrong: the plugin is disabled, and tried again after [Timing].Retry.
	Configure func(ctx context.Context, p registrar.Hosted, d registrar.Description) error

	// Started is called each time the plugin has begun its work, before calls reach it. An error ends
	// the process, which is tried again; nil = nothing has to be done.
	Started func() error
}

// plugin returns what the plugin must call itself.
func (s Spec) plugin() string { return cmp.Or(s.Plugin, s.Name) }

// Account is a user of the system.
type Account struct {
	Name     string
	UID, GID int
}

// Options of a supervisor.
type Options struct {
	Plugins []Spec
	Logger  *slog.Logger // nil = slog.Default
	Timing  Timing
	// Session is called while a plugin serves, and must return when ctx ends. If it returns earlier it
	// is called again, after a pause; nil = none.
	Session func(ctx context.Context, name string, r registrar.Service) error
	// Reread returns the present specification of a plugin. It is asked before another try of a plugin
	// that can't work because of its specification or settings; nil = nothing changes.
	Reread func(name string) (Spec, error)
	// Told is called when a plugin becomes disabled, once for each reason, and with nil when the plugin
	// works again; nil = nothing is reported.
	Told func(ctx context.Context, name string, reason error)
	// Jitter returns numbers in [0,1); nil = random ones.
	Jitter func() float64
}

// Timing has the limits; a zero field means the value that [Timing.filled] gives it.
type Timing struct {
	Start      time.Duration // until the handshake
	Setup      time.Duration // for each of Describe, Configure and Start
	Interval   time.Duration // between health checks
	Answer     time.Duration // for one health check
	Misses     int           // how many health checks without an answer, before the process is killed
	First      time.Duration // pause after the first failure in a row; short, because no plugin serves meanwhile
	BackoffMin time.Duration // pause after the second; it doubles from there
	BackoffMax time.Duration
	Healthy    time.Duration // after which earlier failures are forgotten
	Crashes    int           // how many within Window, before the plugin is disabled
	Window     time.Duration
	Probe      time.Duration // after which a plugin that crashed too often gets one try
	Retry      time.Duration // after which a plugin that can't be started as it is gets one try
	Drain      time.Duration
	Kill       time.Duration // for a process to end by itself after draining
}

func (t Timing) filled() Timing {
	// As long as go-plugin's own limit: on a busy machine a plugin that was given ten seconds was killed and started
	// again, and never became ready.
	setDefault(&t.Start, time.Minute)
	setDefault(&t.Setup, time.Minute)
	setDefault(&t.Interval, 10*time.Second)
	setDefault(&t.Answer, 3*time.Second)
	setDefault(&t.Misses, 3)

	setDefault(&t.First, 50*time.Millisecond)
	setDefault(&t.BackoffMin, time.Second)
	setDefault(&t.BackoffMax, time.Minute)
	setDefault(&t.Healthy, 5*time.Minute)
	setDefault(&t.Crashes, 5)
	setDefault(&t.Window, 10*time.Minute)
	setDefault(&t.Probe, 15*time.Minute)
	setDefault(&t.Retry, time.Minute)
	setDefault(&t.Drain, 20*time.Second)
	setDefault(&t.Kill, 5*time.Second)
	return t
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Supervisor runs a set of plugins.
type Supervisor struct{ plugins []*plugin }

// New makes a supervisor; Run starts its work.
func New(o Options) *Supervisor {
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Supervisor{}
	for _, spec := range o.Plugins {
		s.plugins = append(s.plugins, newPlugin(spec, o))
	}
	return s
}

// Run supervises until ctx ends, then drains and stops all plugins, at the same time.
// It returns when all processes are gone.
func (s *Supervisor) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, p := range s.plugins {
		running.Go(func() { p.run(ctx) })
	}
	running.Wait()
	return nil
}

// Registrar returns a plugin that is at work.
func (s *Supervisor) Registrar(name string) (registrar.Service, error) {
	for _, p := range s.plugins {
		if p.name == name {
			return p.registrar()
		}
	}
	return nil, registrar.Errorf(registrar.NotFound, "there is no registrar %q", name)
}

// Upgrade replaces a plugin's program or settings without losing an operation. It starts, describes and configures
// the new process while the old one goes on working. Only if all that succeeds is the old process drained and
// stopped, and the new one begins. If the new one can't begin, the old program is started again and the error says
// why. Calls that come in between are answered with Draining or Unavailable. It returns both versions.
func (s *Supervisor) Upgrade(ctx context.Context, spec Spec) (from, to string, err error) {
	for _, p := range s.plugins {
		if p.name == spec.Name {
			return p.upgrade(ctx, spec)
		}
	}
	return "", "", registrar.Errorf(registrar.NotFound, "there is no registrar %q", spec.Name)
}

// Statuses returns the states of the plugins, in the order of the options.
func (s *Supervisor) Statuses() []Status {
	all := make([]Status, 0, len(s.plugins))
	for _, p := range s.plugins {
		all = append(all, p.Status())
	}
	return all
}

// WaitReady blocks until every plugin has been at work once, or is disabled. It returns the joined
// reasons of the disabled ones.
func (s *Supervisor) WaitReady(ctx context.Context) error {
	var failures []error
	for _, p := range s.plugins {
		select {
		case <-p.settled:
		case <-ctx.Done():
			return fmt.Errorf("wait for plugin %s, which is %s: %w", p.name, p.Status().State, ctx.Err())
		}
		if p.failure != nil {
			failures = append(failures, p.failure)
		}
	}
	return errors.Join(failures...)
}
