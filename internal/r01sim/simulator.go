package r01sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"registrar.panel/internal/wake"
	"registrar.panel/shared/registrar"
)

// Options shape a simulator. Only Agreement, Password, Callback and Gateway must be set.
type Options struct {
	// SMTP, IMAP, Whois and Admin are addresses to listen on, HOST:PORT, port 0 for any;
	// "" leaves that service off.
	SMTP, IMAP, Whois, Admin string
	// AllowRemote permits addresses beyond loopback.
	AllowRemote bool

	Agreement string
	Password  string // of the mail interface
	Callback  string // the only address that requests may come from; answers go there
	Gateway   string // the robot's own address

	IMAPUser     string // "" = Callback
	IMAPPassword string
	Mailbox      string // where answers arrive; "" = INBOX
	// Deliver is the HOST:PORT of an SMTP server, or lmtp://HOST:PORT, that takes the
	// answers instead of the simulator's own mailbox.
	Deliver string

	// AuthServID is the name under which the mailbox's own server writes, on top of each answer
	// and each lie, whether the signature of the robot's domain holds; "" = it writes nothing.
	AuthServID string

	// Lies are the kinds that a hostile partner beside the robot tells; none = there is no such partner.
	Lies    []LieKind
	LieRate float64 // mean number for each template that reaches the robot; 0 = 1

	// ZoneList is a file to which the registry's zone list is written, gzip; "" = none.
	ZoneList string

	Seed   uint64  // of chance: with one seed the same requests are treated the same way
	Speed  float64 // divides the delays; 0 = 1
	Policy Policy  // the zero Policy is [Calm]
	Logger *slog.Logger
	Now    func() time.Time // the robot's calendar; nil = time.Now. Delays pass in real time.
}

// Simulator is R01 as seen from outside.
type Simulator struct {
	options  Options
	logger   *slog.Logger
	agenda   *agenda
	post     *post
	mailbox  *imapmemserver.User
	changed  wake.Broadcast // woken when a mailbox changes
	observer *observer
	over     chan struct{} // closed when Run ends
	doors    []service

	mu       sync.Mutex
	policy   Policy
	password string
	registry *registry
	history  []Entry
	sent     [][]byte
	drawn    map[string]int // how often chance was asked about each matter
	liar     liar
	zone     edition // the latest of the zone list
}

// service is something that listens.
type service struct {
	name  string
	door  *door
	serve func(net.Listener) error
}

// Addresses are where a simulator listens; "" = the service is off.
type Addresses struct {
	SMTP, IMAP, Whois, Admin string
}

// New makes a simulator that does not listen yet.
func New(o Options) *Simulator {
	o.IMAPUser = cmp.Or(o.IMAPUser, o.Callback)
	o.Mailbox = cmp.Or(o.Mailbox, "INBOX")
	o.Speed = cmp.Or(o.Speed, 1)
	o.Policy = cmp.Or(o.Policy, Calm())
	o.LieRate = cmp.Or(o.LieRate, 1)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{options: o, logger: o.Logger, agenda: newAgenda(), policy: o.Policy,
		password: o.Password, registry: newRegistry(), drawn: map[string]int{}, observer: newObserver(), over: make(chan struct{}),
		liar: newLiar(o.Lies, o.LieRate)}
	s.post = &post{deliver: func(raw []byte) { s.agenda.after(0, func() { s.deliver(raw) }) }}
	s.mailbox = newMailbox(o)
	return s
}

// Listen binds every address. After an error nothing is bound.
func (s *Simulator) Listen() error {
	if err := s.check(); err != nil {
		return err
	}

	for _, v := range []struct {
		name, address string
		serve         func(net.Listener) error
	}{
		{"smtp", s.options.SMTP, s.smtpServer().Serve},
		{"imap", s.options.IMAP, s.imapServer().Serve},
		{"whois", s.options.Whois, s.serveWhois},
		{"admin", s.options.Admin, admin{s}.server().Serve},
	} {
		if v.address == "" {
			continue
		}
		d, err := openDoor(v.address, s.options.AllowRemote)
		if err != nil {
			s.shut()
			return fmt.Errorf("listen for %s: %w", v.name, err)
		}
		s.doors = append(s.doors, service{v.name, d, v.serve})
	}

	return nil
}

func (s *Simulator) check() error {
	if err := s.options.Policy.Validate(); err != nil {
		return err
	}
	if s.options.Speed < 0 {
		return fmt.Errorf("check speed %v: must be positive", s.options.Speed)
	}
	if s.options.LieRate < 0 {
		return fmt.Errorf("check rate of lies %v: must be positive", s.options.LieRate)
	}
	if s.options.Deliver == "" || s.options.AllowRemote {
		return nil
	}
	_, address := deliveryTarget(s.options.Deliver)
	return checkLoopback(address)
}

func (s *Simulator) shut() {
	for _, v := range s.doors {
		v.door.close()
	}
}

// Addresses returns the bound addresses, after Listen.
func (s *Simulator) Addresses() Addresses {
	bound := map[string]string{}
	for _, v := range s.doors {
		bound[v.name] = v.door.Addr().String()
	}
	return Addresses{SMTP: bound["smtp"], IMAP: bound["imap"], Whois: bound["whois"], Admin: bound["admin"]}
}

// Run serves until ctx ends, then closes everything and waits for
// it; the end of ctx is not an error. Listen must be called before.
func (s *Simulator) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var work sync.WaitGroup
	for _, v := range s.doors {
		work.Go(func() {
			err := v.serve(v.door)
			if ctx.Err() == nil {
				stop(fmt.Errorf("serve %s: %w", v.name, err))
			}
		})
	}

	work.Go(func() { s.agenda.run(ctx) })
	if s.options.ZoneList != "" {
		work.Go(func() { s.writeZoneLists(ctx) })
	}

	// over is closed first: shut waits for the sessions, and one of them may be holding an answer back.
	<-ctx.Done()
	close(s.over)
	s.shut()
	work.Wait()

	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return cause
	}

	return nil
}

// State copies the contents of the registry.
func (s *Simulator) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registry.state()
}

// History copies all mails received, oldest first.
func (s *Simulator) History() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Entry(nil), s.history...)
}

// Sent copies all answers that left, oldest first, as raw mails.
func (s *Simulator) Sent() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.sent...)
}

// Policy returns the policy in force.
func (s *Simulator) Policy() Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policy
}

// SetPolicy changes the policy for later requests and answers.
func (s *Simulator) SetPolicy(p Policy) error {
	if err := p.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy = p
	return nil
}

// patchPolicy changes the knobs named in a JSON object.
func (s *Simulator) patchPolicy(patch []byte) (Policy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.policy.patched(patch)
	if err == nil {
		s.policy = p
	}
	return s.policy, err
}

// SetPassword changes the password of the mail interface.
func (s *Simulator) SetPassword(password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.password = password
}

// SetBalance changes the free money on both accounts.
func (s *Simulator) SetBalance(real, bonus int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registry.balance.Real, s.registry.balance.Bonus = real, bonus
}

// AddDomain puts a domain into the registry. Name and PaidTill are required,
// and an unknown Handle becomes a client. Registrar "" is R01 itself.
func (s *Simulator) AddDomain(d Domain) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registry.adopt(d)
}

// Hold keeps every answer from leaving until it is released.
func (s *Simulator) Hold() { s.post.hold() }

// Release lets the next n answers leave, in the order in which they are written, including those not yet
// written. With n = 0 all leave, and the holding ends. Release also frees the answers to late- domains.
func (s *Simulator) Release(n int) { s.post.release(max(n, 0)) }

// Held counts the answers that wait for a release.
func (s *Simulator) Held() int { return s.post.count() }

// Inject delivers a raw mail to the callback mailbox unchanged, even while answers are held.
func (s *Simulator) Inject(raw []byte) { s.agenda.after(0, func() { s.deliver(raw) }) }

func (s *Simulator) today() registrar.Date { return today(s.options.Now()) }
