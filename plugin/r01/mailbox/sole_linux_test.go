package mailbox

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/secret"
)

// Of two accounts on one folder the first reads, the second says why it does not, and reads once the
// first has ended. Another folder, and one that need not be alone, hold nothing up.
func TestSoleReader(t *testing.T) {
	t.Parallel()
	l := startLibrary(t, TLSNone)
	reads := func(folder string, sole bool) (w *Watcher, end func()) {
		w = New(Config{Address: l.address, TLS: TLSNone, Username: "user", Password: secret.New(password), Mailbox: folder, Sole: sole, Poll: time.Hour,
			Timeouts: Timeouts{BackOff: time.Millisecond, BackOffMax: 10 * time.Millisecond}}, &shelf{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = w.Run(ctx) }()
		end = func() { cancel(); <-ended }
		t.Cleanup(end)
		return w, end
	}
	until := func(what string, w *Watcher, holds func(detail string) bool) {
		t.Helper()
		for !holds(w.Health().Detail) {
			select {
			case <-t.Context().Done():
				t.Fatalf("%s: %+v", what, w.Health())
			case <-time.After(time.Millisecond):
			}
		}
	}
	connected := func(detail string) bool { return strings.HasPrefix(detail, "connected") }

	first, endFirst := reads("", true)
	until("the first", first, connected)
	second, _ := reads("inbox", true) // which is the same
	until("the second", second, func(detail string) bool {
		return strings.Contains(detail, "another account on this machine reads the same folder")
	})
	if h := second.Health(); h.OK || !strings.Contains(h.Detail, "imap.mailbox") {
		t.Errorf("the second says %+v", h)
	}
	other, _ := reads("Done", true)
	until("of another folder", other, connected)
	crowd, _ := reads("", false)
	until("one that need not be alone", crowd, connected)

	endFirst()
	until("the second, after the first", second, connected)
}
