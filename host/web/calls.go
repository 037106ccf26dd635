package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/host/web/openapi"
	"registrar.panel/shared/registrar"
)

// none is the body of an action that needs none.
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

// Who may call a method.
var (
	look    = []access.Right{access.Look}
	order   = []access.Right{access.Order}
	money   = []access.Right{access.Money}
	secrets = []access.Right{access.Secrets}
	admin   = []access.Right{access.Admin}
)

func routeOrders(t *routes, s *Server) {
	ordering := []access.Right{access.Order, access.Money} // by what is ordered
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

func (s *Server) showOrder(r *http.Request) (api.Order, error) {
	o, err := s.orders.Order(r.Context(), registrar.OrderID(r.PathValue("id")))
	return orderOf(o), err
}

func (s *Server) preview(r *http.Request) (api.Preview, error) {
	text, err := s.orders.Preview(r.Context(), registrar.OrderID(r.PathValue("id")))
	return api.Preview{Preview: text}, err
}

func (s *Server) payOrder(r *http.Request, _ none) (api.Changed, error) {
	o, changed, err := s.orders.Pay(r.Context(), registrar.OrderID(r.PathValue("id")))
	return api.Changed{Order: orderOf(o), Changed: changed}, err
}

func (s *Server) cancelOrder(r *http.Request, _ none) (api.Changed, error) {
	o, changed, err := s.orders.Cancel(r.Context(), registrar.OrderID(r.PathValue("id")))
	return api.Changed{Order: orderOf(o), Changed: changed}, err
}

func (s *Server) transferCode(r *http.Request, in api.Reader) (api.TransferCode, error) {
	if err := checkFor(in.By); err != nil {
		return api.TransferCode{}, err
	}
	code, err := s.orders.TransferCode(r.Context(), registrar.OrderID(r.PathValue("id")), caller(r).Name, forWhom(r, in.By))
	return api.TransferCode{Code: code}, err
}

// showDomain adds the timeline: the domain's part of the Action Log.
func (s *Server) showDomain(r *http.Request) (api.Domain, error) {
	d, err := s.orders.Domain(r.Context(), r.PathValue("name"))
	if err != nil {
		return api.Domain{}, err
	}
	entries, err := s.orders.Log(r.Context(), orders.LogQuery{Domain: d.Name})
	shown := domainOf(d)
	shown.Timeline = list(entries, entryOf)
	return shown, err
}

// maxNames bounds how many names one call may ask about.
const maxNames = 100

func (s *Server) availability(r *http.Request) ([]api.Availability, error) {
	names := r.URL.Query()["name"]
	if len(names) == 0 || len(names) > maxNames {
		return nil, mistake("name", "must be given once for each domain, %d times at most", maxNames)
	}
	answers, err := s.orders.Check(r.Context(), names)
	return list(answers, availabilityOf), err
}

func (s *Server) setRenewal(r *http.Request, in api.Renewal) (api.Domain, error) {
	d, err := s.orders.SetRenewal(r.Context(), r.PathValue("name"), registrar.RenewalMode(in.Mode))
	return domainOf(d), err
}

// refreshes has registries asked.
type refreshes struct{ refresher *orders.Refresher }

func (f refreshes) domain(r *http.Request, _ none) (api.Domain, error) {
	d, err := f.refresher.Refresh(r.Context(), r.PathValue("name"))
	return domainOf(d), err
}

func (s *Server) importDomain(r *http.Request, in api.Import) (api.Domain, error) {
	till, err := paidTill(in.PaidTill)
	if err != nil {
		return api.Domain{}, err
	}
	d, err := s.orders.Import(r.Context(), registrar.Import{Domain: r.PathValue("name"), Customer: in.Customer, Handle: in.Handle, PaidTill: till}, in.Registrar)
	return domainOf(d), err
}

func (s *Server) moveDomain(r *http.Request, in api.Move) (api.Moved, error) {
	till, err := paidTill(in.PaidTill)
	if err != nil {
		return api.Moved{}, err
	}
	if err := checkFor(in.By); err != nil {
		return api.Moved{}, err
	}
	d, changed, err := s.orders.MoveDomain(r.Context(), orders.Move{Domain: r.PathValue("name"), To: in.To, By: caller(r).Name, For: forWhom(r, in.By), Handle: in.Handle, PaidTill: till})
	return api.Moved{Domain: domainOf(d), Changed: changed}, err
}

func (s *Server) correctDomain(r *http.Request, in api.Correction) (api.Corrected, error) {
	var till registrar.Date
	if in.PaidTill != "" {
		day, err := paidTill(in.PaidTill)
		if err != nil {
			return api.Corrected{}, err
		}
		till = day
	}
	if err := checkFor(in.By); err != nil {
		return api.Corrected{}, err
	}
	d, changed, err := s.orders.Records().Correct(r.Context(), orders.Correction{Domain: r.PathValue("name"), Handle: in.Handle, PaidTill: till,
		Reasoned: orders.Reasoned{By: caller(r).Name, For: forWhom(r, in.By), Reason: in.Reason}})
	return api.Corrected{Domain: domainOf(d), Changed: changed}, err
}

func (s *Server) forgetDomain(r *http.Request, in api.Forgetting) (api.Domain, error) {
	if err := checkFor(in.By); err != nil {
		return api.Domain{}, err
	}
	d, err := s.orders.Records().Forget(r.Context(), orders.Forgetting{Domain: r.PathValue("name"),
		Reasoned: orders.Reasoned{By: caller(r).Name, For: forWhom(r, in.By), Reason: in.Reason}})
	return domainOf(d), err
}

func (s *Server) showCustomer(r *http.Request) (api.Customer, []switchboard.Absent, error) {
	id := r.PathValue("id")
	handles, err := s.board.Handles(r.Context(), id)
	if err != nil {
		return api.Customer{}, nil, err
	}
	domains, err := everyPage(func(p orders.Page) ([]orders.Domain, string, error) {
		return s.orders.Lists().Domains(r.Context(), orders.DomainList{Page: p, Customer: id})
	})
	if err != nil {
		return api.Customer{}, nil, err
	}
	placed, err := everyPage(func(p orders.Page) ([]orders.Order, string, error) {
		return s.orders.Lists().Orders(r.Context(), orders.OrderList{Page: p, Customer: id})
	})
	return api.Customer{ID: id, Handles: list(handles.List, handleOf), Domains: list(domains, domainOf), Orders: list(placed, orderOf)}, handles.Absent, err
}

// everyPage is a list as a whole.
func everyPage[T any](page func(orders.Page) ([]T, string, error)) (all []T, err error) {
	for mark, first := "", true; first || mark != ""; first = false {
		var some []T
		if some, mark, err = page(orders.Page{After: mark}); err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (s *Server) adoptHandle(r *http.Request, in api.NewHandle) (api.Handle, error) {
	h, err := s.board.AdoptHandle(r.Context(), in.Registrar, r.PathValue("id"), in.Handle)
	return handleOf(h), err
}

func (s *Server) runRenewals(r *http.Request, in api.RenewalRun) (incomplete[[]api.RenewalStep], error) {
	needed := access.Money
	if in.DryRun {
		needed = access.Look
	}
	if !caller(r).May(needed) {
		return incomplete[[]api.RenewalStep]{}, forbidden(r, needed)
	}
	steps, err := s.board.RunRenewals(r.Context(), in.DryRun)
	return incomplete[[]api.RenewalStep]{list(steps.List, stepOfPass), steps.Absent}, err
}

func (s *Server) followLog(w http.ResponseWriter, r *http.Request, q orders.LogQuery) {
	stream := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	if stream.Flush() != nil {
		return
	}

	for e, err := range s.orders.FollowLog(r.Context(), q) {
		if err != nil {
			if r.Context().Err() == nil {
				s.log.Error("following the log ended", "err", err)
			}
			return
		}
		within(w, s.piece)
		if out.Encode(entryOf(e)) != nil || stream.Flush() != nil {
			return
		}
	}
}

func (s *Server) showReview(r *http.Request) (api.Review, error) {
	e, err := s.board.Review(r.Context(), registrar.ReviewID(r.PathValue("id")))
	return reviewOf(e), err
}

func (s *Server) reviewRule(r *http.Request) (api.Rule, error) {
	rule, err := s.board.ReviewRule(r.Context(), registrar.ReviewID(r.PathValue("id")))
	return ruleOf(rule), err
}

func (s *Server) resolveReview(r *http.Request, in api.ReviewDecision) (api.Review, error) {
	if err := checkFor(in.By); err != nil {
		return api.Review{}, err
	}
	e, err := s.orders.ResolveReview(r.Context(), registrar.ReviewDecision{Review: registrar.ReviewID(r.PathValue("id")), Version: registrar.Version(in.Version),
		Outcome: registrar.ReplyOutcome(in.Outcome), Operation: registrar.OperationID(in.Operation), By: caller(r).Name, Note: in.Reason,
		OperationVersion: registrar.Version(in.OperationVersion)}, forWhom(r, in.By))
	return reviewOf(e), err
}

func (s *Server) showOperation(r *http.Request) (api.Operation, error) {
	op, err := s.orders.Operation(r.Context(), registrar.OperationID(r.PathValue("id")))
	return operationOf(op), err
}

func (s *Server) resolveOperation(r *http.Request, in api.Decision) (api.Operation, error) {
	if err := checkFor(in.By); err != nil {
		return api.Operation{}, err
	}
	op, err := s.orders.Resolve(r.Context(), registrar.Decision{Operation: registrar.OperationID(r.PathValue("id")), Version: registrar.Version(in.Version),
		Verdict: registrar.Verdict(in.Outcome), By: caller(r).Name, Note: in.Note, AuthCode: registrar.AuthCode(strings.TrimSpace(in.AuthCode))}, forWhom(r, in.By))
	return operationOf(op), err
}

func (s *Server) testReply(r *http.Request, in api.CapturedMail) (api.Recognition, error) {
	rec, err := s.board.Recognise(r.Context(), in.Registrar, in.Raw)
	return Recognition(rec), err
}

func (s *Server) showMail(r *http.Request) (api.Mail, error) {
	m, err := s.board.Mail(r.Context(), registrar.MailID(r.PathValue("id")))
	return mailOf(m), err
}

// rawMail answers with the mail as it came, masked: text that no browser takes for anything else.
func (s *Server) rawMail(w http.ResponseWriter, r *http.Request) {
	text, err := s.board.RawMail(r.Context(), registrar.MailID(r.PathValue("id")))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// An error here means that the caller has gone.
	_, _ = io.WriteString(w, text)
}

func (s *Server) listPlugins(*http.Request) ([]api.Plugin, error) {
	return list(s.plugins.Statuses(), pluginOf), nil
}

// listPhrases lists what the registrars at work say.
func listPhrases(plugins Plugins) func(*http.Request) ([]api.Phrase, error) {
	return func(*http.Request) ([]api.Phrase, error) {
		all := []api.Phrase{}
		for _, p := range plugins.Statuses() {
			all = append(all, list(p.Phrases, func(p registrar.Phrase) api.Phrase { return api.Phrase{Code: p.Code, Texts: p.Texts} })...)
		}
		return all, nil
	}
}

func (s *Server) listSettings(r *http.Request) ([]api.Setting, error) {
	return append([]api.Setting{}, s.plugins.Settings(r.PathValue("name"))...), nil
}

func (s *Server) upgradePlugin(r *http.Request, in api.Upgrade) (api.Plugin, error) {
	if err := checkFor(in.By); err != nil {
		return api.Plugin{}, err
	}
	status, err := s.plugins.Upgrade(r.Context(), r.PathValue("name"), caller(r).Name, forWhom(r, in.By))
	return pluginOf(status), err
}
