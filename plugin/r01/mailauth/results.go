package mailauth

import (
	"errors"
	"strings"
)

// vouched judges by the findings of our mail server. RFC 8601 5
//
// The topmost Authentication-Results field counts if its authserv-id is ours, byte for byte, and so do those
// of ours that follow, because a server writes one for each of its filters. They end at a field of another
// server, and at the first Received field below the topmost one, unless that field is about a hop between
// servers that [Config.Hosts] names. Received fields of later hops of ours may be above the topmost one, and
// so may the field that shows how the mail came from outside. But if one more Received field is above it, it
// was written elsewhere. So our server must put its fields on top of every mail, and must remove incoming
// ones that have its name.
func (v *Verifier) vouched(h header, author string) Verdict {
	var findings [][]result
	entered := false // from outside, by a Received field above all findings
	for _, f := range h {
		switch {
		// Fields below this one were written before the mail came to us.
		case strings.EqualFold(f.name, "Received") && len(findings) > 0 && v.originOf(f.value) == outside:
			return v.weigh(findings, author)
		case strings.EqualFold(f.name, "Received") && entered:
			return refuse("its topmost Authentication-Results is below Received fields of other servers, where its sender may have written it: if they are ours, list them in replies.hosts")
		case strings.EqualFold(f.name, "Received"):
			entered = len(findings) == 0 && !v.inside(f.value)
		}

		if !strings.EqualFold(f.name, "Authentication-Results") {
			continue
		}

		id, results, err := readResults(f.value)
		switch {
		// The field of another server ends ours.
		case len(findings) > 0 && (err != nil || id != v.config.AuthServID):
			return v.weigh(findings, author)
		case err != nil:
			return refuse("its topmost Authentication-Results is not understood: %v", err)
		case id != v.config.AuthServID:
			return refuse("its topmost Authentication-Results is not of %s", v.config.AuthServID)
		}

		findings = append(findings, results)
	}

	if len(findings) == 0 {
		return refuse("it has no Authentication-Results")
	}

	return v.weigh(findings, author)
}

// inside reports whether a Received field that is above all that may be forged is about a hop behind the
// server that the mail came to.
func (v *Verifier) inside(value string) bool {
	h, ok := readHop(value)
	return v.originOf(value) != outside || ok && (h.within(nearby) || h.from == "" || strings.HasPrefix(h.protocol, "lmtp"))
}

// weigh looks for a pass of the author's domain. Every field that mentions DKIM or DMARC must have found it
// passed, and DMARC must not contradict: otherwise a field that a stranger has put below ours could decide.
func (v *Verifier) weigh(findings [][]result, author string) Verdict {
	var dkim, dmarc, spf tally
	signer := ""
	for i, results := range findings {
		if len(results) == 0 && len(findings) > 1 {
			return refuse("its Authentication-Results contradict each other: one says that nothing was checked")
		}

		seen := 0
		for _, r := range results {
			from, passed := strings.ToLower(r.properties["header.from"]), r.value == "pass"
			switch d := strings.ToLower(r.properties["header.d"]); r.method {
			case "dkim":
				good := passed && v.speaksFor(d, author)
				if dkim.count(i, good); good {
					signer = d
				}
			case "spf":
				spf.count(i, passed && v.speaksFor(domainOf(strings.ToLower(r.properties["smtp.mailfrom"])), author))
			case "dmarc":
				if r.value == "fail" {
					return refuse("its Authentication-Results has dmarc=fail")
				}
				dmarc.count(i, passed && from == author && v.speaksFor(from, author))
				seen++
			}
		}

		if seen > 1 {
			return refuse("its Authentication-Results has more than one dmarc")
		}
	}

	switch {
	// A stranger may have put a field with dmarc=pass below ours. If there are several fields, and one of
	// them mentions DKIM or SPF, on which DMARC rests, then DMARC counts only together with one of those.
	case dmarc.all() && (len(findings) == 1 || dkim.all() || spf.all() || !dkim.any() && !spf.any()):
		return Verdict{Verified: true, Reason: "our mail server found dmarc=pass of " + author}
	case dkim.all():
		return Verdict{Verified: true, Reason: "our mail server found dkim=pass of " + signer}
	case dkim.passed() || dmarc.passed():
		return refuse("its Authentication-Results contradict each other")
	}

	return refuse("its Authentication-Results has no pass of %s", strings.Join(v.config.Domains, " or "))
}

// tally records for each field whether a method passed: one pass in a field is enough.
type tally map[int]bool

func (t *tally) count(field int, passed bool) {
	if *t == nil {
		*t = tally{}
	}
	(*t)[field] = (*t)[field] || passed
}

func (t tally) any() bool { return len(t) > 0 }

func (t tally) passed() bool {
	for _, passed := range t {
		if passed {
			return true
		}
	}
	return false
}

func (t tally) all() bool {
	for _, passed := range t {
		if !passed {
			return false
		}
	}
	return t.any()
}

// result is one finding, in lower case except for the values of properties.
type result struct {
	method, value string
	properties    map[string]string
}

// readResults reads the value of a field. go-msgauth's authres takes comments for results, skips what it
// can't read, and believes the last of two properties with the same name: here each of these is an error, or
// can't happen.
func readResults(value string) (id string, results []result, err error) {
	bare, err := strip(value)
	if err != nil {
		return "", nil, err
	}

	first, rest, _ := strings.Cut(bare, ";")
	named := strings.Fields(first)
	// The server's name and an optional version; we can read only version 1. RFC 8601 2.2
	if len(named) == 0 || len(named) > 2 || len(named) == 2 && named[1] != "1" {
		return "", nil, errors.New("it does not begin with a name")
	}

	for finding := range strings.SplitSeq(rest, ";") {
		words := strings.Fields(finding)
		// "none" means that nothing was checked.
		if len(words) == 0 || len(words) == 1 && words[0] == "none" {
			continue
		}
		r, err := readResult(words)
		if err != nil {
			return "", nil, err
		}
		results = append(results, r)
	}

	return named[0], results, nil
}

func readResult(words []string) (result, error) {
	r := result{properties: map[string]string{}}
	for i, w := range words {
		name, value, ok := strings.Cut(w, "=")
		name = strings.ToLower(name)
		_, known := r.properties[name]
		switch {
		case !ok || name == "":
			return r, errors.New("a word of it has no value")
		case known:
			return r, errors.New("a word of it stands twice")
		case i == 0:
			r.method, r.value = name, strings.ToLower(value)
		default:
			r.properties[name] = value
		}
	}
	return r, nil
}

// strip removes comments, which may be nested, and empties quoted strings: mail servers write the sender's
// words there. RFC 5322 3.2
func strip(value string) (string, error) {
	var bare strings.Builder
	depth, quoted, escaped := 0, false, false

	for _, c := range []byte(value) {
		inside := depth > 0 || quoted
		switch {
		case escaped:
			escaped = false
		case c == '\\' && inside:
			escaped = true
		case c == '"' && depth == 0:
			quoted = !quoted
			bare.WriteByte(c)
		case c == '(' && !quoted:
			depth++
			// A blank instead of a comment keeps the words around it apart.
			bare.WriteByte(' ')
		case c == ')' && depth > 0:
			depth--
		case c == ')' && !quoted, c == '\\', (c < ' ' && c != '\t' || c > '~') && !inside:
			return "", errors.New("it has a stray character")
		case !inside:
			bare.WriteByte(c)
		}
	}

	if depth > 0 || quoted {
		return "", errors.New("a comment or quotation in it has no end")
	}

	return bare.String(), nil
}
