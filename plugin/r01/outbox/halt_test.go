package outbox

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"registrar.panel/plugin/r01/smtpout"
)

// What a relay that gives no answer makes of the mails behind: two are doubtful, not all.
func TestRelayIsSilent(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	h := newHalt(func() time.Time { return now })
	silent := smtpout.Result{Outcome: smtpout.Unknown, Err: fmt.Errorf("step dot: %w", os.ErrDeadlineExceeded)}
	if got := h.weigh(silent); got.Outcome != smtpout.Unknown || h.holds() {
		t.Errorf("after one: %+v, holds %v", got, h.holds())
	}

	if got := h.weigh(silent); got.Outcome != smtpout.Unknown || !h.holds() {
		t.Errorf("after two: %+v, holds %v", got, h.holds())
	}

	now = now.Add(Halts[0])
	if h.holds() || !h.probing() {
		t.Error("no probe after the pause")
	}

	h.weigh(smtpout.Result{Outcome: smtpout.Accepted})
	if h.holds() || h.probing() {
		t.Error("it does not end with a mail that was taken")
	}

	h.weigh(smtpout.Result{Outcome: smtpout.Unknown, Err: errors.New("connection reset")})
	h.weigh(smtpout.Result{Outcome: smtpout.Unknown, Err: errors.New("connection reset")})
	h.weigh(smtpout.Result{Outcome: smtpout.Deferred, Response: "451 later", Err: errors.New("451 later")})

	if h.holds() {
		t.Error("it stops for what is no refusal and no silence")
	}
}

// While one mail waits for the relay's word, no other is handed to it, unless it answers others.
func TestNothingIsClaimedWhileTheRelayIsSilent(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	h := newHalt(func() time.Time { return now })
	m := &delivery{}
	h.begin(m)

	if now = now.Add(patience - 1); h.holds() {
		t.Error("it holds too early")
	}
	if now = now.Add(1); !h.holds() {
		t.Error("it does not hold")
	}

	h.weigh(smtpout.Result{Outcome: smtpout.Accepted})
	if h.holds() {
		t.Error("it holds though the relay answers others")
	}

	h.end(m)
	if len(h.waiting) > 0 {
		t.Error("it remembers what has ended")
	}
}
