package registrar

import "fmt"

// AvailabilityStatus is the answer to "may I register it".
type AvailabilityStatus string

// [Available]: the registry says that the name is free. [Taken]: it is registered, or about to be, or the
// registry keeps it. [NameInvalid]: no such name can be registered here. [AvailabilityUnknown]: the
// registry gave no answer, or none that can be relied on.
const (
	Available           AvailabilityStatus = "available"
	Taken               AvailabilityStatus = "taken"
	NameInvalid         AvailabilityStatus = "invalid"
	AvailabilityUnknown AvailabilityStatus = "unknown"
)

// AvailabilityStatuses lists every status.
func AvailabilityStatuses() []AvailabilityStatus {
	return []AvailabilityStatus{Available, Taken, NameInvalid, AvailabilityUnknown}
}

// AvailabilityReason is why a name has its status, for programs. New reasons may come.
type AvailabilityReason string

// [ReasonNoAnswer]: the registry did not answer. The others are about the name itself.
const (
	ReasonTaken    AvailabilityReason = "taken"    // it is registered, or about to be
	ReasonReserved AvailabilityReason = "reserved" // the registry keeps it for a registrant of its choice
	ReasonBlocked  AvailabilityReason = "blocked"  // it may not be registered at all
	ReasonPremium  AvailabilityReason = "premium"  // it may be registered, at its own price
	ReasonInvalid  AvailabilityReason = "invalid"  // it is not a name that can be registered here
	ReasonNoAnswer AvailabilityReason = "no-answer"
)

// AvailabilityReasons lists every reason.
func AvailabilityReasons() []AvailabilityReason {
	return []AvailabilityReason{ReasonTaken, ReasonReserved, ReasonBlocked, ReasonPremium, ReasonInvalid, ReasonNoAnswer}
}

// Availability is the answer for one name. A name that is reserved or blocked is [Taken].
type Availability struct {
	Name   string
	Status AvailabilityStatus
	Detail string            // in English
	Texts  map[string]string // the detail by language, "en" and "ru"; empty = only Detail
	Advice []Advice          // what else can be done with the name

	Reason AvailabilityReason // "" = not said
	Price  Price              // of a registration, if the name has its own price; zero = the usual one
}

// PriceProblems reports whether an order disagrees with the price of its name: it must accept the exact
// price of a name that has its own, and no price for a name at the usual one. Hosts and registrars check
// this before anything is paid.
func (a Availability) PriceProblems(o Order) []Problem {
	const path = "accept_price"
	params := map[string]string{"price": a.Price.String(), "accepted": o.AcceptPrice.String()}
	problem := func(code, en, ru string) []Problem {
		return []Problem{{Path: path, Code: code, Params: params, Message: en, Texts: map[string]string{"en": en, "ru": ru}}}
	}

	switch {
	case !o.AcceptPrice.IsZero() && !o.AcceptPrice.Valid():
		return problem("price", "must be an amount and a currency, such as 12.50 RUB", "нужны сумма и валюта, например 12.50 RUB")
	// The price of a check applies only to the registration of a free name.
	case o.Kind != KindRegister, a.Status != Available, a.Price.Equal(o.AcceptPrice):
		return nil
	case a.Price.IsZero():
		return problem("price_usual", "is not asked: the name has the usual price; leave it out", "не нужно: у имени обычная цена, уберите")
	case o.AcceptPrice.IsZero():
		return problem("price_required", fmt.Sprintf("is required: the name has a price of its own, %s, which the order must accept", a.Price),
			fmt.Sprintf("нужно принять цену: у имени своя цена, %s", a.Price))
	}
	return problem("price_other", fmt.Sprintf("is not what the name costs: %s", a.Price), fmt.Sprintf("имя стоит другую сумму: %s", a.Price))
}
