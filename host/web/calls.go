package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// none is the body of an action that needs none.
type none struct{}

func (s *Server) routeAPI(mux *http.ServeMux) {
	desk := mailDesk{s.board, s.orders}
	handle := func(pattern string, right access.Right, h http.Handler) { mux.Handle(pattern, requires(h, right)) }

	handle("GET /api/v1/form/{tld}", access.Look, endpoint(s, s.form))
	handle("GET /api/v1/orders", access.Look, endpoint(s, s.listOrders))
	mux.Handle("POST /api/v1/orders", requires(action(s, s.placeOrder), access.Order, access.Money)) // by what is ordered
	handle("GET /api/v1/orders/{id}", access.Look, endpoint(s, s.showOrder))
	handle("GET /api/v1/orders/{id}/preview", access.Look, endpoint(s, s.preview))
	handle("POST /api/v1/orders/{id}/pay", access.Money, action(s, s.payOrder))
	handle("POST /api/v1/orders/{id}/cancel", access.Order, action(s, s.cancelOrder))
	handle("POST /api/v1/orders/{id}/secret", access.Secrets, action(s, s.transferCode))

	handle("GET /api/v1/domains", access.Look, endpoint(s, s.listDomains))
	handle("GET /api/v1/domains/{name}", access.Look, endpoint(s, s.showDomain))
	handle("GET /api/v1/availability", access.Look, endpoint(s, s.availability))
	handle("POST /api/v1/domains/{name}/renewal", access.Money, action(s, s.setRenewal))
	handle("POST /api/v1/domains/{name}/import", access.Money, action(s, s.importDomain))
	handle("POST /api/v1/domains/{name}/move", access.Money, action(s, s.moveDomain))
	handle("GET /api/v1/customers/{id}", access.Look, partial(s, s.showCustomer))
	handle("POST /api/v1/customers/{id}/handles", access.Order, action(s, s.adoptHandle))
	mux.Handle("POST /api/v1/renewals/run", requires(action(s, s.runRenewals), access.Look, access.Money)) // by what is done

	handle("GET /api/v1/log", access.Look, http.HandlerFunc(s.actionLog))
	handle("GET /api/v1/review", access.Look, partial(s, desk.listReviews))
	handle("POST /api/v1/review/resolve", access.Money, action(s, desk.resolveReviews))
	handle("GET /api/v1/review/senders", access.Look, partial(s, desk.listIgnored))
	handle("POST /api/v1/review/senders/heed", access.Money, action(s, desk.heedSender))
	handle("GET /api/v1/review/{id}", access.Look, endpoint(s, s.showReview))
	handle("GET /api/v1/review/{id}/rule", access.Look, endpoint(s, s.reviewRule))
	handle("POST /api/v1/review/{id}/resolve", access.Money, action(s, s.resolveReview))
	handle("GET /api/v1/operations/{id}", access.Look, endpoint(s, s.showOperation))
	handle("POST /api/v1/operations/{id}/resolve", access.Money, action(s, s.resolveOperation))
	handle("POST /api/v1/replies/test", access.Look, actionUpTo(s, maxMail, 4, s.testReply))
	handle("GET /api/v1/mails", access.Look, partial(s, desk.listMails))
	handle("GET /api/v1/mails/{id}", access.Look, endpoint(s, s.showMail))
	handle("GET /api/v1/mails/{id}/raw", access.Look, http.HandlerFunc(s.rawMail))
	handle("GET /api/v1/plugins", access.Look, endpoint(s, s.listPlugins))
	handle("POST /api/v1/plugins/{name}/upgrade", access.Admin, action(s, s.upgradePlugin))
	handle("POST /api/v1/backup", access.Secrets, http.HandlerFunc(s.makeBackup))
	handle("GET /api/v1/tokens", access.Admin, endpoint(s, s.listTokens))
	handle("POST /api/v1/tokens", access.Admin, action(s, s.addToken))
	handle("POST /api/v1/tokens/{name}/revoke", access.Admin, action(s, s.revokeToken))
	routeData(s, handle)
	mux.Handle("/api/", endpoint(s, func(r *http.Request) (none, error) {
		return none{}, registrar.Errorf(registrar.NotFound, "there is no %s %s", r.Method, r.URL.Path)
	}))
}

func (s *Server) form(r *http.Request) (api.Form, error) {
	q := registrar.FormQuery{TLD: r.PathValue("tld"), Kind: registrar.OperationKind(or(r.FormValue("kind"), string(registrar.KindRegister))),
		Registrant: registrar.RegistrantKind(or(r.FormValue("registrant"), string(registrar.Person)))}
	if !slices.Contains(registrar.OperationKinds(), q.Kind) {
		return api.Form{}, mistake("kind", "must be one of %v", registrar.OperationKinds())
	}
	if !slices.Contains(registrar.RegistrantKinds(), q.Registrant) {
		return api.Form{}, mistake("registrant", "must be one of %v", registrar.RegistrantKinds())
	}
	f, err := s.board.Form(r.Context(), q)
	return formOf(f), err
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func mistake(path, format string, args ...any) error {
	return input.Mistake(path, fmt.Sprintf(format, args...))
}

func (s *Server) listOrders(r *http.Request) ([]api.Order, error) {
	all, err := s.orders.Orders(r.Context(), r.FormValue("customer"))
	return list(all, orderOf), err
}

func (s *Server) placeOrder(r *http.Request, in api.NewOrder) (api.Order, error) {
	needed := access.Order
	if in.Own {
		needed = access.Money
	}
	if !caller(r).May(needed) {
		return api.Order{}, forbidden(r, needed)
	}
	paidTill, err := date("paid_till", in.PaidTill)
	if err != nil {
		return api.Order{}, err
	}
	o, err := s.orders.Place(r.Context(), orders.Request{Kind: registrar.OperationKind(in.Kind), Domain: in.Domain, Customer: in.Customer, Own: in.Own,
		Registrant: registrantOf(in.Contact), Nameservers: nameservers(in.Nameservers), AuthCode: registrar.AuthCode(in.AuthCode), PaidTill: paidTill})
	return orderOf(o), err
}

func date(path, text string) (registrar.Date, error) {
	d, err := registrar.ParseDate(text)
	if err != nil {
		return d, mistake(path, "must be YYYY-MM-DD")
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

func (s *Server) listDomains(r *http.Request) ([]api.Domain, error) {
	all, err := s.orders.Domains(r.Context(), orders.DomainQuery{Status: registrar.DomainStatus(r.FormValue("status"))})
	return list(all, domainOf), err
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

func (s *Server) importDomain(r *http.Request, in api.Import) (api.Domain, error) {
	paidTill, err := date("paid_till", in.PaidTill)
	if err != nil {
		return api.Domain{}, err
	}
	d, err := s.orders.Import(r.Context(), registrar.Import{Domain: r.PathValue("name"), Customer: in.Customer, Handle: in.Handle, PaidTill: paidTill}, in.Registrar)
	return domainOf(d), err
}

func (s *Server) moveDomain(r *http.Request, in api.Move) (api.Moved, error) {
	paidTill, err := date("paid_till", in.PaidTill)
	if err != nil {
		return api.Moved{}, err
	}
	if err := checkFor(in.By); err != nil {
		return api.Moved{}, err
	}
	d, changed, err := s.orders.MoveDomain(r.Context(), orders.Move{Domain: r.PathValue("name"), To: in.To, By: caller(r).Name, For: forWhom(r, in.By), Handle: in.Handle, PaidTill: paidTill})
	return api.Moved{Domain: domainOf(d), Changed: changed}, err
}

func (s *Server) showCustomer(r *http.Request) (api.Customer, []switchboard.Absent, error) {
	id := r.PathValue("id")
	handles, err := s.board.Handles(r.Context(), id)
	if err != nil {
		return api.Customer{}, nil, err
	}
	domains, err := s.orders.Domains(r.Context(), orders.DomainQuery{Customer: id})
	if err != nil {
		return api.Customer{}, nil, err
	}
	placed, err := s.orders.Orders(r.Context(), id)
	return api.Customer{ID: id, Handles: list(handles.List, handleOf), Domains: list(domains, domainOf), Orders: list(placed, orderOf)}, handles.Absent, err
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

// actionLog answers with a list, or with ?follow=1 with one entry a line that never ends.
func (s *Server) actionLog(w http.ResponseWriter, r *http.Request) {
	q, err := logQuery(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if r.FormValue("follow") == "1" {
		s.followLog(w, r, q)
		return
	}
	entries, err := s.orders.Log(r.Context(), q)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, list(entries, entryOf))
}

func logQuery(r *http.Request) (q orders.LogQuery, err error) {
	if q.Domain = r.FormValue("domain"); q.Domain != "" {
		if q.Domain, err = input.ACE(q.Domain); err != nil {
			return q, err // told before a stream begins
		}
	}
	if q.After, err = strconv.ParseInt(or(r.FormValue("after"), "0"), 10, 64); err != nil {
		return q, mistake("after", "must be the ID of an entry")
	}
	if q.Limit, err = strconv.Atoi(or(r.FormValue("limit"), "0")); err != nil || q.Limit < 0 {
		return q, mistake("limit", "must be a number of entries")
	}
	return q, nil
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
	return api.Rule{Rule: rule}, err
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
		Verdict: registrar.Verdict(in.Outcome), By: caller(r).Name, Note: in.Note}, forWhom(r, in.By))
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

func (s *Server) upgradePlugin(r *http.Request, in api.Upgrade) (api.Plugin, error) {
	if err := checkFor(in.By); err != nil {
		return api.Plugin{}, err
	}
	status, err := s.plugins.Upgrade(r.Context(), r.PathValue("name"), caller(r).Name, forWhom(r, in.By))
	return pluginOf(status), err
}
