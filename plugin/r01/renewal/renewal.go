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
	"time"

	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Book is the record of domains, as a pass reads and writes it. Each method is one
// transaction, and repeating it changes nothing.
type Book interface {
	// Renewals lists the domains in a window, and tells why nothing that costs money is
	// sent now; "" = it is.
	Renewals(ctx context.Context, w policy.Window) (domains []policy.Domain, held string, err error)
	// PlanRenewals plans the renewal of what is due in a window, and tells how many are new.
	PlanRenewals(ctx context.Context, w policy.Window) (int, error)
	// AnnounceRenewals tells of the domains in a band that are renewed by hand.
	AnnounceRenewals(ctx context.Context, b policy.Band, today registrar.Date) (int, error)
	// ShowExpiry brings every domain's status in line with its expiry.
	ShowExpiry(ctx context.Context, today registrar.Date) (int, error)
	// PassCompleted records that a pass has looked at everything.
	PassCompleted(ctx context.Context) error
}

// Pass makes renewal passes over one book.
type Pass struct {
	book     Book
	settings policy.Settings
}

// NewPass makes one.
func NewPass(b Book, s policy.Settings) *Pass { return &Pass{b, s} }

// Done is what a pass came to.
type Done struct{ Planned, Announced, Restated int }

// Run makes one pass.
func (p *Pass) Run(ctx context.Context, now time.Time) (d Done, err error) {
	today := policy.Today(now)
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
	if err := p.book.PassCompleted(ctx); err != nil {
		return d, fmt.Errorf("renewal pass: %w", err)
	}
	return d, nil
}

// Steps tells what a pass would do now, the most urgent first.
func (p *Pass) Steps(ctx context.Context, now time.Time) ([]registrar.RenewalStep, error) {
	today := policy.Today(now)
	domains, held, err := p.book.Renewals(ctx, policy.Open(today))
	if err != nil {
		return nil, fmt.Errorf("list renewals: %w", err)
	}
	var steps []registrar.RenewalStep
	for _, d := range domains {
		if decided := p.settings.Decide(d, today, held); decided.Action != "" {
			steps = append(steps, registrar.RenewalStep{Domain: d.Name, PaidTill: d.PaidTill, Action: decided.Action, Reason: decided.Reason})
		}
	}
	return steps, nil
}
