package main

import (
	"slices"
	"strings"
	"testing"

	"registrar.panel/host/web/api"
)

// uncertainWorld has what one kind of evidence needs, and nothing that the others need.
func uncertainWorld(t *testing.T, evidence string) *world {
	t.Helper()
	switch evidence {
	case "registry":
		return newRegistryWorld(t, "")
	case "copy":
		return newWorld(t, func(hcl string) string {
			return strings.Replace(hcl, "    callback  =", "    bcc = \""+callback+"\"\n    callback  =", 1)
		})
	}
	return newWorld(t, func(hcl string) string { return hcl })
}

// operationOf returns the operation of the only order for a domain, finished or not.
func (w *world) operationOf(domain string) string {
	w.t.Helper()
	var list []api.Order
	w.json(&list, "orders")
	for _, o := range list {
		if o.Domain == domain && o.Operation != nil {
			return *o.Operation
		}
	}
	w.t.Fatalf("no order for %s has an operation: %+v", domain, list)
	return ""
}

// The relay's answer to a registration is lost. Each way out of the uncertainty shows its
// evidence in the timeline of panel domain show, and R01 gets the request once.
func TestLeavingUncertain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, domain string
		resolve      func(t *testing.T, w *world, op string)
		ends         string // the domain's status
		evidence     string // of the step out of the uncertainty
		says         string // in the timeline
	}{
		{"a reply", "answered.ru", func(t *testing.T, w *world, _ string) { w.sim.Release(0) },
			"Registered", "reply", "registration of answered.ru: registered and delegated"},
		{"our own copy", "mute-copied.ru", func(t *testing.T, w *world, _ string) { w.sim.Release(0) },
			"Registering", "copy", "our own copy of the request arrived, so it was sent"},
		{"a person", "mute-decided.ru", func(t *testing.T, w *world, op string) {
			if _, stderr, code := w.insist("operation", "resolve", op, "--outcome", "resend", "--by", "olga"); code != 1 || !strings.Contains(stderr, "--note") {
				t.Errorf("a resend without a reason: exit %d, %s", code, stderr)
			}
			w.must("operation", "resolve", op, "--outcome", "done", "--by", "olga", "--note", "seen at R01")
		}, "Registered", "person", "decided: it was carried out (seen at R01)"},
		{"the registry", "mute-shown.ru", func(t *testing.T, w *world, _ string) { w.sim.Release(0) },
			"Registered", "registry", "registration of mute-shown.ru: the registry shows it carried out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := uncertainWorld(t, c.evidence)
			contact := w.write("person.json", person)
			w.serve()
			w.buy("first.ru", "c1", contact)
			w.reach("first.ru", "Registered")

			w.sim.Hold()
			policy := w.sim.Policy()
			policy.Drop = 1
			if err := w.sim.SetPolicy(policy); err != nil {
				t.Fatal(err)
			}
			w.buy(c.domain, "c1", contact)
			w.until("the request to be sent", func() bool { return w.requests(c.domain) > 0 })
			w.until("the uncertainty to be told", func() bool {
				return strings.Contains(w.must("domain", "show", c.domain), "may or may not have been sent")
			})
			op := w.operationOf(c.domain)
			c.resolve(t, w, op)
			w.until("the uncertainty to end", func() bool {
				d := w.domain(c.domain)
				return d.Operation == nil || d.Operation.State != "Uncertain"
			})
			w.reach(c.domain, c.ends)
			if timeline := w.must("domain", "show", c.domain); !strings.Contains(timeline, c.says) {
				t.Errorf("the timeline does not say %q:\n%s", c.says, timeline)
			}
			var shown struct {
				History []struct{ State, Evidence string }
			}
			w.json(&shown, "operation", "show", op)
			at := slices.IndexFunc(shown.History, func(s struct{ State, Evidence string }) bool { return s.State == "Uncertain" })
			if at < 0 || at+1 == len(shown.History) || shown.History[at+1].Evidence != c.evidence {
				t.Errorf("the history is %+v, want evidence %q after Uncertain", shown.History, c.evidence)
			}
			if n := w.requests(c.domain); n != 1 {
				t.Errorf("R01 got %d requests", n)
			}
		})
	}
}
