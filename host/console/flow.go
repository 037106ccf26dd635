package console

import (
	"time"

	"registrar.panel/host/web/api"
)

// flow is what a registrar works off by itself, and when its passes are made.
type flow struct {
	Name string
	Says api.Figures
	Done time.Time // by when about all that waits for the limit is sent; zero = that can't be said
}

// flows are those of the registrars that tell.
func flows(now time.Time, plugins []api.Plugin) (all []flow) {
	for _, p := range plugins {
		if says := standingOf(p).Says; says != (api.Figures{}) {
			all = append(all, flow{p.Name, says, doneBy(now, says)})
		}
	}
	return all
}

// doneBy is when what waits is sent: what is left of the limit now, and then so much an hour.
func doneBy(now time.Time, says api.Figures) time.Time {
	queued, left, most := count(says.Queued), count(says.Left), count(says.Most)
	if queued == 0 || most == 0 {
		return time.Time{}
	}
	hours := (max(queued-left, 0) + most - 1) / most
	return now.Add(time.Duration(hours) * time.Hour)
}
