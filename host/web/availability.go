package web

import (
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func availabilityOf(a registrar.Availability) api.Availability {
	return api.Availability{Name: a.Name, Unicode: input.Unicode(a.Name), Status: string(a.Status), Detail: known(a.Detail), Texts: a.Texts, Advice: advice(a.Advice),
		Reason: input.OneLine(string(a.Reason), input.LongestID), Price: priceOf(a.Price)}
}

// priceOf returns nil for no price.
func priceOf(p registrar.Price) *api.Price {
	if p.IsZero() {
		return nil
	}
	return &api.Price{Amount: input.OneLine(p.Amount, input.LongestID), Currency: input.OneLine(p.Currency, input.LongestID)}
}

func acceptedPrice(p *api.Price) registrar.Price {
	if p == nil {
		return registrar.Price{}
	}
	return registrar.Price(*p)
}
