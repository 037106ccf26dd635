package r01sim

import "strings"

// Action is what a mail asks for. It governs all templates of the mail.
type Action string

// [ActionNew] registers, [ActionProlong] renews a domain, and [ActionUpdate] changes: r01-mail 2.1, 2.7.
const (
	ActionNew     Action = "NEW"
	ActionProlong Action = "PROLONG"
	ActionUpdate  Action = "UPDATE"
)

// Kind is the kind of object a template describes.
type Kind string

// [KindPerson] and [KindOrganization] are clients, each with its handle: r01-mail 2.2.
const (
	KindPerson       Kind = "person"
	KindOrganization Kind = "organization"
	KindDomain       Kind = "domain"
)

// Account is one of the two accounts a partner pays from.
type Account string

// R01 uses [AccountReal] if the request names none: r01-mail 2.1.
const (
	AccountReal  Account = "real"
	AccountBonus Account = "bonus"
)

// Request is a well-formed mail to the robot.
type Request struct {
	From      string // address of the From header
	Subject   string // decoded
	MessageID string // with its angle brackets
	Charset   string // koi8-r or windows-1251
	Authorization
	Templates []Template
}

// Authorization is the block that opens every request.
type Authorization struct {
	Action    Action
	PayType   []Account // the accounts to try, in order; real when the mail names none
	Agreement string
	Password  string
}

// Template is one object of a request.
type Template struct {
	Kind   Kind
	Object string // handle as written, or domain name in ACE and lower case
	Fields []Field
}

// Field is one line of a template.
type Field struct {
	Name  string // lower case
	Value string // trimmed, UTF-8
}

// Value returns the first value of a field, "" if it is absent.
func (t Template) Value(name string) string {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Values returns all values of a field that may be repeated.
func (t Template) Values(name string) []string {
	var values []string
	for _, f := range t.Fields {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return values
}

func (t Template) key() string {
	if t.Kind == KindDomain {
		return "domain"
	}
	return "nic-hdl"
}

// Reason is why a request was rejected.
type Reason string

const (
	ReasonMail             Reason = "mail"              // not a readable mail
	ReasonTransferEncoding Reason = "transfer-encoding" // Content-Transfer-Encoding is not 8bit
	ReasonContentType      Reason = "content-type"      // not text/plain
	ReasonCharset          Reason = "charset"           // neither koi8-r nor windows-1251
	ReasonText             Reason = "text"              // bytes outside the charset, or control characters
	ReasonAuthorization    Reason = "authorization"     // no authorization block, or not first, or malformed
	ReasonAction           Reason = "action"            // action unknown
	ReasonAccount          Reason = "account"           // wrong agreement or password
	ReasonEnd              Reason = "end"               // the end line is missing
	ReasonHeading          Reason = "heading"           // unknown heading, or no template
	ReasonSyntax           Reason = "syntax"            // a line that is not "name: value"
	ReasonOrder            Reason = "order"             // a template that may not come here
	ReasonField            Reason = "field"             // unknown field, or a single-line field repeated
	ReasonRequired         Reason = "required"          // a required field is missing or empty
	ReasonFormat           Reason = "format"            // a value of the wrong form
	ReasonReference        Reason = "reference"         // admin-o names no known client
	ReasonTaken            Reason = "taken"             // the domain or handle exists
	ReasonUnknown          Reason = "unknown"           // the domain or handle does not exist under the agreement
	ReasonWindow           Reason = "window"            // too early or too late to renew
	ReasonFunds            Reason = "funds"             // not enough money
	ReasonRefused          Reason = "refused"           // refused by a magic name or by the policy
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{ReasonMail, ReasonTransferEncoding, ReasonContentType, ReasonCharset, ReasonText,
		ReasonAuthorization, ReasonAction, ReasonAccount, ReasonEnd, ReasonHeading, ReasonSyntax,
		ReasonOrder, ReasonField, ReasonRequired, ReasonFormat, ReasonReference, ReasonTaken,
		ReasonUnknown, ReasonWindow, ReasonFunds, ReasonRefused}
}

// Rejection is the verdict on a request that will not be carried out.
type Rejection struct {
	Reason  Reason
	Kind    Kind   // of the template at fault; "" when the fault is the mail's
	Object  string // its handle or domain
	Message string // in the robot's words; holds no value of a personal field
}

// Error makes a rejection printable. It is an outcome, not a fault.
func (r *Rejection) Error() string {
	return strings.TrimSpace(string(r.Reason) + ": " + r.Object + " " + r.Message)
}

func reject(reason Reason, message string) *Rejection {
	return &Rejection{Reason: reason, Message: message}
}

func (t Template) reject(reason Reason, message string) *Rejection {
	return &Rejection{Reason: reason, Kind: t.Kind, Object: t.Object, Message: message}
}
