package r01

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// The second of two accounts on one mailbox says so, in the words of their settings.
func TestTwoAccountsOnOneMailbox(t *testing.T) {
	t.Parallel()
	start := func(account, username string) (part func() registrar.Component) {
		p := registrarrpc.Gate(New(slog.New(slog.DiscardHandler)))
		s := settingsOf(t, t.TempDir(), in("imap", "username", username))
		s.Account = account
		if err := p.Configure(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Drain(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return func() registrar.Component {
			health, err := p.Health(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range health {
				if c.Name == "mailbox" {
					return c
				}
			}
			t.Fatalf("no mailbox in %+v", health)
			return registrar.Component{}
		}
	}
	until := func(part func() registrar.Component, says string) {
		t.Helper()
		for c := part(); c.OK || !strings.Contains(c.Detail, says); c = part() {
			select {
			case <-t.Context().Done():
				t.Fatalf("%+v, want %q", c, says)
			case <-time.After(time.Millisecond):
			}
		}
	}

	until(start("r01", "one"), "connection refused")
	until(start("r01-b", "two"), "connection refused")
	until(start("r01-c", "one"), "give every account a mailbox or a folder of its own (imap.username, imap.mailbox)")
}
