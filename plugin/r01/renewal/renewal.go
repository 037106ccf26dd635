// Package renewal makes renewal passes: it begins renewals that are due, announces expiries of domains that
// are renewed by hand, and shows expired domains as expired.
//
// A [Pass] looks at the record of domains and at the day, and not at the time of the last pass. So the next
// pass makes up for one that was missed, and an additional pass changes nothing. Package policy makes the
// decisions. [Schedule] makes passes by cron, the first at once.
package renewal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Book is the record of domains, as a pass reads and writes it. Each method is one transaction, and repeating
// it changes nothing.
type Book interface {
	// Renewals lists the domains in a window, and returns how many renewals may be begun now.
	Renewals(ctx context.Context, w policy.Window) ([]policy.Domain, policy.Limit, error)
	// PlanRenewals plans the renewals that are due in a window, and returns how many of them are new.
	PlanRenewals(ctx context.Context, w policy.Window) (int, error)
	// AnnounceRenewals announces the expiries of domains in a band that are renewed by hand.
	AnnounceRenewals(ctx context.Context, b policy.Band, today registrar.Date) (int, error)
	// RemindRenewals reports renewals that are held, each with the reason.
	RemindRenewals(ctx context.Context, held []policy.Held, today registrar.Date) (int, error)
	// ShowExpiry corrects every domain's status by its expiry.
	ShowExpiry(ctx context.Context, today registrar.Date) (int, error)
	// DoubtClock returns why the time of day is not believed; "" = it is.
	DoubtClock() string
	// PassCompleted records that a pass has looked at everything.
	PassCompleted(ctx context.Context) error
}

// Pass makes renewal passes over one book.
type Pass struct {
	book     Book
	settings policy.Settings

	mu   sync.Mutex
	last *Done // the result of the last pass of this process; nil = none has completed
}

// NewPass returns a Pass over a book.
func NewPass(b Book, s policy.Settings) *Pass { return &Pass{book: b, settings: s} }

// Done is the result of a pass.
type Done struct {
	Planned, Announced, Restated, Reminded int

	Held int // urgent ones

	Doubt string // why the day is not believed, so that nothing was done; "" = it is
}

// String returns one line for people, whose parts are phrases of the plugin.
func (d Done) String() string {
	return fmt.Sprintf("renewals begun: %d, expiries announced: %d, urgent ones held: %d, statuses corrected: %d", d.Planned, d.Announced, d.Held, d.Restated)
}

// Last returns the result of the last pass that this process has completed.
func (p *Pass) Last() (d Done, completed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		return d, false
	}
	return *p.last, true
}

// Run makes one pass. If the day is not believed, it does nothing.
func (p *Pass) Run(ctx context.Context, now time.Time) (Done, error) {
	d, err := p.run(ctx, now)
	if err == nil && d.Doubt == "" {
		p.mu.Lock()
		p.last = &d
		p.mu.Unlock()
	}
	return d, err
}

func (p *Pass) run(ctx context.Context, now time.Time) (d Done, err error) {
	today := policy.Today(now)
	// On a wrong day a pass would send renewals that are not due.
	if d.Doubt = p.book.DoubtClock(); d.Doubt != "" {
		return d, nil
	}
	if d.Restated, err = p.book.ShowExpiry(ctx, today); err != nil {
		return d, fmt.Errorf("renewal pass: show expiry: %w", err)
	}
	if d.Planned, err = p.book.PlanRenewals(ctx, p.settings.Due(today)); err != nil {
		return d, fmt.Errorf("renewal pass: %w", err)
	}

	for _, b := range policy.Bands(today) {
		n, err := p.book.AnnounceRenewals(ctx, b, today)
		if err != nil {
			return d, fmt.Errorf("renewal pass: announce: %w", err)
		}
		d.Announced += n
	}

	if d.Reminded, d.Held, err = p.remind(ctx, today); err != nil {
		return d, fmt.Errorf("renewal pass: tell what is held: %w", err)
	}

	// Last, and only after everything else: the alarm about passes that do not complete depends on it.
	if err := p.book.PassCompleted(ctx); err != nil {
		return d, fmt.Errorf("renewal pass: %w", err)
	}

	return d, nil
}

// remind reports urgent renewals that are held, if that is due, and counts all of them.
func (p *Pass) remind(ctx context.Context, today registrar.Date) (reminded, all int, err error) {
	domains, limit, err := p.book.Renewals(ctx, policy.Urgent(today))
	if err != nil {
		return 0, 0, err
	}

	var held []policy.Held
	for _, d := range domains {
		decided := p.settings.Decide(d, today, limit.Held)
		if decided.Action != registrar.RenewalHold {
			continue
		}
		if all++; decided.Threshold != 0 {
			held = append(held, policy.Held{Domain: d.Name, PaidTill: d.PaidTill, Threshold: decided.Threshold, Reason: decided.Reason})
		}
	}
	if len(held) == 0 {
		return 0, all, nil
	}

	reminded, err = p.book.RemindRenewals(ctx, held, today)
	return reminded, all, err
}

// Steps returns what a pass would do now, the most urgent first.
func (p *Pass) Steps(ctx context.Context, now time.Time) ([]registrar.RenewalStep, error) {
	today := policy.Today(now)
	domains, limit, err := p.book.Renewals(ctx, policy.Open(today))
	if err != nil {
		return nil, fmt.Errorf("list renewals: %w", err)
	}
	var steps []registrar.RenewalStep
	for _, d := range domains {
		if decided := limit.Apply(p.settings.Decide(d, today, limit.Held)); decided.Action != "" {
			steps = append(steps, registrar.RenewalStep{Domain: d.Name, PaidTill: d.PaidTill, Action: decided.Action, Reason: decided.Reason})
		}
	}
	return steps, nil
}
