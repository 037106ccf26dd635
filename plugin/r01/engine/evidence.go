package engine

import (
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Weigh has evidence weighed, and applies it if the verdict says so. The caller handles
// evidence that is only to be noted, or is for a person.
func (en *Engine) Weigh(tx *store.Tx, r *store.Request, e lifecycle.Evidence, f Fact) (lifecycle.Verdict, error) {
	v := en.Verdict(*r, e)
	if v.Action() != lifecycle.Apply {
		return v, nil
	}
	return v, en.advance(tx, r, v, f)
}

// Weighing is evidence for one of several requests.
type Weighing struct {
	Request  *store.Request
	Evidence lifecycle.Evidence
	Fact     Fact
}

// WeighAll is Weigh for several requests, each of which occurs once. Those that move alike share statements.
func (en *Engine) WeighAll(tx *store.Tx, all []Weighing) error {
	var moving []advance
	for _, w := range all {
		if v := en.Verdict(*w.Request, w.Evidence); v.Action() == lifecycle.Apply {
			moving = append(moving, advance{w.Request, v, w.Fact})
		}
	}
	return en.advanceAll(tx, moving)
}

// Must is Weigh for evidence that has to be applied: any other verdict is an error.
func (en *Engine) Must(tx *store.Tx, r *store.Request, e lifecycle.Evidence, f Fact) error {
	v, err := en.Weigh(tx, r, e, f)
	if err != nil {
		return err
	}
	return v.Err()
}

// Verdict weighs evidence for a request as it is now.
func (en *Engine) Verdict(r store.Request, e lifecycle.Evidence) lifecycle.Verdict {
	return lifecycle.Weigh(en.known(r), e)
}

// known is the request that evidence is weighed against.
func (en *Engine) known(r store.Request) lifecycle.Request {
	known := r.Lifecycle()
	known.Settled = !en.now().Before(en.settledAt(r))
	return known
}

// settledAt is when what was handed over can't be carried out any more. ARCHITECTURE.md, the durable step
func (en *Engine) settledAt(r store.Request) time.Time { return r.ClaimedAt.Add(en.settings.Settle) }

// QueueSays is what our own queue decides about a request that has not left it.
func QueueSays(e lifecycle.Event) lifecycle.Evidence {
	return lifecycle.Evidence{Source: lifecycle.FromQueue, Event: e, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord}
}

func restoreSays() lifecycle.Evidence {
	return lifecycle.Evidence{Source: lifecycle.FromRestore, Event: lifecycle.Restored, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord}
}

// PersonSays is a person's decision about a version of the operation; noted is what, by the person's word, shows it.
func PersonSays(e lifecycle.Event, saw registrar.Version, noted string) lifecycle.Evidence {
	return lifecycle.Evidence{Source: lifecycle.FromPerson, Event: e, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord,
		Saw: string(saw), Noted: noted}
}

// TimeOr returns a time, or another one in place of none.
func TimeOr(at, otherwise time.Time) time.Time {
	if at.IsZero() {
		return otherwise
	}
	return at
}

// TillOf classifies an expiry that is named for a request.
func (en *Engine) TillOf(r store.Request, named registrar.Date) lifecycle.Till {
	asked := registrar.DateOf(TimeOr(r.ClaimedAt, r.CreatedAt).In(registry.Moscow))
	return lifecycle.TillOf(r.Kind, named, r.Base, asked, registrar.DateOf(en.now().In(registry.Moscow)))
}
