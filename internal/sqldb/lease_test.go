package sqldb

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var usual = DefaultLeaseTiming()

var errCut = errors.New("the network is cut")

// keptLease plays a lease whose beats are answered by answer, and returns when Keep gave up.
func keptLease(t *testing.T, answer func(at time.Duration, ctx context.Context) (string, error)) (end time.Duration, err error) {
	t.Helper()
	began := time.Now()
	beats := int64(0)
	l := &Lease{holder: "me", timing: usual, beat: func(ctx context.Context) (string, int64, error) {
		beats++
		holder, err := answer(time.Since(began), ctx)
		return holder, beats, err
	}}
	if _, held, err := l.Take(t.Context()); !held || err != nil {
		t.Fatal(held, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	err = l.Keep(ctx)
	return time.Since(began), err
}

func TestLeaseIsKeptWhileItIsRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		end, err := keptLease(t, func(time.Duration, context.Context) (string, error) { beats++; return "me", nil })
		if end != time.Hour || err != nil || beats < 700 || beats > 721 {
			t.Errorf("kept for %s, %v, with %d beats; want an hour, and one every %s", end, err, beats, usual.RenewEvery)
		}
	})
}

func TestLeaseSurvivesALostBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		end, err := keptLease(t, func(time.Duration, context.Context) (string, error) {
			if beats++; beats%2 == 0 {
				return "", errCut
			}
			return "me", nil
		})
		if end != time.Hour || err != nil {
			t.Errorf("kept for %s, %v", end, err)
		}
	})
}

// A holder that gets no answer stops well before another can have the lease.
func TestLeaseEndsBeforeItRunsOut(t *testing.T) {
	t.Parallel()

	for name, answer := range map[string]func(context.Context) (string, error){
		"errors":  func(context.Context) (string, error) { return "", errCut },
		"silence": func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			synctest.Test(t, func(t *testing.T) {
				const cut = 61 * time.Second
				var last time.Duration
				end, err := keptLease(t, func(at time.Duration, ctx context.Context) (string, error) {
					if at > cut {
						return answer(ctx)
					}
					last = at
					return "me", nil
				})
				if !errors.Is(err, ErrLeaseLost) || end-last > usual.SafeFor {
					t.Errorf("gave up %s after the last renewal, %v; want %s at most", end-last, err, usual.SafeFor)
				}

				if spare := usual.TTL - (end - last); spare < 4*time.Second {
					t.Errorf("only %s were left for what was under way", spare)
				}
			})
		})
	}
}

// An answer that was under way for long counts from when it was asked for.
func TestLeaseCountsFromTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &Lease{holder: "me", timing: usual, beat: func(context.Context) (string, int64, error) { time.Sleep(4 * time.Second); return "me", 1, nil }}
		asked := time.Now()
		if _, held, err := l.Take(t.Context()); !held || err != nil || !l.sure.Equal(asked.Add(usual.SafeFor)) {
			t.Errorf("sure until %s after the question", l.sure.Sub(asked))
		}
	})
}

func TestLeaseOfAnotherEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end, err := keptLease(t, func(at time.Duration, _ context.Context) (string, error) {
			if at > 0 {
				return "other", nil
			}
			return "me", nil
		})
		if end != usual.RenewEvery || !errors.Is(err, ErrLeaseLost) {
			t.Errorf("gave up after %s, %v; want the first beat", end, err)
		}
	})
}

// A server that was given an older database has an older lease, too. It ends, and what the
// database has forgotten is looked for before it is taken again.
func TestLeaseEndsWhenTheDatabaseWentBack(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		began, beats := time.Now(), int64(100)
		l := &Lease{holder: "me", timing: usual, beat: func(context.Context) (string, int64, error) {
			if beats++; beats > 100 && time.Since(began) > time.Minute {
				beats = 50
			}
			return "me", beats, nil
		}}
		if _, held, err := l.Take(t.Context()); !held || err != nil {
			t.Fatal(held, err)
		}

		if err := l.Keep(t.Context()); !errors.Is(err, ErrLeaseLost) || time.Since(began) > time.Minute+usual.RenewEvery {
			t.Errorf("kept for %s, %v", time.Since(began), err)
		}
		if _, held, err := l.Take(t.Context()); !held || err != nil {
			t.Errorf("taken again: %v, %v", held, err)
		}
	})
}
