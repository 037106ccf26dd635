package web

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// placed is an order that a request has placed, or had placed before.
type placed struct {
	api.Order
	again bool
}

func (placed) shown() reflect.Type { return reflect.TypeFor[api.Order]() }

func (p placed) repeated() bool { return p.again }

func (s *Server) placeOrder(r *http.Request, in api.NewOrder) (placed, error) {
	q, err := requestOf(r, in)
	if err != nil {
		return placed{}, err
	}
	o, err := s.orders.Place(r.Context(), q)
	return placed{orderOf(o), o.Again}, err
}

func (s *Server) judgeOrder(r *http.Request, in api.NewOrder) (api.Judgement, error) {
	q, err := requestOf(r, in)
	if err != nil {
		return api.Judgement{}, err
	}
	j, err := s.orders.Judge(r.Context(), q)
	return api.Judgement{Valid: len(j.Problems) == 0, Registrar: known(j.Registrar), Problems: append([]api.Problem{}, problems(j.Problems)...),
		Notes: append([]api.Problem{}, problems(j.Notes)...), Preview: known(j.Preview)}, err
}

// requestOf reads an order from a caller who may place it.
func requestOf(r *http.Request, in api.NewOrder) (q orders.NewOrder, err error) {
	// An order of the provider's own is paid by being placed, so it takes the right to pay.
	needed := access.Order
	if in.Own {
		needed = access.Money
	}
	if !caller(r).May(needed) {
		return q, forbidden(r, needed)
	}

	id, err := orderID(r, in.ID)
	if err != nil {
		return q, err
	}

	till, err := paidTill(in.PaidTill)
	if err != nil {
		return q, err
	}

	if in.Kind == string(registrar.KindRenew) && till.IsZero() {
		return q, input.Mistakes([]registrar.Problem{{Path: "paid_till", Code: "required",
			Message: "is required of a renewal: the day till which you believe the domain is paid, so that no year is paid for twice; GET /api/v1/domains/{name} says it"}})
	}

	signers, err := signers(in.DS)
	if err != nil {
		return q, err
	}

	return orders.NewOrder{ID: id, Reference: in.Reference, Kind: registrar.OperationKind(in.Kind), Domain: in.Domain, Customer: in.Customer, Own: in.Own,
		Registrant: registrantOf(in.Contact), Nameservers: nameservers(in.Nameservers), AuthCode: registrar.AuthCode(in.AuthCode), PaidTill: till, Years: in.Years,
		AcceptPrice: acceptedPrice(in.AcceptPrice), DS: signers, Contacts: contactsOf(in.Contacts)}, nil
}

// signers reads DS records.
func signers(lines []string) (list []registrar.DelegationSigner, err error) {
	var problems []registrar.Problem
	for i, line := range lines {
		s, err := registrar.ParseDelegationSigner(line)
		if err != nil {
			problems = append(problems, registrar.Problem{Path: fmt.Sprintf("ds[%d]", i), Code: "form",
				Message: "must be a DS record as zone files have it: key tag, algorithm, digest type and digest, such as 12345 13 2 9f86…"})
		}
		list = append(list, s)
	}
	return list, input.Mistakes(problems)
}

// longestKey is the most characters of an Idempotency-Key.
const longestKey = 255

// orderID returns the ID by which a repeated request is recognised: the caller's, or one made of
// the request's key and the caller's name, because others may use the same key.
func orderID(r *http.Request, given string) (registrar.OrderID, error) {
	key := strings.TrimSpace(r.Header.Get(api.KeyHeader))
	switch {
	case key == "":
		return registrar.OrderID(given), nil
	case given != "":
		return "", mistake("id", "and the header %s name the request twice: give one of them", api.KeyHeader)
	}
	if wrong := input.CheckLine(key, longestKey); wrong != "" {
		return "", mistake(api.KeyHeader, "%s", wrong)
	}
	sum := sha256.Sum256([]byte(caller(r).Name + "\n" + key))
	return registrar.OrderID("key-" + strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))), nil
}

func (s *Server) importDomains(r *http.Request, in api.Imports) ([]api.Imported, error) {
	rows := make([]registrar.Import, len(in.Rows))
	var problems []registrar.Problem
	for i, row := range in.Rows {
		till, err := registrar.ParseDate(row.PaidTill)
		if err != nil {
			problems = append(problems, registrar.Problem{Path: fmt.Sprintf("rows[%d].paid_till", i), Message: "must be YYYY-MM-DD"})
		}
		rows[i] = registrar.Import{Domain: row.Domain, Customer: row.Customer, Handle: row.Handle, PaidTill: till}
	}
	// All mistakes are reported at once, before any domain is taken over.
	if err := input.Mistakes(problems); err != nil {
		return nil, err
	}
	all, err := s.orders.Intake(in.Registrar).Take(r.Context(), rows, in.DryRun)
	return list(all, func(v orders.Imported) api.Imported {
		return api.Imported{Domain: v.Domain, Unicode: input.Unicode(v.Domain), Action: v.Action, Reason: known(v.Reason)}
	}), err
}
