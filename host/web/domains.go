package web

import (
	"net/http"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

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
	// A date that is left out stays as it is, because the handle alone may be wrong.
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

func (s *Server) runRenewals(r *http.Request, in api.RenewalRun) (incomplete[[]api.RenewalStep], error) {
	// A plan spends nothing.
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
