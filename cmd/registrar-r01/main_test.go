package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// The suite runs against a simulated R01 that answers at once. The program is
// the shipped one; its work is watched for races where it runs in this process.
func TestConformance(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)

	make := func(log *slog.Logger) registrar.Plugin { return r01.New(log) }
	for name, opener := range map[string]func(t *testing.T) registrartest.Opener{
		"in process": func(*testing.T) registrartest.Opener { return registrartest.InProcess(make) },
		"over gRPC":  func(*testing.T) registrartest.Opener { return registrartest.OverGRPC(make) },
		"as a program": func(t *testing.T) registrartest.Opener {
			testrun.Place(t)
			return registrartest.Program{Command: []string{testrun.Program(t, "registrar.panel/cmd/registrar-r01")}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			open := opener(t)
			sim := simulate(t)
			config := settings(t, sim.Addresses())
			witness := ""
			if name == "as a program" { // a program can be killed
				witness = "http://" + sim.Addresses().Admin + "/witness"
			}
			registrartest.Run(t, registrartest.Subject{
				Open: open, Config: config, TLD: "ru", IDN: "конформность.рф", Handle: "CONFORMANCE_1_X-R01", Patience: time.Minute, Due: due(sim),
				Witness: witness,
				BadConfigs: []registrartest.BadConfig{
					{Why: "a callback that is no address", Path: "callback", Config: altered(t, config, `"callback@panel.example"`, `"nobody"`)},
					{Why: "a rule that is no pattern", Path: `reply["x"].body`, Config: altered(t, config, `"reply":[]`, `"reply":[{"name":"x","body":"(","outcome":"queued"}]`)},
				},
			})
		})
	}
}

// simulate runs an R01 of its own for each subject.
func simulate(t *testing.T) *r01sim.Simulator {
	t.Helper()

	policy := r01sim.Calm()
	policy.Queued, policy.Done = 0, r01sim.Delay(5*time.Millisecond)

	sim := r01sim.New(r01sim.Options{SMTP: "127.0.0.1:0", IMAP: "127.0.0.1:0", Admin: "127.0.0.1:0", Agreement: "RP/01/00", Password: mailPassword,
		Callback: "callback@panel.example", Gateway: "robot@registrar.example", IMAPUser: "callback", IMAPPassword: imapPassword, Policy: policy})
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	return sim
}

// due makes R01 hold domains that must be renewed.
func due(sim *r01sim.Simulator) func(context.Context) (registrar.Import, error) {
	var n atomic.Int32
	return func(context.Context) (registrar.Import, error) {
		i := registrar.Import{Domain: fmt.Sprintf("conformance-due-%d.ru", n.Add(1)), Handle: "CONFORMANCE_1_X-R01",
			PaidTill: registrar.DateOf(time.Now()).AddDays(20)}
		return i, sim.AddDomain(r01sim.Domain{Name: i.Domain, Handle: i.Handle, PaidTill: i.PaidTill, Delegated: true})
	}
}

// settings returns what a host hands over. Handled mails are moved away,
// so that the registrar on the next data directory does not find them.
func settings(t *testing.T, a r01sim.Addresses) json.RawMessage {
	t.Helper()

	file := filepath.Join(t.TempDir(), "plugin.hcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, hcl, mailPassword, a.SMTP, a.IMAP, imapPassword), 0o600); err != nil {
		t.Fatal(err)
	}

	d, err := r01.New(slog.New(slog.DiscardHandler)).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}

	read, err := c.Settings(d.Name, d.Schema)
	if err != nil {
		t.Fatal(err)
	}

	return read.Config
}

const (
	mailPassword = "mail-CANARY-71"
	imapPassword = "imap-CANARY-72"
	hcl          = `registrar "r01" {
  tlds = ["ru"]
  config {
    agreement = "RP/01/00"
    password  = %q
    gateway   = "robot@registrar.example"
    callback  = "callback@panel.example"
    smtp {
      address = %q
      tls     = "none"
    }
    imap {
      address   = %q
      tls       = "none"
      username  = "callback"
      password  = %q
      processed = "Done"
      poll      = "100ms"
    }
  }
}
`
)

func altered(t *testing.T, config json.RawMessage, old, new string) json.RawMessage {
	t.Helper()
	text := strings.Replace(string(config), old, new, 1)
	if text == string(config) {
		t.Fatalf("the settings do not hold %s", old)
	}
	return json.RawMessage(text)
}
