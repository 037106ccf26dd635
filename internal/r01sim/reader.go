package r01sim

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"unicode"
)

const (
	headingPerson       = "#[PERSON TEMPLATE]#"
	headingOrganization = "#[ORGANIZATION TEMPLATE]#"
	headingDomain       = "#[DOMAIN TEMPLATE]#"
	headingEnd          = "#[TEMPLATES END]#"
)

// ReadRequest reads a mail as strictly as R01's rules, in the order in which the
// robot checks them; the first fault is the rejection. It knows neither agreement nor
// registry, so it can't judge whether the password is right and the domain free.
func ReadRequest(raw []byte) (Request, *Rejection) {
	r, rejection := openMail(raw)
	if rejection != nil {
		return Request{}, rejection
	}
	return r.read(func(Authorization) *Rejection { return nil })
}

// reader holds a mail while it is being read. Each step relies on the ones before it.
type reader struct {
	request Request
	header  mail.Header
	body    []byte
	all     []string // the lines of the body, decoded
	lines   []string // the lines not yet read
	blocks  []block
}

// block is a heading with the lines below it.
type block struct {
	heading string
	lines   []string
}

// openMail reads the header without judging it.
func openMail(raw []byte) (*reader, *Rejection) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, reject(ReasonMail, "The message cannot be read.")
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return nil, reject(ReasonMail, "The message cannot be read.")
	}

	// A sender that can't be read stays empty, and so differs from the one whom the robot serves.
	r := &reader{header: m.Header, body: body}
	r.request.MessageID = strings.TrimSpace(m.Header.Get("Message-ID"))
	r.request.Subject = decodeHeader(m.Header.Get("Subject"))
	if from, err := mail.ParseAddress(m.Header.Get("From")); err == nil {
		r.request.From = from.Address
	}
	return r, nil
}

// read carries out the steps of acceptance in R01's order. admit judges the account.
func (r *reader) read(admit func(Authorization) *Rejection) (Request, *Rejection) {
	steps := []func() *Rejection{
		r.transferEncoding,
		r.contentType,
		r.text,
		r.authorization,
		r.action,
		func() *Rejection { return admit(r.request.Authorization) },
		r.end,
		r.headings,
		r.syntax,
		r.order,
		r.eachTemplate(fieldNames),
		r.eachTemplate(requiredFields),
		r.eachTemplate(fieldFormats),
	}
	for _, step := range steps {
		if rejection := step(); rejection != nil {
			return r.request, rejection
		}
	}

	return r.request, nil
}

func (r *reader) transferEncoding() *Rejection {
	// r01-mail 1.1: neither base64 nor quoted-printable.
	if strings.EqualFold(strings.TrimSpace(r.header.Get("Content-Transfer-Encoding")), "8bit") {
		return nil
	}
	return reject(ReasonTransferEncoding, "Content-Transfer-Encoding must be 8bit.")
}

func (r *reader) contentType() *Rejection {
	if len(r.header["Content-Type"]) != 1 {
		return reject(ReasonContentType, "Content-type must be given once.")
	}
	media, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || media != "text/plain" {
		return reject(ReasonContentType, "Content-type must be text/plain; attachments and HTML are not accepted.")
	}
	r.request.Charset = strings.ToLower(params["charset"])
	if r.request.Charset != charsetKOI8R && r.request.Charset != charsetWindows1251 {
		return reject(ReasonCharset, "Charset must be koi8-r or windows-1251.")
	}
	return nil
}

// text decodes the body and splits it into lines, which may end in LF alone.
func (r *reader) text() *Rejection {
	text, err := codec(r.request.Charset).NewDecoder().Bytes(r.body)
	if err != nil || bytes.ContainsRune(text, unicode.ReplacementChar) {
		return reject(ReasonText, "The text holds bytes that are not in its charset.")
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.ContainsFunc(line, forbidden) {
			return reject(ReasonText, "The text holds control characters.")
		}
		r.all = append(r.all, strings.TrimSpace(line))
	}
	r.lines = r.all
	return nil
}

func forbidden(c rune) bool {
	return unicode.IsControl(c) && c != '\t'
}

// authorization takes the lines above the first heading.
func (r *reader) authorization() *Rejection {
	// r01-mail 2.1: the block opens the body, so lines below a heading don't belong to it.
	n := slices.IndexFunc(r.lines, isHeading)
	if n < 0 {
		n = len(r.lines)
	}
	fields, bad := parseFields(r.lines[:n])
	if len(fields) == 0 && bad == "" {
		return reject(ReasonAuthorization, "The authorization block is missing or is not the first.")
	}
	if bad != "" {
		return reject(ReasonAuthorization, "The authorization block holds a line that is not a field.")
	}
	r.lines = r.lines[n:]
	return r.authorize(fields)
}

func (r *reader) authorize(fields []Field) *Rejection {
	values := map[string]string{}
	for _, f := range fields {
		if !slices.Contains([]string{"action", "pay-type", "agreement", "password"}, f.Name) {
			return reject(ReasonAuthorization, "Unknown field in the authorization block.")
		}
		if _, twice := values[f.Name]; twice {
			return reject(ReasonAuthorization, fmt.Sprintf("Field %s is given twice.", f.Name))
		}
		values[f.Name] = f.Value
	}

	// The field pay-type may be left out: r01-mail 2.1.
	for _, name := range []string{"action", "agreement", "password"} {
		if values[name] == "" {
			return reject(ReasonAuthorization, notFilled(name))
		}
	}

	pay, ok := parsePayType(values["pay-type"])
	if !ok {
		return reject(ReasonAuthorization, "Unknown pay-type.")
	}

	r.request.Authorization = Authorization{Action: Action(strings.ToUpper(values["action"])),
		PayType: pay, Agreement: values["agreement"], Password: values["password"]}
	return nil
}

// parsePayType reads "real", "bonus" or both, with any number of spaces at the comma.
func parsePayType(s string) ([]Account, bool) {
	if s == "" {
		return []Account{AccountReal}, true
	}
	var accounts []Account
	for part := range strings.SplitSeq(s, ",") {
		a := Account(strings.ToLower(strings.TrimSpace(part)))
		if a != AccountReal && a != AccountBonus || slices.Contains(accounts, a) {
			return nil, false
		}
		accounts = append(accounts, a)
	}
	return accounts, true
}

func (r *reader) action() *Rejection {
	switch r.request.Action {
	case ActionNew, ActionProlong, ActionUpdate:
		return nil
	}
	return reject(ReasonAction, "Unknown action.")
}

// end cuts the text at the end line; later lines are not read.
// A mail without that line may have been cut off on its way.
func (r *reader) end() *Rejection {
	n := slices.Index(r.lines, headingEnd)
	if n < 0 {
		return reject(ReasonEnd, "The line "+headingEnd+" is missing.")
	}
	r.lines = r.lines[:n]
	return nil
}

func (r *reader) headings() *Rejection {
	for _, line := range r.lines {
		switch {
		case !isHeading(line):
			last := &r.blocks[len(r.blocks)-1]
			last.lines = append(last.lines, line)
		case kindOf(line) == "":
			return reject(ReasonHeading, "Unknown template heading.")
		default:
			r.blocks = append(r.blocks, block{heading: line})
		}
	}
	if len(r.blocks) == 0 {
		return reject(ReasonHeading, "There is no template.")
	}
	return nil
}

func isHeading(line string) bool { return strings.HasPrefix(line, "#[") }

// kindOf returns the kind of object that a heading opens, "" for an unknown heading.
func kindOf(heading string) Kind {
	switch heading {
	case headingPerson:
		return KindPerson
	case headingOrganization:
		return KindOrganization
	case headingDomain:
		return KindDomain
	}
	return ""
}

func (r *reader) syntax() *Rejection {
	for _, b := range r.blocks {
		t := Template{Kind: kindOf(b.heading)}
		fields, bad := parseFields(b.lines)
		t.Fields = fields
		t.Object = t.Value(t.key())
		// Names are compared in ACE and without case: field-notes 3.2.
		if name, ok := canonicalDomain(t.Object); ok && t.Kind == KindDomain {
			t.Object = name
		}
		if bad != "" {
			return t.reject(ReasonSyntax, "A line is not of the form name: value.")
		}
		r.request.Templates = append(r.request.Templates, t)
	}
	return nil
}

// parseFields reads "name: value" lines and skips empty ones. bad is the first line of another form.
func parseFields(lines []string) (fields []Field, bad string) {
	for _, line := range lines {
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return fields, line
		}
		fields = append(fields, Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return fields, ""
}

// order checks that a registrant comes before the domain that refers to it, and that only
// domains are prolonged. r01-mail 2.2, 2.7
func (r *reader) order() *Rejection {
	defined := map[string]int{}
	for i, t := range r.request.Templates {
		if t.Kind != KindDomain {
			defined[t.Object] = i
		}
	}

	for i, t := range r.request.Templates {
		if t.Kind != KindDomain {
			if r.request.Action == ActionProlong {
				return t.reject(ReasonOrder, "Only domains can be prolonged.")
			}
			continue
		}
		if at, ok := defined[t.Value("admin-o")]; ok && at > i {
			return t.reject(ReasonOrder, "The registrant's template must stand before the domain's.")
		}
	}

	return nil
}

func (r *reader) eachTemplate(check func(Action, Template) *Rejection) func() *Rejection {
	return func() *Rejection {
		for _, t := range r.request.Templates {
			if rejection := check(r.request.Action, t); rejection != nil {
				return rejection
			}
		}
		return nil
	}
}
