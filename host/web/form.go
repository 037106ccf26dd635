package web

import (
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func formOf(f registrar.Form, offer registrar.KindOffer) api.Form {
	return api.Form{TLD: f.TLD, Kind: string(f.Kind), Registrant: string(f.Registrant), Years: yearsOf(offer.Years), NameserversOptional: offer.NameserversOptional, Fields: list(f.Fields, fieldOf),
		Role: known(f.Role), Contacts: list(offer.Contacts, contactOfferOf)}
}

func fieldOf(f registrar.Field) api.Field {
	out := api.Field{Key: f.Key, Label: f.Label, Type: string(f.Type), Required: f.Required, Multiple: f.Multiple,
		Pattern: known(f.Pattern), Example: known(f.Example), Class: string(f.Class),
		Help: f.Help, MinLength: f.MinLength, MaxLength: f.MaxLength, Link: f.Link}
	for _, c := range f.Choices {
		out.Choices = append(out.Choices, api.Choice(c))
	}
	for _, c := range f.When {
		out.When = append(out.When, api.Condition{Field: c.Field, Values: append([]string{}, c.Values...)})
	}
	return out
}
