// Package gateway carries out what the lifecycle decides: it turns orders into request
// mails, sends them by the durable step, reads the replies and matches them to operations.
//
// Loops run under [Gateway.Run]: one sends what is queued, several mails at a time, one
// reads what has arrived, one watches deadlines, and where a registry is configured two look
// at what it shows. Each only looks at rows in the store, so nothing is lost when a process
// dies between two steps: whatever was stored is found again.
//
// Guarantees: a request is transmitted only after its claim is committed, and again only
// when the relay definitely took nothing or a person decided it. A mail is stored before
// it is read; one that can't be understood waits for a person and never blocks the next. A
// reply is applied at most once, and only to a request it names.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/internal/secret"
	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Settings is what the gateway needs of the configuration.
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

	KeepMails time.Duration // how long the bytes of mails are kept

	Proof       bool          // a reply's sender must be proved; else the token alone is believed
	ProofWithin time.Duration // how long that is tried for when DNS does not answer; 0 = a day
	RepliesFrom []string      // R01's addresses beside Robot

	Reconciled string // the incarnation of a restored store that a person has compared with R01's records
}

// Handles says how client handles are made. r01-mail 2.8
type Handles struct {
	Prefix  string
	Counter uint64 // the first one
	Suffix  string // "R01"
}

// Submitter hands mails to a relay; package smtpout has the real one. It is called by as many
// senders at a time as the settings say.
type Submitter interface {
	Submit(ctx context.Context, m smtpout.Mail, claim func(context.Context) error) smtpout.Result
	// Rest says that no more mail follows for now.
	Rest()
}

// Store keeps what the gateway knows; package store has the real one. An error of Write
// may have come too late: what it wrote may be there all the same.
type Store interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
	Fingerprint(parts ...string) string
	// InPlace tells whether the store is still where it was opened.
	InPlace() error
	// Recall tells whether the store is an older one, put back; Mark makes that visible.
	Recall(ctx context.Context) (incarnation string, older bool, err error)
	Mark(ctx context.Context) error
}

// Verifier tells whether a mail is really from whom it claims; package mailauth has the real
// one.
type Verifier interface {
	Verify(ctx context.Context, raw []byte) mailauth.Verdict
	// MadeHere tells whether a mail server of ours made it by itself.
	MadeHere(raw []byte) mailauth.Verdict
}

// Gateway is the mail side of one R01 agreement.
type Gateway struct {
	settings   Settings
	store      Store
	submitter  Submitter
	verifier   Verifier
	recogniser *mailform.Recogniser
	log        hclog.Logger
	now        func() time.Time
	random     func() string // upper-case letters and digits, unguessable, at least 26
	node       string        // among several; "" = alone
	lookAgain  time.Duration // bounds how long what others store goes unseen

	whois     Whois // nil = none
	zoneLists []ZoneList
	imports   Imports // nil = no names are told
	jitter    func(time.Duration) time.Duration
	witness   *witness
	clock     *clock
	continuer continuer

	fence      int64       // set by Open before any loop starts
	restored   bool        // so is this: paid requests wait for a person
	displaced  atomic.Bool // the store is not where it was opened
	unrecorded unrecorded
	halt       *halt
	toSend     wake.Signal
	toRead     wake.Signal
	changed    wake.Broadcast
}

// Parts are what a gateway is made of.
type Parts struct {
	Store      Store
	Submitter  Submitter
	Verifier   Verifier
	Recogniser *mailform.Recogniser
	Logger     hclog.Logger
	Now        func() time.Time
	Random     func() string

	Whois     Whois // nil = none
	ZoneLists []ZoneList
	Imports   Imports                           // nil = no names are told
	Jitter    func(time.Duration) time.Duration // spreads what is done again and again
	// Node names this instance among those that use the store; what the others store wakes
	// nobody here. "" = there are no others.
	Node string
}

// New composes a gateway. It does nothing until Run.
func New(s Settings, p Parts) *Gateway {
	look := lookAgain
	if p.Node != "" {
		look = lookAtOthers
	}
	g := &Gateway{
		settings: s, node: p.Node, lookAgain: look, store: p.Store, submitter: p.Submitter, verifier: p.Verifier, recogniser: p.Recogniser,
		log: p.Logger, now: p.Now, random: p.Random,
		toSend: wake.NewSignal(), toRead: wake.NewSignal(),
		whois: p.Whois, zoneLists: p.ZoneLists, imports: p.Imports, jitter: p.Jitter, witness: newWitness(), clock: newClock(),
		halt: newHalt(p.Now),
	}
	g.continuer = g
	return g
}

// Open takes the store over from any earlier instance: what that one was sending has an
// unknown fate now. It must have returned before Run.
func (g *Gateway) Open(ctx context.Context) error {
	var interrupted []store.Request
	incarnation, older, err := g.store.Recall(ctx)
	if err != nil {
		return fmt.Errorf("take over the store: %w", err)
	}
	if older { // they are not in it
		g.unrecorded.take()
	}
	err = g.write(ctx, func(tx *store.Tx) (err error) {
		if g.fence, err = tx.TakeOver(); err != nil {
			return err
		}
		if g.node != "" {
			if err := tx.SetHolder(g.node); err != nil {
				return err
			}
		}
		if err := errors.Join(g.startClock(tx), g.clear(tx, placeAlarm, ""), g.recall(tx, incarnation, older)); err != nil {
			return err
		}
		if err := g.releaseIfMended(tx); err != nil {
			return err
		}
		interrupted, err = tx.InState(registrar.Sending)
		return err
	})
	if err != nil {
		return fmt.Errorf("take over the store: %w", err)
	}
	if err := g.store.Mark(ctx); err != nil {
		return fmt.Errorf("take over the store: %w", err)
	}
	for _, r := range interrupted {
		lost := smtpout.Result{Outcome: smtpout.Unknown, Err: errInterrupted}
		if err := g.conclude(ctx, []store.Request{r}, lost); err != nil {
			return err
		}
	}
	return nil
}

var errInterrupted = errors.New("the plugin was stopped while sending")

// Run works until ctx ends, and returns after all loops have stopped.
func (g *Gateway) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, loop := range g.loops() {
		loops.Go(func() { loop(ctx) })
	}
	loops.Wait()
	return ctx.Err()
}

func (g *Gateway) loops() []func(context.Context) {
	all := []func(context.Context){g.sendLoop, g.readLoop, g.deadlineLoop, g.keepLoop, g.clockLoop}
	if g.whois != nil {
		all = append(all, g.whoisLoop)
	}
	if len(g.zoneLists) > 0 {
		all = append(all, g.listLoop)
	}
	return all
}

// write is a transaction after which the loops and the event readers look again.
func (g *Gateway) write(ctx context.Context, fn func(tx *store.Tx) error) error {
	if err := g.store.Write(ctx, fn); err != nil {
		return err
	}
	g.changed.Wake()
	g.toSend.Wake()
	return nil
}

// fault gives an error of the store the code that the contract promises.
func fault(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return registrar.Errorf(registrar.NotFound, "%s is not known here", what)
	case errors.Is(err, store.ErrMoved):
		return registrar.Errorf(registrar.Unavailable, "%s is being worked on; ask again", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}
