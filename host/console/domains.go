package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeDomains() {
	all := screen{"domains.html", look, showDomains}
	one := screen{"domain.html", look, showDomain}
	c.page("GET /domains", all)
	c.page("GET /domains/{name}", one)
	c.act("POST /domains/{name}/refresh", ordering, refresh, one)
	c.act("POST /domains/{name}/renewal", money, setRenewal, one)
	c.act("POST /domains/{name}/renew", ordering, renewNow, one)
	c.act("POST /domains/{name}/nameservers", ordering, changeNameservers, one)
	c.act("POST /domains/{name}/move", money, moveDomain, one)
	c.act("POST /domains/{name}/correct", money, correctDomain, one)
	c.act("POST /domains/{name}/forget", money, forgetDomain, one)
}

// domainFilters are the parameters that narrow the list of domains.
var domainFilters = []string{"q", "status", "customer", "registrar", "renewal", "attention", "due", "sort", "outcome", "operation_state"}

// domains is a part of the list, with the number of domains in each status.
type domains struct {
	list[api.Domain]
	Counts []counted
	Due    api.Due
}

// counted is a number of something.
type counted struct {
	Of    string
	Count int
}

func showDomains(v *visit) (any, error) {
	rows, err := listOf[api.Domain](v, api.Path("domains"), domainFilters, nil)
	if err != nil {
		return nil, err
	}
	status, err := get[api.Status](v, api.Path("status"), nil)
	d := domains{list: rows, Due: status.Due}
	for _, s := range registrar.DomainStatuses() {
		if n := status.Domains[string(s)]; n > 0 {
			d.Counts = append(d.Counts, counted{string(s), n})
		}
	}
	return d, err
}

// domain is a domain with its story, as its page shows it.
type domain struct {
	api.Domain
	Doing    *api.Operation // what is under way, with its history
	Stands   time.Time      // since when it stands so that a person must see it; zero = it does not
	Episodes []episode
	Contacts []masked                  // that its registrar has for it
	DS       bool                      // an order may bring DS records
	Failed   *api.Order                // paid and failed: can be tried again, refunded or dismissed
	Others   []string                  // registrars that it could be moved to
	Asks     bool                      // its registrar can ask the registry on demand
	Terms    *api.Years                // of a renewal, if there is a choice
	Orders   []registrar.OperationKind // that can be placed for it, besides those with a form here
}

// mostEntries is how many lines of its story the page of a domain has; the log has all.
const mostEntries = 200

func showDomain(v *visit) (any, error) {
	d, err := get[api.Domain](v, api.Path("domains", v.PathValue("name")), nil)
	if err != nil {
		return nil, err
	}
	d.Timeline = d.Timeline[max(0, len(d.Timeline)-mostEntries):]
	shown := domain{Domain: d, Episodes: episodes(d.Timeline)}
	v.foldInto(shown.Episodes)
	if d.Operation != nil {
		// If the registrar does not answer, the page lacks only the history.
		if op, err := get[api.Operation](v, api.Path("operations", d.Operation.ID), nil); err == nil {
			shown.Doing = &op
		}
	}
	if d.Status == string(registrar.StatusError) {
		if shown.Failed, err = failedOrder(v, d.Name); err != nil {
			return nil, err
		}
	}

	shown.fold()
	if registrar.DomainStatus(d.Status).Held() {
		shown.Contacts = v.maskedContacts(d.Name)
	}
	return v.offered(shown)
}

// failedOrder returns the latest order for a domain, if it was paid and has failed.
func failedOrder(v *visit, name string) (*api.Order, error) {
	latest, err := get[[]api.Order](v, api.Path("orders"), url.Values{"domain": {name}, "state": {"paid"}, "sort": {"-created"}, "limit": {"1"}})
	if err != nil || len(latest) == 0 || latest[0].Outcome == nil || *latest[0].Outcome == string(registrar.OutcomeSucceeded) {
		return nil, err
	}
	return &latest[0], nil
}

func otherRegistrars(plugins []api.Plugin, d api.Domain) (names []string) {
	tld := zoneOf(d.Name, plugins)
	for _, p := range plugins {
		if p.Name != d.Registrar && slices.Contains(p.TLDs, tld) {
			names = append(names, p.Name)
		}
	}
	return names
}

// refresh has the registry asked now.
func refresh(v *visit) (done, error) {
	d, err := post[api.Domain](v, api.Path("domains", v.PathValue("name"), "refresh"), struct{}{})
	return done{address("domains", d.Name), told("done.refreshed", "Name", d.Unicode)}, err
}

func setRenewal(v *visit) (done, error) {
	d, err := post[api.Domain](v, api.Path("domains", v.PathValue("name"), "renewal"), api.Renewal{Mode: v.PostFormValue("mode")})
	return done{address("domains", d.Name), told("done.renewal-set", "Name", d.Unicode, "Mode", v.lang.Word("renewal", d.Renewal))}, err
}

// renewNow orders a renewal from the day till which the person saw the domain paid.
func renewNow(v *visit) (done, error) {
	return v.place(api.NewOrder{ID: v.PostFormValue("id"), Kind: string(registrar.KindRenew), Domain: v.PathValue("name"),
		Customer: v.PostFormValue("customer"), PaidTill: v.PostFormValue("paid_till"), Years: yearsIn(v.PostFormValue("years")), Own: v.PostFormValue("own") != ""})
}

func changeNameservers(v *visit) (done, error) {
	return v.place(api.NewOrder{ID: v.PostFormValue("id"), Kind: string(registrar.KindUpdate), Domain: v.PathValue("name"),
		Customer: v.PostFormValue("customer"), Nameservers: nameserversOf(v.PostFormValue("nameservers")), DS: linesOf(v.PostFormValue("ds")), Own: v.PostFormValue("own") != ""})
}

// place places an order, and leads to its page.
func (v *visit) place(o api.NewOrder) (done, error) {
	placed, err := post[api.Order](v, api.Path("orders"), o)
	return done{address("orders", placed.ID), told("done.placed", "Name", placed.Unicode)}, err
}

func moveDomain(v *visit) (done, error) {
	d, err := post[api.Moved](v, api.Path("domains", v.PathValue("name"), "move"), api.Move{To: v.PostFormValue("to"),
		Handle: strings.TrimSpace(v.PostFormValue("handle")), PaidTill: strings.TrimSpace(v.PostFormValue("paid_till"))})
	return done{address("domains", d.Name), told("done.moved", "Name", d.Unicode, "To", d.Registrar)}, err
}

// correctDomain records what a person knows better.
func correctDomain(v *visit) (done, error) {
	d, err := post[api.Corrected](v, api.Path("domains", v.PathValue("name"), "correct"), api.Correction{Handle: strings.TrimSpace(v.PostFormValue("handle")),
		PaidTill: strings.TrimSpace(v.PostFormValue("paid_till")), Reason: strings.TrimSpace(v.PostFormValue("reason"))})
	return done{address("domains", d.Name), told("done.corrected", "Name", d.Unicode)}, err
}

// forgetDomain removes a domain from the list that is not ours any more.
func forgetDomain(v *visit) (done, error) {
	d, err := post[api.Domain](v, api.Path("domains", v.PathValue("name"), "forget"), api.Forgetting{Reason: strings.TrimSpace(v.PostFormValue("reason"))})
	return done{"/domains", told("done.forgotten", "Name", d.Unicode)}, err
}

// nameserversOf reads hosts, one a line, each followed by its addresses.
func nameserversOf(lines string) (all []api.Nameserver) {
	for line := range strings.Lines(lines) {
		if words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;=", r) }); len(words) > 0 {
			all = append(all, api.Nameserver{Host: words[0], IPs: append([]string{}, words[1:]...)})
		}
	}
	return all
}
