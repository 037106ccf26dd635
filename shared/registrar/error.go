package registrar

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code is what a caller branches on. It is itself an error, so that
// errors.Is(err, registrar.NotFound) works on any wrapped [Error].
type Code string

const (
	// Invalid: the arguments are wrong; Problems names each. The same call again fails again.
	Invalid Code = "INVALID"
	// NotFound: no such operation, domain, mail or review here.
	NotFound Code = "NOT_FOUND"
	// Conflict: this OrderID is known with other contents, or the subject of a decision has moved on since
	// the person looked.
	Conflict Code = "CONFLICT"
	// Precondition: the state of the domain or operation forbids it; read again first.
	Precondition Code = "PRECONDITION"
	// Unsupported: the registrar does not have this power.
	Unsupported Code = "UNSUPPORTED"
	// NotReady: not configured, or not started.
	NotReady Code = "NOT_READY"
	// Locked: another instance is at work on the same account.
	Locked Code = "LOCKED"
	// Draining: the plugin is stopping; its successor will answer.
	Draining Code = "DRAINING"
	// Unavailable: the plugin, or something it needs, does not answer now. The effect is unknown; asking
	// again with the same OrderID is safe.
	Unavailable Code = "UNAVAILABLE"
	// Internal: a defect of the plugin; Detail says where to look.
	Internal Code = "INTERNAL"
)

// Codes lists every code.
func Codes() []Code {
	return []Code{Invalid, NotFound, Conflict, Precondition, Unsupported, NotReady, Locked, Draining, Unavailable, Internal}
}

// Error returns the code in words: "not found".
func (c Code) Error() string { return strings.ToLower(strings.ReplaceAll(string(c), "_", " ")) }

// Error is why a call could not be carried out.
type Error struct {
	Code       Code
	Detail     string        // for people; holds no secret and no personal data
	Problems   []Problem     // with Invalid: every problem, by path; with a decision's Conflict: its version
	RetryAfter time.Duration // with Unavailable, Draining, Locked: not before; 0 = unknown
}

// Problem is one mistake in an order or in settings.
type Problem struct {
	// Path names the field: "contact.passport[0]", "nameservers[1]", "smtp.tls",
	// "reply[\"later\"].body".
	Path    string
	Message string // what is wrong and what to do, in English; never the value of a secret or personal field

	Code   string            // what is wrong, for programs: "required", "letters"; "" = there is none
	Params map[string]string // what the texts mention, by name: for "letters" the letters that can't be written
	Texts  map[string]string // the message by language, "en" and "ru"; empty = the message alone
}

// String returns the path and the problem in English.
func (p Problem) String() string { return p.Path + ": " + p.Message }

// Detailed reports whether a problem has more than its path and its message.
func (p Problem) Detailed() bool { return p.Code != "" || len(p.Params) > 0 || len(p.Texts) > 0 }

// Error returns the detail, or the code if there is none, and every problem.
func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Code.Error()
	}
	for i, p := range e.Problems {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		text += sep + p.String()
	}
	return text
}

// Unwrap makes errors.Is find the code.
func (e *Error) Unwrap() error { return e.Code }

// Errorf returns an Error whose Detail is formatted.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// InvalidOrder returns the error for problems of an order, or nil if there are none.
func InvalidOrder(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Detail: "the order has mistakes", Problems: problems}
}

// InvalidDecision returns the error for problems of a person's decision, or nil if there are none.
func InvalidDecision(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Detail: "the decision has mistakes", Problems: problems}
}

// InvalidSettings returns the error for problems in settings, or nil if there are none.
func InvalidSettings(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Detail: "the configuration has mistakes", Problems: problems}
}

// CodeOf returns the code of an error, [Internal] for one that has none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var c Code
	if errors.As(err, &c) {
		return c
	}
	return Internal
}
