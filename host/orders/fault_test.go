package orders

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"registrar.panel/shared/registrar"
)

// A call of the plugin fails, and it had not taken the order or it had; and the panel is
// restarted before it asks again, or not. The plugin gets one order, however often, and the
// order ends with its operation.
func TestCallFaults(t *testing.T) {
	t.Parallel()

	for _, did := range []bool{false, true} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("happened %v, restart %v", did, restart), func(t *testing.T) {
				t.Parallel()

				b := newBook(t)
				o := b.place(request("example.ru"))
				b.mustPay(o.ID)
				succeeded := registrar.Event{Type: registrar.EventOperation, Message: "registered", Name: o.Domain, Order: o.ID, Operation: operationOf(o.ID),
					Domain: &registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: registrar.StatusRegistered, Renewal: registrar.RenewAuto}}
				ctx, die := context.WithCancel(t.Context())
				b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
					if did {
						b.fake.tell(succeeded)
					}
					die()
					return registrar.Operation{}, registrar.Errorf(registrar.Unavailable, "the connection broke")
				}

				if err := b.Run(ctx); err != nil {
					t.Fatal(err)
				}
				if restart {
					b.restart()
				}

				b.fake.submit = func(again registrar.Order) (registrar.Operation, error) {
					if !did {
						b.fake.tell(succeeded)
					}
					return registrar.Operation{ID: operationOf(again.ID), State: registrar.Succeeded}, nil
				}

				b.during(func() {
					b.until("the end", func() bool {
						return !b.mustOrder(o.ID).ClosedAt.IsZero() && b.mustDomain(o.Domain).Status == registrar.StatusRegistered
					})
				})

				if got := b.mustOrder(o.ID); got.Operation != operationOf(o.ID) || got.Refusal != "" {
					t.Errorf("the order: %+v", got)
				}

				for _, taken := range b.fake.taken() {
					if taken.ID != o.ID {
						t.Errorf("the plugin got another order: %+v", taken)
					}
				}
			})
		}
	}
}

// stream yields events, and breaks.
type stream []registrar.Event

func (s stream) Events(_ context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		for _, e := range s {
			if e.Cursor > after && !yield(e, nil) {
				return
			}
		}
		yield(registrar.Event{}, errBroken)
	}
}

var errBroken = errors.New("the stream broke")

// The delivery of an event fails: before the panel has stored it, or after, when the plugin
// tells it again; with and without a restart. Each stands in the log once, in order.
func TestDeliveryFaults(t *testing.T) {
	t.Parallel()

	told := stream{}
	for n := range 4 {
		told = append(told, registrar.Event{Cursor: registrar.Cursor(n + 1), At: start, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: fmt.Sprint("word ", n+1)})
	}

	for broke := range told {
		for _, did := range []bool{false, true} {
			for _, restart := range []bool{false, true} {
				t.Run(fmt.Sprintf("at %d, happened %v, restart %v", broke+1, did, restart), func(t *testing.T) {
					t.Parallel()

					b := newBook(t)
					if err := b.Follow(t.Context(), "r01", told[:broke]); !errors.Is(err, errBroken) {
						t.Fatalf("the break was not told: %v", err)
					}

					if did {
						if err := b.apply(t.Context(), "r01", told[broke]); err != nil {
							t.Fatal(err)
						}
					}

					if restart {
						b.restart()
					}
					if err := b.apply(t.Context(), "r01", told[broke]); err != nil { // told again
						t.Fatal(err)
					}
					if err := b.Follow(t.Context(), "r01", told); !errors.Is(err, errBroken) {
						t.Fatal(err)
					}

					entries := b.entries("")
					if len(entries) != len(told) {
						t.Fatalf("%d entries of %d events", len(entries), len(told))
					}

					for i, e := range entries {
						if e.Message != told[i].Message {
							t.Errorf("entry %d is %q", i+1, e.Message)
						}
					}
				})
			}
		}
	}
}
