package mailform

import (
	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// early is R01's word that a renewal came before its window. r01-mail 4.1
var early = lazyregexp.New(`(?i)(?:prolonged|renewed|extended) (?:not earlier|no earlier)|too early to (?:prolong|renew|extend)|` +
	`не (?:ранее|раньше),? чем за \d+|продл(?:ить|ение) (?:ещ[её] рано|ещ[её] нельзя|ещ[её] не ?возможно)|срок продления ещ[её] не наступил`)

// renewed is R01's word that the year is there: that it was too early is then only why.
var renewed = lazyregexp.New(`(?i)already|уже`)

// Early reports that R01 says of a renewal that it came before its window. That is a refusal,
// unless the year is there already and R01 speaks of the next.
func (r Result) Early() bool {
	return r.Outcome == registrar.ReplyVerify && early.MatchString(r.Message) && !renewed.MatchString(r.Message)
}
