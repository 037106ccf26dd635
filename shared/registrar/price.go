package registrar

import (
	"regexp"
	"strings"
)

// Price is an amount of money. The zero Price means no price.
type Price struct {
	Amount   string // decimal, with a dot: "1200", "12.50"
	Currency string // by ISO 4217: "RUB"
}

var (
	amountForm   = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,6})?$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// ParsePrice reads what String writes: "12.50 RUB". "" is the zero Price.
func ParsePrice(text string) (Price, error) {
	amount, currency, _ := strings.Cut(text, " ")
	p := Price{amount, strings.TrimLeft(currency, " ")}
	if text != "" && !p.Valid() {
		return Price{}, Errorf(Invalid, "a price is an amount and a currency, such as \"12.50 RUB\"")
	}
	return p, nil
}

// IsZero reports whether there is no price.
func (p Price) IsZero() bool { return p == Price{} }

// Valid reports whether the amount and the currency are well formed.
func (p Price) Valid() bool {
	return amountForm.MatchString(p.Amount) && currencyForm.MatchString(p.Currency)
}

// Equal reports whether two prices are the same amount of the same currency, as 12.5 and 12.50 are.
func (p Price) Equal(q Price) bool { return p.plain() == q.plain() }

// plain returns a price without zeros that add nothing.
func (p Price) plain() Price {
	whole, part, _ := strings.Cut(p.Amount, ".")
	whole = strings.TrimLeft(whole, "0")
	if part = strings.TrimRight(part, "0"); part != "" {
		whole += "." + part
	}
	return Price{whole, p.Currency}
}

// String returns the amount and the currency: "12.50 RUB"; "" for no price.
func (p Price) String() string { return strings.TrimSpace(p.Amount + " " + p.Currency) }
