package endpoint

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode"

	"registrar.panel/shared/secret"
)

const (
	// mostWords is how many bytes of a server's words are shown.
	mostWords = 200
	// telling is how many characters from the beginning of a password give it away.
	telling = 4
)

// Words makes a server's refusal of a login fit to be shown: on one line, not too long, and without the
// password in any form in which it was sent, whole or in part.
func Words(said, username, password string) string {
	all := forms(username, password)
	// The longest form first: once a part of it is masked, the whole would no longer be found.
	for n := longest(all); n > 0; n-- {
		for _, form := range all {
			if n == len(form) || n < len(form) && n >= telling { // some servers cut what they repeat
				said = mask(said, form[:n])
			}
		}
	}
	said = strings.Join(strings.FieldsFunc(said, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }), " ")
	if len(said) > mostWords {
		said = strings.ToValidUTF8(said[:mostWords], "") + "…"
	}
	return said
}

// mask replaces a text, whatever the case of its ASCII letters.
func mask(said, text string) string {
	low, part := lower(said), lower(text)
	var masked strings.Builder
	for {
		at := strings.Index(low, part)
		if at < 0 {
			masked.WriteString(said)
			return masked.String()
		}
		masked.WriteString(said[:at] + secret.Mask)
		said, low = said[at+len(part):], low[at+len(part):]
	}
}

// lower leaves every byte in its place, which strings.ToLower does not.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func longest(list []string) (n int) {
	for _, s := range list {
		n = max(n, len(s))
	}
	return n
}

// forms returns the forms in which a login contains a password.
func forms(username, password string) []string {
	if password == "" {
		return nil
	}
	encode := base64.StdEncoding.EncodeToString
	return []string{
		encode([]byte(username + "\x00" + username + "\x00" + password)), encode([]byte("\x00" + username + "\x00" + password)),
		encode([]byte(password)), strings.TrimRight(encode([]byte(password)), "="),
		url.QueryEscape(password), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(password), password,
	}
}
