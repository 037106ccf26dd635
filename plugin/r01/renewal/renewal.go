// Package renewal makes renewal passes: what is due is begun, what is renewed by hand is
// announced, what has expired is shown as expired.
//
// A [Pass] looks at the record of domains and at the day, and not at when the last pass
// was; so one that was missed is caught up by the next, and one more changes nothing. The
// decisions are made in package policy. [Schedule] makes passes by cron, the first at once.
package renewal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Book is the record of domains, as a pass reads and writes it. Each method is one
// transaction, and repeating it changes nothing.
type Book interface {
	// Renewals lists the domains in a window, and tells how many renewals may be begun now.
	Renewals(ctx context.Context, w policy.Window) ([]policy.Domain, policy.Limit, error)
	// PlanRenewals plans the renewal of what is due in a window, and tells how many are new.
	PlanRenewals(ctx context.Context, w policy.Window) (int, error)
	// AnnounceRenewals tells of the domains in a band that are renewed by hand.
	AnnounceRenewals(ctx context.Context, b policy.Band, today registrar.Date) (int, error)
	// RemindRenewals tells of renewals that are held, each with the reason.
	RemindRenewals(ctx context.Context, held []policy.Held, today registrar.Date) (int, error)
	// ShowExpiry brings every domain's status in line with its expiry.
	ShowExpiry(ctx context.Context, today registrar.Date) (int, error)
	// DoubtClock tells why the time of day is not believed; "" = it is.
	DoubtClock() string
	// PassCompleted records that a pass has looked at everything.
	PassCompleted(ctx context.Context) error
}

// Pass makes renewal passes over one book.
type Pass struct {
	book     Book
	settings policy.Settings

	mu   sync.Mutex
	last *Done // what the last pass of this process came to; nil = none has completed
}

// NewPass makes one.
func NewPass(b Book, s policy.Settings) *Pass { return &Pass{book: b, settings: s} }

// Done is what a pass came to.
type Done struct {
	Planned, Announced, Restated, Reminded int

	Held int // of what is urgent

	Doubt string // why the day is not believed, so that nothing was done; "" = it is
}

// String is one line for people, whose parts are phrases of the plugin.
func (d Done) String() string {
	return fmt.Sprintf("renewals begun: %d, expiries announced: %d, urgent ones held: %d, statuses corrected: %d", d.Planned, d.Announced, d.Held, d.Restated)
}

// Last is what the last pass came to that this process has completed.
func (p *Pass) Last() (d Done, completed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		return d, false
	}
	return *p.last, true
}

// Run makes one pass. On a day that is not believed it does nothing.
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
	// On a wrong day a pass would send what is not due.
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

	// Last, and only after all of it: the alarm about passes that do not complete goes by it.
	if err := p.book.PassCompleted(ctx); err != nil {
		return d, fmt.Errorf("renewal pass: %w", err)
	}

	return d, nil
}

// remind tells of what is held though it is urgent, as far as that is due, and counts all of it.
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

// Steps tells what a pass would do now, the most urgent first.
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
