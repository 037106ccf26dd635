package smtpout

import (
	"context"
	"fmt"
)

// Conn submits mails to one relay, one after another, on one connection for as long as it lasts. Each
// mail is a transaction of its own with all the guarantees of Sender.Submit. A Conn is for one goroutine.
type Conn struct {
	config   Config
	progress *progress    // nil = it is reported to none
	idle     *transaction // after a mail that was accepted; nil = not connected
}

// NewConn returns a Conn, which connects when there is something to submit.
func NewConn(c Config) *Conn { return &Conn{config: c} }

// Submit transmits one mail, as Sender.Submit does.
func (c *Conn) Submit(ctx context.Context, m Mail, claim func(context.Context) error) Result {
	// A connection is idle only between two mails; the outcome of this one decides whether it is kept.
	t := c.idle
	c.idle = nil
	if t == nil {
		t = newTransaction(c.config, c.progress)
	}

	t, outcome, err := t.submit(ctx, m, claim)
	c.progress.end(t)
	// After any other outcome it is not certain at which step of the dialogue the relay is.
	if outcome == Accepted {
		t.uncut()
		c.idle = t
	} else {
		t.close()
	}

	if err != nil {
		err = fmt.Errorf("submit mail: %w", t.explain(ctx, err))
	}
	return Result{Outcome: outcome, Response: t.response, Err: err, Stage: t.stage}
}

// Rest ends the connection, if there is one. The next mail makes another.
func (c *Conn) Rest() {
	if c.idle != nil {
		c.idle.quit()
		c.idle.close()
		c.idle = nil
	}
}

func newTransaction(c Config, p *progress) *transaction {
	return &transaction{config: c, timeouts: c.Timeouts.withDefaults(), progress: p, stage: StageCheck}
}

// submit carries one mail through, and returns the connection that it was sent on.
func (t *transaction) submit(ctx context.Context, m Mail, claim func(context.Context) error) (*transaction, Outcome, error) {
	if err := m.check(); err != nil {
		return t, Refused, err
	}
	t, outcome, err := t.announce(ctx, m)
	if err != nil {
		return t, outcome, err
	}
	t.enter(StageClaim)
	if err := claim(ctx); err != nil {
		return t, Deferred, err
	}
	outcome, err = t.transmit(ctx, m.Data)
	return t, outcome, err
}

// announce gets the relay's answer to sender and recipients. A connection that was used before may have
// died, or the relay may not want it any more: nothing is claimed by then, so a new connection is tried.
func (t *transaction) announce(ctx context.Context, m Mail) (*transaction, Outcome, error) {
	if t.conn != nil {
		t.response = ""
		t.bind(ctx)

		err := t.envelope(m)
		if err == nil {
			return t, "", nil
		}

		if t.stage != StageMail || t.answer(err) >= 500 {
			return t, t.definite(err), err
		}

		// The old connection has died, or the relay does not want it any more. Nothing is
		// claimed, so a new one may try.
		t.close()
		t.progress.end(t)
		t = newTransaction(t.config, t.progress)
	}

	// Before MAIL the relay speaks about us and not about this mail, so even a 5xx may pass.
	if err := t.open(ctx); err != nil {
		return t, Deferred, err
	}
	if err := t.envelope(m); err != nil {
		return t, t.definite(err), err
	}

	return t, "", nil
}
