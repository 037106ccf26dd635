package inbox

import (
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// A result is about the request that its mail answers only if nothing in it speaks of another.
func TestUnfit(t *testing.T) {
	t.Parallel()

	domain := store.Request{Kind: lifecycle.NewDomain, Object: "newtime.ru", Task: "17"}
	batched := store.Request{Kind: lifecycle.Prolong, Object: "newtime.ru", Batch: "bt-1"}
	client := store.Request{Kind: lifecycle.NewClient, Object: "MYCO_1_X-R01"}
	update := store.Request{Kind: lifecycle.UpdateClient, Object: "MYCO_1_X-R01"}
	for _, c := range []struct {
		name    string
		request store.Request
		result  mailform.Result
		results int
		fits    bool
	}{
		{"its domain", domain, mailform.Result{Domain: "newtime.ru"}, 2, true},
		{"another domain", domain, mailform.Result{Domain: "oldtime.ru"}, 1, false},
		{"a client in place of a domain", domain, mailform.Result{Handle: "MYCO_1_X-R01"}, 1, false},
		{"nothing, alone", domain, mailform.Result{}, 1, true},
		{"nothing, beside others", domain, mailform.Result{}, 2, false},
		{"its task, beside others", domain, mailform.Result{Task: "17"}, 2, true},
		{"nothing, in a batch", batched, mailform.Result{}, 2, true},
		{"another task", domain, mailform.Result{Domain: "newtime.ru", Task: "18"}, 1, false},
		{"its action", domain, mailform.Result{Domain: "newtime.ru", Action: "new"}, 1, true},
		{"another action", domain, mailform.Result{Domain: "newtime.ru", Action: "PROLONG"}, 1, false},
		{"a domain in place of a client", client, mailform.Result{Domain: "newtime.ru"}, 1, false},
		{"a handle that R01 spells its own way", client, mailform.Result{Handle: "MYCO_2_Y-R01"}, 1, true},
		{"an organization in place of a person", client, mailform.Result{Handle: "MYCO_1_X-ORG-R01"}, 1, false},
		{"another client than is updated", update, mailform.Result{Handle: "MYCO_2_Y-R01"}, 1, false},
	} {
		if why := unfit(c.request, c.result, c.results); (why == "") != c.fits {
			t.Errorf("%s: %q", c.name, why)
		}
	}
}
