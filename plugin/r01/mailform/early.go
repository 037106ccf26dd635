package mailform

import (
	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// early matches R01's answer that a renewal came before its window. r01-mail 4.1
var early = lazyregexp.New(`(?i)(?:prolonged|renewed|extended) (?:not earlier|no earlier)|too early to (?:prolong|renew|extend)|` +
	`не (?:ранее|раньше),? чем за \d+|продл(?:ить|ение) (?:ещ[её] рано|ещ[её] нельзя|ещ[её] не ?возможно)|срок продления ещ[её] не наступил`)

// renewed matches R01's answer that the year was added already; that the renewal was too early is then only the reason.
var renewed = lazyregexp.New(`(?i)already|уже`)

// Early reports whether R01 says that a renewal came before its window. This is a refusal,
// unless the year was added already and R01 speaks of the next one.
func (r Result) Early() bool {
	return r.Outcome == registrar.ReplyVerify && early.MatchString(r.Message) && !renewed.MatchString(r.Message)
}
