package r01sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Layout is how an answer is written. R01's own layout is not public; both layouts are ours.
type Layout string

const (
	LayoutLines Layout = "lines" // "name: value" lines
	LayoutProse Layout = "prose" // a sentence
)

// Language is the language of an answer.
type Language string

const (
	English Language = "en"
	Russian Language = "ru"
)

// Quotation is how an answer repeats the request, its password included.
type Quotation string

const (
	QuoteNone     Quotation = "none"
	QuotePrefixed Quotation = "prefixed" // below, each line after "> "
	QuoteTail     Quotation = "tail"     // below a line "-----Original Message-----"
)

// Delay is a duration that JSON writes as text: "250ms".
type Delay time.Duration

// MarshalText writes "1m30s".
func (d Delay) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Delay) UnmarshalText(b []byte) error {
	parsed, err := time.ParseDuration(string(b))
	*d = Delay(parsed)
	return err
}

// Style is the look of an answer.
type Style struct {
	Layout      Layout    `json:"layout"`
	Language    Language  `json:"language"`
	Charset     string    `json:"charset"`  // koi8-r, windows-1251, utf-8
	Encoding    string    `json:"encoding"` // 8bit, quoted-printable, base64
	Quote       Quotation `json:"quote"`
	Threaded    bool      `json:"threaded"`     // In-Reply-To and References name the request
	KeepSubject bool      `json:"keep_subject"` // "Re: " and the request's subject; else a subject of its own
	OddHeaders  bool      `json:"odd_headers"`  // unusual case and folding of header lines
	ExtraLines  bool      `json:"extra_lines"`  // lines that are not documented
}

// Policy holds every knob of the robot. Rates are between 0 and 1.
type Policy struct {
	Style

	Queued Delay `json:"queued"` // from the request to the answer "queued", or to the rejection
	Done   Delay `json:"done"`   // from the request to its execution and the answer about that
	Late   Delay `json:"late"`   // how long late- answers wait, unless released

	Jitter    float64 `json:"jitter"`    // delays grow by up to this many times their length
	Vary      float64 `json:"vary"`      // rate of answers in a random style
	Duplicate float64 `json:"duplicate"` // rate of answers sent twice
	Lose      float64 `json:"lose"`      // rate of answers never sent
	Reorder   float64 `json:"reorder"`   // rate of "queued" answers sent after the final one
	Defer     float64 `json:"defer"`     // rate of mails refused for now, with 451
	Drop      float64 `json:"drop"`      // rate of mails accepted, but with the connection cut before 250

	RefuseClients bool `json:"refuse_clients"` // every new client is rejected
	Undelegated   bool `json:"undelegated"`    // no domain is delegated
	Price         int  `json:"price"`          // for registering or renewing a domain
}

// Calm is the policy without surprises.
func Calm() Policy {
	return Policy{
		Style: Style{Layout: LayoutLines, Language: English, Charset: charsetKOI8R, Encoding: "8bit",
			Quote: QuoteNone, Threaded: true, KeepSubject: true},
		Queued: Delay(100 * time.Millisecond),
		Done:   Delay(300 * time.Millisecond),
		Late:   Delay(8 * 24 * time.Hour),
		Price:  500,
	}
}

// Chaos is the policy that keeps clients from relying on what R01 does not promise.
func Chaos() Policy {
	p := Calm()
	p.Queued, p.Done = Delay(time.Second), Delay(4*time.Second)
	p.Jitter, p.Vary = 3, 0.7
	p.Duplicate, p.Reorder, p.Lose = 0.1, 0.1, 0.02
	return p
}

// Validate reports every knob that is out of range.
func (p Policy) Validate() error {
	var faults []string
	check := func(ok bool, knob string) {
		if !ok {
			faults = append(faults, knob)
		}
	}

	check(slices.Contains(layouts(), p.Layout), "layout")
	check(slices.Contains(languages(), p.Language), "language")
	check(slices.Contains(charsets(), p.Charset), "charset")
	check(slices.Contains(encodings(), p.Encoding), "encoding")
	check(slices.Contains(quotations(), p.Quote), "quote")

	for knob, rate := range map[string]float64{"vary": p.Vary, "duplicate": p.Duplicate, "lose": p.Lose,
		"reorder": p.Reorder, "defer": p.Defer, "drop": p.Drop} {
		check(rate >= 0 && rate <= 1, knob)
	}

	check(p.Jitter >= 0, "jitter")
	check(p.Price >= 0, "price")
	check(p.Queued >= 0, "queued")
	check(p.Done >= 0, "done")
	check(p.Late >= 0, "late")

	if len(faults) == 0 {
		return nil
	}

	// The rates come from a map, which has no order.
	slices.Sort(faults)
	return fmt.Errorf("check policy: out of range: %s", strings.Join(faults, ", "))
}

// patched returns the policy with the knobs of a JSON object changed. Unknown knobs are an error.
func (p Policy) patched(patch []byte) (Policy, error) {
	decoder := json.NewDecoder(strings.NewReader(string(patch)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("read policy: %w", err)
	}
	return p, p.Validate()
}

func layouts() []Layout { return []Layout{LayoutLines, LayoutProse} }

func languages() []Language { return []Language{English, Russian} }

func charsets() []string { return []string{charsetKOI8R, charsetWindows1251, charsetUTF8} }

func encodings() []string { return []string{"8bit", "quoted-printable", "base64"} }

func quotations() []Quotation { return []Quotation{QuoteNone, QuotePrefixed, QuoteTail} }

// answer is the result of chance for one answer.
type answer struct {
	style  Style
	copies int
	after  time.Duration
}

// fate is the result of chance for the answers to one template.
type fate struct {
	queued, done answer
}

// draw decides a fate. It always draws the same number of times,
// so that turning one knob does not change what the others bring.
func (p Policy) draw(random *rand.Rand) fate {
	f := fate{queued: p.drawAnswer(random, p.Queued), done: p.drawAnswer(random, p.Done)}

	// Chance may draw the final answer before the first. Only Reorder may
	// swap them, so that the knob alone says how often that happens.
	f.done.after = max(f.done.after, f.queued.after)
	if random.Float64() < p.Reorder {
		f.queued.after = f.done.after + time.Duration(p.Queued)
	}
	return f
}

func (p Policy) drawAnswer(random *rand.Rand, delay Delay) answer {
	a := answer{style: p.Style, copies: 1}
	a.after = time.Duration(float64(delay) * (1 + p.Jitter*random.Float64()))
	if random.Float64() < p.Duplicate {
		a.copies = 2
	}
	if random.Float64() < p.Lose {
		a.copies = 0
	}
	vary, style := random.Float64() < p.Vary, drawStyle(random)
	if vary {
		a.style = style
	}
	return a
}

func drawStyle(random *rand.Rand) Style {
	coin := func() bool { return random.IntN(2) == 0 }
	return Style{
		Layout:      pick(random, layouts()),
		Language:    pick(random, languages()),
		Charset:     pick(random, charsets()),
		Encoding:    pick(random, encodings()),
		Quote:       pick(random, quotations()),
		Threaded:    coin(),
		KeepSubject: coin(),
		OddHeaders:  coin(),
		ExtraLines:  coin(),
	}
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }
