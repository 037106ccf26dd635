// Package mailform speaks the language of R01's mail robot: it writes the bodies of requests, and reads replies.
//
// It is pure: text in, values out. Other packages decide who sends a request, which request a
// reply belongs to, and whether its sender is believed.
//
// # Requests
//
// [Client], [UpdateClient], [NewDomain], [UpdateDomain] and [Prolong] make a [Template] of what
// a customer entered, or name every mistake by the path of its field. [Format] turns a
// [Request] into bytes. It guarantees that no value can add a field, a template or an action: a
// value with a character that could is refused with a [FieldError], never repaired. A letter
// that R01's charsets lack is refused, too, and never becomes a question mark.
//
// Only Format gets the password; [Request.Preview] and [Mask] show neither it nor personal data.
//
// # Replies
//
// R01's wording of its replies is not public, so [Recogniser] uses an ordered list of rules:
// the operator's, then two layouts that are our own guess. A reply that no rule fits has no
// result, and the caller puts it before a person. Success is never read from a sentence that
// says anything else besides, or from a reply that contradicts itself.
//
// The rules are those of docs/r01-mail.md; comments cite its numbers.
package mailform
