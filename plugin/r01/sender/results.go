package sender

import (
	"errors"
	"strings"
)

// vouched judges by what our mail server found. RFC 8601 5
//
// Only the topmost Authentication-Results field of the whole header counts, and only if its
// authserv-id is ours, byte for byte. Received fields may stand above it: our server adds
// those of its own later hops. Fields further down may be anybody's and are not looked at;
// so our server must put its field on top of every mail, and must remove incoming ones that
// carry its name.
func (v *Verifier) vouched(h header, author string) Verdict {
	fields := h.values("Authentication-Results")
	if len(fields) == 0 {
		return refuse("it has no Authentication-Results")
	}
	id, results, err := readResults(fields[0])
	switch {
	case err != nil:
		return refuse("its topmost Authentication-Results is not understood: %v", err)
	case id != v.config.AuthServID:
		return refuse("its topmost Authentication-Results is not of %s", v.config.AuthServID)
	}
	return v.weigh(results, author)
}

// weigh looks for a pass. DMARC is found once per mail, and what it says of the author must
// not contradict.
func (v *Verifier) weigh(results []result, author string) Verdict {
	verdict := refuse("its Authentication-Results has no pass of %s", strings.Join(v.config.Domains, " or "))
	dmarc := 0
	for _, r := range results {
		signer, from := strings.ToLower(r.properties["header.d"]), strings.ToLower(r.properties["header.from"])
		switch {
		case r.method == "dmarc" && r.value == "fail":
			return refuse("its Authentication-Results has dmarc=fail")
		case r.method == "dmarc" && r.value == "pass" && from == author && v.speaksFor(from, author):
			verdict = Verdict{Verified: true, Reason: "our mail server found dmarc=pass of " + from}
		case r.method == "dkim" && r.value == "pass" && v.speaksFor(signer, author):
			verdict = Verdict{Verified: true, Reason: "our mail server found dkim=pass of " + signer}
		}
		if r.method == "dmarc" {
			dmarc++
		}
	}
	if dmarc > 1 {
		return refuse("its Authentication-Results has more than one dmarc")
	}
	return verdict
}

// result is one finding; all but the values of properties in lower case.
type result struct {
	method, value string
	properties    map[string]string
}

// readResults reads the value of a field. go-msgauth's authres takes comments for results,
// skips what it can't read, and of two like properties believes the last: here each of these
// is an error, or can't happen.
func readResults(value string) (id string, results []result, err error) {
	bare, err := strip(value)
	if err != nil {
		return "", nil, err
	}
	first, rest, _ := strings.Cut(bare, ";")
	named := strings.Fields(first)
	if len(named) == 0 || len(named) > 2 || len(named) == 2 && named[1] != "1" {
		return "", nil, errors.New("it does not begin with a name")
	}
	for finding := range strings.SplitSeq(rest, ";") {
		words := strings.Fields(finding)
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

// strip takes comments out, which may be nested, and empties quoted strings: mail servers
// write there what the sender said. RFC 5322 3.2
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
