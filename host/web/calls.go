package web

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
	"registrar.panel/host/web/openapi"
	"registrar.panel/shared/registrar"
)

// none is the request or answer of a method without a body.
type none struct{}

func (s *Server) routeAPI(mux *http.ServeMux) {
	t := &routes{mux: mux}
	routeOrders(t, s)
	routeDomains(t, s)
	routeMails(t, s)
	routeKeeping(t, s)
	routeData(t, s)
	routeNotices(t, s)
	routeStaff(t, s)
	s.description = describing(t, s.version)
	mux.Handle("/api/", endpoint(s, func(r *http.Request) (none, error) {
		return none{}, registrar.Errorf(registrar.NotFound, "there is no %s %s", r.Method, r.URL.Path)
	}))
}

// The rights that a method needs.
var (
	look    = []access.Right{access.Look}
	order   = []access.Right{access.Order}
	money   = []access.Right{access.Money}
	secrets = []access.Right{access.Secrets}
	admin   = []access.Right{access.Admin}
)

func routeOrders(t *routes, s *Server) {
	ordering := []access.Right{access.Order, access.Money} // depends on what is ordered
	t.handle("GET /api/v1/form/{tld}", look, endpoint(s, s.form), says("The fields that an order for a TLD needs."), takes(
		openapi.Parameter{Name: "kind", Does: "Of the order; register without it.", OneOf: texts(registrar.OperationKinds())},
		openapi.Parameter{Name: "registrant", Does: "Kind of registrant; person without it.", OneOf: texts(registrar.RegistrantKinds())},
		openapi.Parameter{Name: "role", Does: "Whose contact is asked for, of the contacts that the form without it names; the registrant's without it."}))
	t.handle("GET /api/v1/orders", look, endpoint(s, s.lists().listOrders), says("Orders, the oldest first."), takes(orderParameters()...))
	t.handle("POST /api/v1/orders", ordering, action(s, s.placeOrder), says("Place an order. With an id, or a header Idempotency-Key, the same again is the same order."))
	t.handle("POST /api/v1/orders/validate", ordering, action(s, s.judgeOrder), says("Judge an order; place nothing."))
	t.handle("GET /api/v1/orders/{id}", look, endpoint(s, s.showOrder), says("One order."))
	t.handle("GET /api/v1/orders/{id}/preview", look, endpoint(s, s.preview), says("What the order would send first, or has sent, masked."))
	t.handle("POST /api/v1/orders/{id}/pay", money, action(s, s.payOrder), says("The order is paid: send it. Paying again changes nothing."))
	t.handle("POST /api/v1/orders/{id}/cancel", order, action(s, s.cancelOrder), says("Withdraw an order that is not paid."))
	t.handle("POST /api/v1/orders/{id}/secret", secrets, action(s, s.transferCode), says("The transfer code of an order; the Action Log records who reads it."))
	s.routeEnds(t)
	t.handle("GET /api/v1/renewals/due", look, endpoint(s, s.lists().listDue), says("How many domains fall due on each of the next 60 days; a day without any is left out."))
	t.handle("POST /api/v1/renewals/run", []access.Right{access.Look, access.Money}, action(s, s.runRenewals), says("Make a renewal pass, or with dry_run its plan."))
}

func routeDomains(t *routes, s *Server) {
	t.handle("GET /api/v1/domains", look, endpoint(s, s.lists().listDomains), says("Domains, by name."), takes(domainParameters()...))
	t.handle("GET /api/v1/domains/{name}", look, endpoint(s, s.showDomain), says("One domain, with its part of the Action Log."))
	t.handle("GET /api/v1/domains/{name}/contacts", look, endpoint(s, contactReader{s.orders}.contacts), says("The contacts that its registrar has for a domain, by role, masked."))
	t.handle("GET /api/v1/availability", look, endpoint(s, s.availability), says("Whether names may be registered, by the registry's word."),
		takes(openapi.Parameter{Name: "name", Does: fmt.Sprintf("A domain; give it again for each, %d times at most.", maxNames), Repeated: true}))
	t.handle("POST /api/v1/domains/{name}/renewal", money, action(s, s.setRenewal), says("Choose how a domain is renewed."))
	t.handle("POST /api/v1/domains/{name}/refresh", order, action(s, refreshes{s.refresh}.domain), says("Have the registry asked about a domain now; answers with its record after that."))
	t.handle("POST /api/v1/domains/import", money, actionUpTo(s, maxMail, 4, s.importDomains), says("Take over many domains, or with dry_run tell what would become of each."))
	t.handle("POST /api/v1/domains/{name}/import", money, action(s, s.importDomain), says("Take over a domain that the registrar holds for us."))
	t.handle("POST /api/v1/domains/{name}/move", money, action(s, s.moveDomain), says("Hand a domain to another registrar, which holds it already."))
	t.handle("POST /api/v1/domains/{name}/correct", money, action(s, s.correctDomain), says("Correct the record of a domain, here and with its registrar."))
	t.handle("POST /api/v1/domains/{name}/forget", money, action(s, s.forgetDomain), says("Take a domain off the list that is not ours any more; answers with what it was."))
	t.handle("GET /api/v1/customers", look, endpoint(s, s.lists().listCustomers), says("Customers, by ID, with what there is of each."),
		takes(paging(openapi.Parameter{Name: "q", Does: "The beginning of an ID."})...))
	t.handle("GET /api/v1/customers/{id}", look, partial(s, s.showCustomer), says("What is known of a customer."))
	t.handle("POST /api/v1/customers/{id}/handles", order, action(s, s.adoptHandle), says("The customer has this handle already."))
	t.handle("GET /api/v1/attention", look, partial(s, s.lists().listAttention), says("What needs a person, the most urgent first."), takes(paging(
		openapi.Parameter{Name: "acknowledged", Does: "1: what people have acknowledged, by ID; any: that, too. Without it what they have not.", OneOf: []string{onlyNew, onlySeen, every}})...))
	seeing := []access.Right{access.Order, access.Money}
	t.handle("POST /api/v1/attention/acknowledge", seeing, action(s, s.lists().acknowledge), says("Entries have been seen: they are shown apart until they change, or until then."))
	t.handle("POST /api/v1/attention/take-back", seeing, action(s, s.lists().takeBack), says("Show entries again that were acknowledged."))
	t.handle("GET /api/v1/status", look, endpoint(s, s.lists().showStatus), says("Counts: what there is, what is under way, what falls due."))

	t.handle("GET /api/v1/log", look, stream("", reflect.TypeFor[[]api.Entry](), s.actionLog),
		says("The Action Log, the oldest entry first: the last entries, or those after one; with wait, as soon as there are any."), takes(logParameters()...))
}

func routeMails(t *routes, s *Server) {
	desk := mailDesk{s.board, s.orders}
	t.handle("GET /api/v1/review", look, partial(s, desk.listReviews), says("The mails that wait for a person, the oldest first."), takes(paging(
		openapi.Parameter{Name: "strangers", Does: "1: those of strangers instead, which raise no alarm and expire.", OneOf: []string{"1", "0"}})...))
	t.handle("POST /api/v1/review/resolve", money, action(s, desk.resolveReviews), says("Say how to read several."))
	t.handle("GET /api/v1/review/senders", look, partial(s, desk.listIgnored), says("The senders whose mails are ignored."))
	t.handle("POST /api/v1/review/senders/heed", money, action(s, desk.heedSender), says("Ignore a sender no longer."))
	t.handle("GET /api/v1/review/{id}", look, endpoint(s, s.showReview), says("One such mail, masked."))
	t.handle("GET /api/v1/review/{id}/rule", look, endpoint(s, s.reviewRule), says("A block for plugin.hcl that would recognise such mails."))
	t.handle("POST /api/v1/review/{id}/resolve", money, action(s, s.resolveReview), says("Say how to read it."))
	t.handle("GET /api/v1/operations", look, endpoint(s, s.lists().listOperations), says("Operations under way, by domain."), takes(operationParameters()...))
	t.handle("GET /api/v1/operations/counts", look, endpoint(s, s.lists().countOperations), says("How many operations are under way in each state; a state without any is left out."))
	t.handle("GET /api/v1/operations/{id}", look, endpoint(s, s.showOperation), says("One operation with its history."))
	t.handle("POST /api/v1/operations/{id}/resolve", money, action(s, s.resolveOperation), says("A person's decision on an operation that needs one."))
	t.handle("POST /api/v1/replies/test", look, actionUpTo(s, maxMail, 4, s.testReply), says("How a captured mail would be recognised; it touches nothing."))
	t.handle("GET /api/v1/mails", look, partial(s, desk.listMails), says("Stored mails, the newest first."), takes(paging()...))
	t.handle("GET /api/v1/mails/{id}", look, endpoint(s, s.showMail), says("A stored mail, masked."))
	t.handle("GET /api/v1/mails/{id}/raw", look, stream("text/plain", nil, s.rawMail), says("The same as it came, masked."))
}

func routeKeeping(t *routes, s *Server) {
	t.handle("GET /api/v1/plugins", look, endpoint(s, s.listPlugins), says("The registrars' plugins and how they stand."))
	t.handle("GET /api/v1/phrases", look, endpoint(s, listPhrases(s.plugins)), says("What the registrars say, in other languages: for programs that show it to people."))
	t.handle("GET /api/v1/plugins/{name}/settings", look, endpoint(s, s.listSettings), says("The settings that a plugin works with, without secrets."))
	t.handle("POST /api/v1/plugins/{name}/upgrade", admin, action(s, s.upgradePlugin), says("Put the program and settings of plugin.hcl in a plugin's place."))
	t.handle("POST /api/v1/backup", secrets, stream("application/gzip", nil, s.makeBackup), says("Everything the panel keeps, as one archive."))
	t.handle("GET /api/v1/tokens", admin, endpoint(s, s.listTokens), says("The credentials of callers."), takes(paging()...))
	t.handle("POST /api/v1/tokens", admin, action(s, s.addToken), says("Make a credential; its secret is shown this once."))
	t.handle("POST /api/v1/tokens/{name}/revoke", admin, action(s, s.revokeToken), says("Revoke a credential."))
	t.handle("GET /api/v1/webhooks", look, endpoint(s, s.webhooks.listWebhooks), says("The webhooks of plugin.hcl and how far each has been told."), takes(paging()...))
	t.handle("GET /api/v1/webhooks/{name}/dead", look, endpoint(s, s.webhooks.listDead), says("The entries that a webhook did not take, and that were given up."), takes(paging()...))
	t.handle("POST /api/v1/webhooks/{name}/dead/{entry}/retry", admin, action(s, s.webhooks.retryDead), says("Send such an entry once more."))
	t.handle("GET /api/v1/openapi.json", look, stream("application/json", nil, s.describe), says("This description."))
}

func (s *Server) form(r *http.Request) (api.Form, error) {
	q := registrar.FormQuery{TLD: r.PathValue("tld"), Kind: registrar.OperationKind(cmp.Or(r.FormValue("kind"), string(registrar.KindRegister))),
		Registrant: registrar.RegistrantKind(cmp.Or(r.FormValue("registrant"), string(registrar.Person))), Role: registrar.ContactRole(r.FormValue("role"))}
	if !slices.Contains(registrar.OperationKinds(), q.Kind) {
		return api.Form{}, mistake("kind", "must be one of %v", registrar.OperationKinds())
	}
	if !slices.Contains(registrar.RegistrantKinds(), q.Registrant) {
		return api.Form{}, mistake("registrant", "must be one of %v", registrar.RegistrantKinds())
	}
	f, offer, err := s.board.Form(r.Context(), q)
	if err != nil {
		return api.Form{}, err
	}
	form := formOf(f, offer)
	signed := []registrar.OperationKind{registrar.KindRegister, registrar.KindUpdate}
	form.DS = slices.Contains(signed, q.Kind) && s.board.Reads(r.Context(), f.TLD, "ds")
	return form, nil
}

func mistake(path, format string, args ...any) error {
	return input.Mistake(path, fmt.Sprintf(format, args...))
}

func paidTill(text string) (registrar.Date, error) {
	d, err := registrar.ParseDate(text)
	if err != nil {
		return d, mistake("paid_till", "must be YYYY-MM-DD")
	}
	return d, nil
}
