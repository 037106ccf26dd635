package archtest

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

const guide = "docs/writing-a-registrar.md"

// The guide explains to authors every method of the contract,
// and no other; also every error code and every capability.
func TestGuideIsComplete(t *testing.T) {
	t.Parallel()

	page := readText(t, guide)
	var explained []string
	for _, m := range regexp.MustCompile("\\*\\*`([A-Z]\\w+)`\\*\\*").FindAllStringSubmatch(page, -1) {
		explained = append(explained, m[1])
	}

	contract := reflect.TypeFor[registrar.Hosted]()
	var methods []string
	for i := range contract.NumMethod() {
		methods = append(methods, contract.Method(i).Name)
	}

	slices.Sort(explained)
	if !slices.Equal(explained, methods) { // reflect sorts them
		t.Errorf("%s explains %q, the contract has %q", guide, explained, methods)
	}

	for _, code := range registrar.Codes() {
		if !strings.Contains(page, "\n| `"+string(code)+"` |") {
			t.Errorf("%s does not explain the code %s", guide, code)
		}
	}

	for _, c := range registrar.Capabilities() {
		if !strings.Contains(page, "capability `"+string(c)+"`") {
			t.Errorf("%s does not name the capability %s", guide, c)
		}
	}

	for _, v := range registrar.Verdicts() {
		if !strings.Contains(page, "`"+string(v)+"`") {
			t.Errorf("%s does not name the verdict %s", guide, v)
		}
	}
}
