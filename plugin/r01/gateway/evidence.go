package gateway

import (
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// weigh has evidence weighed, and applies it if that is what it is worth. The caller sees to
// what is only to be noted, or for a person.
func (g *Gateway) weigh(tx *store.Tx, r *store.Request, e lifecycle.Evidence, f fact) (lifecycle.Verdict, error) {
	v := g.verdict(*r, e)
	if v.Action() != lifecycle.Apply {
		return v, nil
	}
	return v, g.advance(tx, r, v, f)
}

// must is weigh for evidence that can't but be applied.
func (g *Gateway) must(tx *store.Tx, r *store.Request, e lifecycle.Evidence, f fact) error {
	v, err := g.weigh(tx, r, e, f)
	if err != nil {
		return err
	}
	return v.Err()
}

// verdict weighs evidence for a request as it is now.
func (g *Gateway) verdict(r store.Request, e lifecycle.Evidence) lifecycle.Verdict {
	return lifecycle.Weigh(g.known(r), e)
}

// known is what evidence is weighed against.
func (g *Gateway) known(r store.Request) lifecycle.Request {
	known := r.Lifecycle()
	known.Settled = !g.now().Before(g.settledAt(r))
	return known
}

// settledAt is until when what was handed over may still be carried out. architecture 4
func (g *Gateway) settledAt(r store.Request) time.Time { return r.ClaimedAt.Add(g.settings.Settle) }

func queueSays(e lifecycle.Event) lifecycle.Evidence {
	return lifecycle.Evidence{Source: lifecycle.FromQueue, Event: e, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord}
}

func restoreSays() lifecycle.Evidence {
	return lifecycle.Evidence{Source: lifecycle.FromRestore, Event: lifecycle.Restored, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord}
}

// personSays is a decision about a version of the operation; noted is what the person says shows
// it.
func personSays(e lifecycle.Event, saw registrar.Version, noted string) lifecycle.Evidence {
	return lifecycle.Evidence{Source: lifecycle.FromPerson, Event: e, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord,
		Saw: string(saw), Noted: noted}
}
