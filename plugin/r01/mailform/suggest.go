package mailform

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"registrar.panel/shared/registrar"
)

// variable is what differs from one reply to the next: the token of ours in a subject, a
// task number, a date, a domain or a handle.
var (
	token    = regexp.MustCompile(`\[[A-Z2-7]{26}\]`)
	variable = regexp.MustCompile(token.String() + `|\d{4}[.-]\d\d[.-]\d\d|\d\d\.\d\d\.\d{4}|[\pL\pN_][\pL\pN_.-]*[\pL\pN]|\d+`)
)

const shortestTask = 5 // digits; R01's numbers are long, and others are not tasks

// SuggestRule writes a block of configuration that recognises a reply and others worded
// like it, for a person to look over.
func SuggestRule(in Input, outcome registrar.ReplyOutcome) string {
	used := map[string]bool{}
	file := hclwrite.NewEmptyFile()
	block := file.Body().AppendNewBlock("reply", []string{"like " + plain(token.ReplaceAllString(in.Subject, ""))}).Body()
	body := generalise(telling(in.Text), used)
	if subject := generalise(plain(in.Subject), used); subject != "" {
		block.SetAttributeValue("subject", cty.StringVal("^"+subject+"$"))
	}
	if body != "" {
		block.SetAttributeValue("body", cty.StringVal("(?m)^"+body+"$"))
	}
	block.SetAttributeValue("outcome", cty.StringVal(string(outcome)))
	return string(file.Bytes())
}

// telling is the line that says most: the first that names an object, or the first.
func telling(text string) string {
	first := ""
	for l := range strings.SplitSeq(withoutQuotation(text), "\n") {
		if len(Objects(l)) > 0 {
			return l
		}
		if first == "" {
			first = l
		}
	}
	return first
}

// generalise quotes a text for a pattern and puts groups in the place of what varies. A
// group has its name the first time only.
func generalise(text string, used map[string]bool) string {
	var b strings.Builder
	at := 0
	for _, m := range variable.FindAllStringIndex(text, -1) {
		b.WriteString(regexp.QuoteMeta(text[at:m[0]]))
		b.WriteString(groupFor(text[m[0]:m[1]], used))
		at = m[1]
	}
	b.WriteString(regexp.QuoteMeta(text[at:]))
	return b.String()
}

func groupFor(word string, used map[string]bool) string {
	name, pattern := "", `\S+`
	_, isHandle := KindOfHandle(strings.ToUpper(word))
	_, notDomain := Name(word)
	_, isDate := parseDate(word)
	switch {
	case strings.HasPrefix(word, "["):
		return `\S+`
	case isDate:
		name, pattern = "paid_till", `[\d.-]+`
	case isHandle:
		name, pattern = "handle", `[\w-]+`
	case notDomain == nil:
		name, pattern = "domain", `[\pL\pN.-]*[\pL\pN]`
	case len(word) >= shortestTask && strings.Trim(word, "0123456789") == "":
		name, pattern = "task", `\d+`
	default:
		return regexp.QuoteMeta(word)
	}
	if used[name] {
		return pattern
	}
	used[name] = true
	return "(?P<" + name + ">" + pattern + ")"
}
