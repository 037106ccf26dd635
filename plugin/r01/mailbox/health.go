package mailbox

import (
	"fmt"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"registrar.panel/shared/registrar"
)

// status is what Health reports. It is shared with the goroutine that runs the watcher.
type status struct {
	mu        sync.Mutex
	since     time.Time // connected; zero = not
	last      time.Time // when everything that waited had been fetched
	failure   string    // why there is no connection
	complaint string    // what the server refuses to do
	setAside  []imap.UID
	remarks   string // on the server, with which all goes well nevertheless
}

func (s *status) connected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.failure = time.Now(), ""
}

func (s *status) passed(setAside []imap.UID, remarks string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.setAside, s.remarks = time.Now(), setAside, remarks
}

// lost records the end of a session, and reports whether that is news.
func (s *status) lost(why string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := !s.since.IsZero() || s.failure != why
	s.since, s.failure = time.Time{}, why
	return news
}

// complain records what the server refused, or that it no longer refuses it, and reports
// whether there is anything new to say.
func (s *status) complain(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	complaint := ""
	if err != nil {
		complaint = err.Error()
	}
	news := complaint != "" && complaint != s.complaint
	s.complaint = complaint
	return news
}

// Health reports how the mailbox does. It does no I/O.
func (w *Watcher) Health() registrar.Component { return w.status.component() }

func (s *status) component() registrar.Component {
	s.mu.Lock()
	defer s.mu.Unlock()

	last := "never looked"
	if !s.last.IsZero() {
		last = "last looked " + s.last.UTC().Format(time.RFC3339)
	}

	c := registrar.Component{Name: "mailbox"}
	if !s.last.IsZero() {
		c.Figures = map[registrar.Figure]float64{registrar.FigureLookedAt: float64(s.last.Unix())}
	}

	// Faults that keep mails from arriving are reported before those that only leave them unmarked.
	switch {
	case s.since.IsZero() && s.failure == "":
		c.OK, c.Detail = true, "connecting"
	case s.since.IsZero():
		c.Detail = fmt.Sprintf("not connected, %s: %s", last, s.failure)
	case len(s.setAside) > 0:
		c.Detail = fmt.Sprintf("%d mails can't be fetched, the first has UID %d: look at it in the folder", len(s.setAside), s.setAside[0])
	case s.complaint != "":
		c.Detail = s.complaint
	default:
		c.OK, c.Detail = true, fmt.Sprintf("connected since %s, %s", s.since.UTC().Format(time.RFC3339), last)
	}

	if s.remarks != "" && !s.since.IsZero() {
		c.Detail += "; about the server: " + s.remarks
	}

	return c
}
