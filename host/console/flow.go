package console

import (
	"time"

	"registrar.panel/host/web/api"
)

// flow is what a registrar works off by itself, and when its passes are made.
type flow struct {
	Name string
	Says api.Figures
	Done time.Time // when about all that waits for the limit will be sent; zero = that is not known
}

// flows returns those of the registrars that report figures.
func flows(now time.Time, plugins []api.Plugin) (all []flow) {
	for _, p := range plugins {
		if says := standingOf(p).Says; says != (api.Figures{}) {
			all = append(all, flow{p.Name, says, doneBy(now, says)})
		}
	}
	return all
}

// doneBy returns when all that waits will be sent: what is left of the limit now, then the limit of each hour.
func doneBy(now time.Time, says api.Figures) time.Time {
	queued, left, most := count(says.Queued), count(says.Left), count(says.Most)
	if queued == 0 || most == 0 {
		return time.Time{}
	}
	hours := (max(queued-left, 0) + most - 1) / most
	return now.Add(time.Duration(hours) * time.Hour)
}
