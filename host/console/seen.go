package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// mostSeen is how many acknowledged entries Today itself has; the others are on a page of their own.
const mostSeen = 20

// reminders are the times when acknowledged entries may be shown again. Each entry is shown at the
// latest when it changes.
var reminders = []string{"change", "4h", "morning", "3d", "7d"}

// morning is the hour at which a day's work begins.
const morning = 9

// remindAt returns the time of a reminder, as the API reads it.
func (v *visit) remindAt(chosen string) (string, error) {
	switch {
	case !slices.Contains(reminders, chosen):
		return "", &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.remind")}
	case chosen == "change":
		return "", nil
	case chosen == "morning":
		now := v.console.now().In(v.console.zone)
		return time.Date(now.Year(), now.Month(), now.Day()+1, morning, 0, 0, 0, v.console.zone).Format(time.RFC3339), nil
	}
	return chosen, nil
}

// seenPage is a part of the entries that people have acknowledged.
type seenPage struct{ Seen list[need] }

func showSeen(v *visit) (any, error) {
	found, err := listOf[api.Attention](v, api.Path("attention"), nil, url.Values{"acknowledged": {"1"}})
	return seenPage{v.needsOf(found)}, err
}

// acknowledge records that the ticked entries were seen. Each tick names what was seen of its entry.
func acknowledge(v *visit) (done, error) {
	until, err := v.remindAt(v.PostFormValue("until"))
	if err != nil {
		return done{}, err
	}
	in := api.Acknowledge{Until: until, Reason: strings.TrimSpace(v.PostFormValue("reason"))}
	for _, tick := range v.PostForm["entry"] {
		seen, id, _ := strings.Cut(tick, " ")
		in.Entries = append(in.Entries, api.SeenEntry{ID: id, Seen: seen})
	}
	if len(in.Entries) == 0 {
		return done{}, nothingTicked(v)
	}

	came, err := post[api.Acknowledged](v, api.Path("attention", "acknowledge"), in)
	if err != nil {
		return done{}, err
	}
	note := told("done.seen", "Count", strconv.Itoa(came.Acknowledged))
	if n := len(came.Refused); n > 0 {
		note = told("done.seen-some", "Count", strconv.Itoa(came.Acknowledged), "Left", strconv.Itoa(n), "Reason", v.lang.phrases.Line(came.Refused[0].Reason))
	}
	return done{"/", note}, nil
}

// takeBack has an entry shown in the list again.
func takeBack(v *visit) (done, error) {
	came, err := post[api.TakenBack](v, api.Path("attention", "take-back"), api.TakeBack{IDs: v.PostForm["id"]})
	note := told("done.unseen")
	if came.Changed == 0 {
		note = told("done.unseen-before")
	}
	return done{"/", note}, err
}
