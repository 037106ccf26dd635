package console

import (
	"net/url"
	"strconv"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeOverview() {
	c.page("GET /{$}", screen{"today.html", look, showToday})
	c.page("GET /search", screen{"search.html", look, search})
	c.page("GET /seen", screen{"seen.html", look, showSeen})
	c.act("POST /acknowledge", ordering, acknowledge, screen{"today.html", look, showToday})
	c.act("POST /acknowledge/take-back", ordering, takeBack, screen{"today.html", look, showToday})
}

// today is what needs a person, what goes on by itself, and what comes next.
type today struct {
	Needs   list[need]
	Status  api.Status
	Seen    []need   // the first entries that are acknowledged
	Remind  []string // when they may be shown again
	Flow    []flow
	Expired *api.Domain // the one that was paid till the earliest day; nil = there is none
}

// need is an entry of the attention list, with the actions on it that are possible here.
type need struct {
	api.Attention
	Page    string // where it is dealt with
	Actions []deed
}

// deed is a link to an action, by its code.
type deed struct{ Code, To string }

func showToday(v *visit) (any, error) {
	found, err := listOf[api.Attention](v, api.Path("attention"), nil, nil)
	if err != nil {
		return nil, err
	}
	status, err := get[api.Status](v, api.Path("status"), nil)
	if err != nil {
		return nil, err
	}

	t := today{Needs: v.needsOf(found), Status: status, Remind: reminders, Flow: flows(v.console.now(), status.Plugins)}
	if status.Domains[string(registrar.StatusExpired)] > 0 {
		oldest, err := get[[]api.Domain](v, api.Path("domains"), url.Values{"status": {string(registrar.StatusExpired)}, "due": {"0d"}, "limit": {"1"}})
		if err != nil {
			return nil, err
		}
		if len(oldest) > 0 {
			t.Expired = &oldest[0]
		}
	}
	if status.Acknowledged > 0 {
		seen, err := get[[]api.Attention](v, api.Path("attention"), url.Values{"acknowledged": {"1"}, "limit": {strconv.Itoa(mostSeen)}})
		if err != nil {
			return nil, err
		}
		t.Seen = v.needsOf(list[api.Attention]{Rows: seen}).Rows
	}
	return t, nil
}

// needsOf returns a part of the attention list, with the page on which each entry is dealt with.
func (v *visit) needsOf(found list[api.Attention]) list[need] {
	needs := list[need]{Next: found.Next, First: found.First, Missing: found.Missing}
	for _, a := range found.Rows {
		needs.Rows = append(needs.Rows, v.needOf(a))
	}
	return needs
}

// needOf links an entry to the page on which it is dealt with.
func (v *visit) needOf(a api.Attention) need {
	n := need{Attention: a, Page: pageOf(a)}
	for _, action := range a.Actions {
		to := n.Page
		switch action.Code {
		case "show":
			continue // the entry itself leads there
		case "done", "failed", "resend":
			to += "?verdict=" + action.Code + "#decide"
		case "retry", "refund", "dismiss":
			to = address("orders", text(a.Order)) + "#" + action.Code
		}
		// Deeds that the person at the page may not do are not shown; the API would refuse them.
		if v.mayOneOf(deedRights(action.Code)) {
			n.Actions = append(n.Actions, deed{action.Code, to})
		}
	}
	return n
}

func pageOf(a api.Attention) string {
	switch {
	case a.Kind == "reviews":
		return "/review"
	case a.Review != nil:
		return address("review", *a.Review)
	case a.Operation != nil:
		return address("operations", *a.Operation)
	case a.Order != nil:
		return address("orders", *a.Order)
	case a.Domain != nil:
		return address("domains", *a.Domain)
	}
	return "/registrars"
}

// address joins the parts of a page's path, and escapes each of them.
func address(parts ...string) string {
	path := ""
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

func text(t *string) string {
	if t == nil {
		return ""
	}
	return *t
}

// found is the result of a search.
type found struct {
	Query   string
	Domains list[api.Domain]
	Orders  list[api.Order]
	Pages   []string // of an operation, a mail or a customer with exactly this name
}

// search looks for domains by the beginning of their name, and for everything else by its whole name.
func search(v *visit) (any, error) {
	f := found{Query: strings.TrimSpace(v.URL.Query().Get("q"))}
	if f.Query == "" {
		return f, nil
	}

	var err error
	if f.Domains, err = listOf[api.Domain](v, api.Path("domains"), []string{"q"}, url.Values{"limit": {"20"}}); err != nil {
		return nil, err
	}
	if f.Orders, err = listOf[api.Order](v, api.Path("orders"), []string{"q"}, url.Values{"limit": {"20"}}); err != nil {
		return nil, err
	}
	// Registrars hold these, and find them only by the whole ID.
	for _, kind := range []string{"operations", "review", "mails"} {
		if _, err := get[struct{}](v, api.Path(kind, f.Query), nil); err == nil {
			f.Pages = append(f.Pages, address(kind, f.Query))
		}
	}
	for _, d := range f.Domains.Rows {
		if d.Customer == f.Query {
			f.Pages = append(f.Pages, address("customers", f.Query))
			break
		}
	}
	return f, nil
}
