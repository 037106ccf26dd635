package console

import (
	"net/http"
	"net/url"
	"time"

	"registrar.panel/host/web/api"
)

func (c *Console) routeRenewals() {
	s := screen{"renewals.html", look, showRenewals}
	c.page("GET /renewals", s)
	c.mux.HandleFunc("POST /renewals/plan", func(w http.ResponseWriter, r *http.Request) { c.renewals(w, r, true) })
	c.mux.HandleFunc("POST /renewals/run", func(w http.ResponseWriter, r *http.Request) { c.renewals(w, r, false) })
}

// renewals is what falls due, and what a pass would do or has done.
type renewals struct {
	Weeks   []week
	Most    int // in one week
	Soonest list[api.Domain]
	Status  api.Status
	Pass    *passed
	Last    []lastPass
}

// lastPass is what a registrar reports about its last pass by schedule.
type lastPass struct {
	Registrar string
	api.Component
}

// week is the number of domains that fall due within seven days.
type week struct {
	From, To     string
	Auto, Manual int
}

// Width returns the length of the bar for a number, of 100.
func (r renewals) Width(n int) int {
	if r.Most == 0 {
		return 0
	}
	return n * 100 / r.Most
}

// weeksAhead is how many weeks the calendar has: 60 days.
const weeksAhead = 9

// weeks counts days by week; the first week begins today.
func weeks(today time.Time, days []api.DueDay) (all []week, most int) {
	for i := range weeksAhead {
		from := today.AddDate(0, 0, 7*i)
		w := week{From: from.Format(time.DateOnly), To: from.AddDate(0, 0, 6).Format(time.DateOnly)}
		for _, d := range days {
			if w.From <= d.Day && d.Day <= w.To {
				w.Auto, w.Manual = w.Auto+d.Auto, w.Manual+d.Manual
			}
		}
		most = max(most, w.Auto+w.Manual)
		all = append(all, w)
	}
	return all, most
}

func showRenewals(v *visit) (any, error) {
	days, err := get[[]api.DueDay](v, api.Path("renewals", "due"), nil)
	if err != nil {
		return nil, err
	}
	status, err := get[api.Status](v, api.Path("status"), nil)
	if err != nil {
		return nil, err
	}
	plugins, err := v.plugins()
	if err != nil {
		return nil, err
	}
	soonest, err := listOf[api.Domain](v, api.Path("domains"), []string{"renewal"}, url.Values{"due": {"60d"}})

	r := renewals{Soonest: soonest, Status: status}
	for _, p := range plugins {
		for _, c := range api.RenewalState(p) {
			r.Last = append(r.Last, lastPass{p.Name, c})
		}
	}
	r.Weeks, r.Most = weeks(v.console.now().UTC(), days)
	return r, err
}

// passed is the lines of a renewal pass, counted.
type passed struct {
	DryRun  bool
	Counts  map[string]int // by action
	Steps   []api.RenewalStep
	More    int // lines that are not shown
	Missing []api.Missing
}

// mostSteps is how many lines of a pass a page has.
const mostSteps = 300

// renewals makes a pass, or its plan, and shows the result.
func (c *Console) renewals(w http.ResponseWriter, r *http.Request, dryRun bool) {
	v := c.visit(r)
	// A plan spends nothing, so the right to look is enough.
	rights := money
	if dryRun {
		rights = look
	}
	if !v.mayOneOf(rights) {
		c.fail(w, v, forbidden(rights))
		return
	}

	steps, missing, err := api.PostPartial[[]api.RenewalStep](v.Context(), c.client, api.Path("renewals", "run"), api.RenewalRun{DryRun: dryRun})
	if err != nil {
		v.trouble = v.troubleOf(err)
	}
	c.render(w, v, screen{"renewals.html", look, func(v *visit) (any, error) {
		shown, err := showRenewals(v)
		if page, ok := shown.(renewals); ok && v.trouble == nil {
			page.Pass = counting(steps, missing, dryRun)
			return page, err
		}
		return shown, err
	}})
}

// counting puts renewals that are held back first, because a person looks for them.
func counting(steps []api.RenewalStep, missing []api.Missing, dryRun bool) *passed {
	p := &passed{DryRun: dryRun, Counts: map[string]int{}, Missing: missing}
	for _, action := range []string{"hold", "announce", "send"} {
		for _, s := range steps {
			if s.Action == action {
				p.Counts[action]++
				p.Steps = append(p.Steps, s)
			}
		}
	}
	if n := len(p.Steps); n > mostSteps {
		p.Steps, p.More = p.Steps[:mostSteps], n-mostSteps
	}
	return p
}

// Count returns how many lines have an action.
func (p passed) Count(action string) int { return p.Counts[action] }
