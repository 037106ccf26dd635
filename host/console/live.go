package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
)

const (
	liveWait = 20 * time.Second // for something new, before a message shows that the connection is alive
	liveMost = 10 * time.Minute // after which a browser asks again
)

// live tells a page, by server-sent events, that something has happened since it was made. It sends the
// number of the latest entry of the Action Log and none of its contents: the browser asks for the page again.
func (c *Console) live(w http.ResponseWriter, r *http.Request) {
	v := c.visit(r)
	if !v.caller.May(access.Look) {
		http.Error(w, v.lang.Text("failure.FORBIDDEN"), http.StatusForbidden)
		return
	}

	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	last, ok := latest(v, r.Header.Get("Last-Event-ID"))
	for end := c.now().Add(liveMost); ok && c.now().Before(end) && r.Context().Err() == nil; {
		_ = out.SetWriteDeadline(time.Now().Add(2 * liveWait)) // an error means that there is no connection
		if _, err := fmt.Fprintf(w, "id: %d\nevent: log\ndata: %d\n\n", last, last); err != nil || out.Flush() != nil {
			return
		}
		more, err := get[[]api.Entry](v, api.Path("log"), url.Values{"after": {strconv.FormatInt(last, 10)}, "wait": {liveWait.String()}})
		if err != nil {
			return
		}
		if n := len(more); n > 0 {
			last = more[n-1].ID
		}
	}
}

// latest returns the entry that a browser has heard of, or else the last one.
func latest(v *visit, heard string) (int64, bool) {
	if id, err := strconv.ParseInt(heard, 10, 64); err == nil && id >= 0 {
		return id, true
	}
	entries, err := get[[]api.Entry](v, api.Path("log"), url.Values{"limit": {"1"}})
	if err != nil || len(entries) == 0 {
		return 0, err == nil
	}
	return entries[0].ID, true
}
