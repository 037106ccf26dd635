package mailform

import (
	"slices"
	"strings"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// consistent returns the results without repetitions, or a doubt if two of them differ. A
// result that names nothing is about everything that the mail names.
func (r Reading) consistent() Reading {
	if r.Doubt != "" {
		return doubt(r.Doubt)
	}
	var kept []Result
	for _, one := range r.Results {
		// Each pair is compared: results that may concern one request must agree, or the mail is in doubt. r01-mail 3.4
		for _, other := range kept {
			if sameObject(one, other) && !agree(one, other) {
				return doubt("it says two things of one request")
			}
		}
		if !slices.Contains(kept, one) {
			kept = append(kept, one)
		}
	}
	return Reading{Results: kept}
}

// sameObject reports whether two results may be about the same request.
func sameObject(a, b Result) bool {
	if a.Task != "" && a.Task == b.Task {
		return true
	}
	if a.nameless() || b.nameless() {
		return a.Task == "" || b.Task == "" || a.Task == b.Task
	}
	return a.Domain != "" && a.Domain == b.Domain || a.Handle != "" && a.Handle == b.Handle && (a.Domain == "" || b.Domain == "" || a.Domain == b.Domain)
}

func (r Result) nameless() bool { return r.Domain == "" && r.Handle == "" }

// agree reports whether two results about one request can both be true.
func agree(a, b Result) bool {
	word := func(r Result) bool { return r.Outcome == registrar.ReplyNotice || r.Outcome == registrar.ReplyIgnore }
	if word(a) || word(b) {
		return true
	}
	return a.Outcome == b.Outcome && fits(a.Domain, b.Domain) && fits(a.Handle, b.Handle) && fits(string(a.Action), string(b.Action)) && fits(a.State, b.State) &&
		(a.PaidTill.IsZero() || b.PaidTill.IsZero() || a.PaidTill == b.PaidTill)
}

// fits reports whether two words are equal, or one of them is missing.
func fits(a, b string) bool { return a == "" || b == "" || a == b }

// unsure returns why a result can't be believed as it is: a refusal needs a readable reason,
// and the words beside a success must not take it back.
func (r Result) unsure() string {
	switch r.Outcome {
	case registrar.ReplyQueued: // it frees nothing, so its words may be any that do not take it back
		if takesBack(r.Message) {
			return "its message may take back what it says"
		}
	// Further words beside the success may take it back. r01-mail 3.3
	case registrar.ReplyDone:
		if r.Message != readOnly && !r.affirms(r.Message) {
			return "the message of a success is not understood"
		}
	case registrar.ReplyRejected, registrar.ReplyNoFunds, registrar.ReplyAuthFailed, registrar.ReplyVerify:
		switch {
		case r.Message == "":
			return "it is a refusal without a reason"
		case cut(r.Message):
			return "it is a refusal whose reason is cut off"
		case garbled(r.Message):
			return "it is a refusal whose reason can't be read"
		case retracts.MatchString(r.Message):
			return "it is a refusal whose reason may take it back"
		}
	}

	return ""
}

var affirmation = lazyregexp.New(`^(?i:ok|okay|success(?:ful(?:ly)?)?|done|completed|executed|готово|успешно|выполнено|исполнено|принято)[.! ]*$`)

// affirms reports whether the message of a success says nothing else.
func (r Result) affirms(message string) bool {
	said, asides := readParagraph(message)
	for _, s := range said {
		if !sameObject(s, r) || !agree(s, r) {
			return false
		}
	}
	return !slices.ContainsFunc(asides, func(text string) bool {
		kind, _ := harmless(text)
		if ofMail(text, false) {
			kind = neutral
		}
		return kind != neutral && kind != glad && !affirmation.MatchString(text)
	})
}

const readOnly = "WARNING_CANT_CHANGE_READONLY"

var (
	// unfinished is the end of a text that has been cut off.
	unfinished = lazyregexp.New(`(?i)(?:(?:\.\.\.|…|\[\.*\]|[,;:(\[«/-])|(?:^|[^\pL])(?:and|or|the|an?|of|to|in|on|for|with|by|because|since|has|have|had|been|be|is|are|was|were|not|that|which|already|due|from|at|as|until|till|your|` +
		`и|или|на|в|во|с|со|к|от|до|по|о|об|из|из-за|для|при|за|не|что|так|как|так как|поскольку|потому|чтобы|если|уже|был|была|было|быть|его|ваш|ваша|вашего|недостаточно|который|которая|это))[ \t]*$`)
	long     = lazyregexp.New(`…$`) // of a message that we have cut
	nonsense = lazyregexp.New(`\x{fffd}|\?{3,}|[\x{80}-\x{9f}]|(?:[ÐÑ][\x{80}-\x{bf}‘’“”•–—˜™š›œžŸ¡-¿]){3,}|(?:[а-яё][А-ЯЁ]){3,}|[\x{2500}-\x{259f}]`)
	retracts = lazyregexp.New(`(?i)(?:^|[^\pL])(?:by mistake|in error|mistaken\pL*|erroneous\pL*|disregard\pL*|ignore|withdrawn|revoked|retracted|по ошибке|ошибочн\pL*|отозван\pL*|аннулирован\pL*|игнорир\pL*|не учитывай\pL*|не обращайте)(?:[^\pL]|$)`)
)

// cut reports whether a reason was cut off on its way.
func cut(message string) bool {
	if long.MatchString(message) && len([]rune(message)) > longestMessage {
		return false
	}
	return unfinished.MatchString(message) || strings.Count(message, "(") > strings.Count(message, ")") || strings.Count(message, "«") > strings.Count(message, "»")
}

// garbled reports whether a reason lost its letters on its way.
func garbled(message string) bool {
	return nonsense.MatchString(message) || !hasLetter.MatchString(message)
}
