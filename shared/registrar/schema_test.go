package registrar

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()

	s := Schema{
		Attributes: []Attribute{{Name: "account", Type: TypeString, Required: true}, {Name: "token", Type: TypeString, Sensitive: true},
			{Name: "mode", Type: TypeString, OneOf: []string{"slow", "fast"}}, {Name: "limit", Type: TypeInt}, {Name: "strict", Type: TypeBool},
			{Name: "wait", Type: TypeDuration}, {Name: "hosts", Type: TypeStrings, OneOf: []string{"a", "b"}}},
		Blocks: []Block{{Name: "server", Schema: Schema{Attributes: []Attribute{{Name: "port", Type: TypeInt, Required: true}}}},
			{Name: "rule", Labels: []string{"name"}, Repeated: true, Schema: Schema{Attributes: []Attribute{{Name: "body", Type: TypeString}}}}},
	}

	const good = `{"account":"a","token":"CANARY","mode":"slow","limit":3,"strict":true,"wait":"1h","hosts":["a"],"server":{"port":1},"rule":[{"name":"x","body":"y"}]}`
	for _, c := range []struct {
		why, old, new string
		paths         []string
	}{
		{"as it is", ``, ``, nil},
		{"nulls and absent lists", `"mode":"slow","limit":3,"strict":true,"wait":"1h","hosts":["a"]`, `"mode":null`, nil},
		{"an absent list of blocks", `,"rule":[{"name":"x","body":"y"}]`, ``, nil},
		{"a number for a string", `"a",`, `1,`, []string{"account"}},
		{"nothing for what is required", `"account":"a",`, ``, []string{"account"}},
		{"an object for a secret", `"CANARY"`, `{"CANARY":1}`, []string{"token"}},
		{"no choice", `"slow"`, `"CANARY"`, []string{"mode"}},
		{"a fraction", `:3`, `:3.5`, []string{"limit"}},
		{"a string for a number", `:3`, `:"3"`, []string{"limit"}},
		{"a string for a truth", `true`, `"true"`, []string{"strict"}},
		{"a number for a duration", `"1h"`, `3600`, []string{"wait"}},
		{"a word for a duration", `"1h"`, `"banana"`, []string{"wait"}},
		{"half a day", `"1h"`, `"1.5d"`, []string{"wait"}},
		{"whole days", `"1h"`, `"55d"`, nil},
		{"no duration at all", `"1h"`, `""`, nil},
		{"a string for a list", `["a"]`, `"a"`, []string{"hosts"}},
		{"no choice in a list", `["a"]`, `["a","c"]`, []string{"hosts"}},
		{"a list for a block", `{"port":1}`, `[]`, []string{"server"}},
		{"no block, which requires", `,"server":{"port":1}`, ``, []string{"server.port"}},
		{"a string in a block", `"port":1`, `"port":"1"`, []string{"server.port"}},
		{"a block for a list of them", `[{"name":"x","body":"y"}]`, `{}`, []string{"rule"}},
		{"no block in the list", `{"name":"x","body":"y"}`, `1`, []string{"rule[0]"}},
		{"a number in a labelled block", `"y"`, `1`, []string{`rule["x"].body`}},
		{"something unknown", `"limit":3`, `"limits":3`, []string{"limits"}},
		{"everything at once", `"a","token":"CANARY","mode":"slow","limit":3`, `1,"token":1,"mode":"x","limit":"3"`, []string{"account", "token", "mode", "limit"}},
		{"not an object", good, `[]`, []string{""}},
		{"null", good, `null`, []string{""}},
		{"half of it", good, good[:40], []string{""}},
		{"more than it", good, good + "{}", []string{""}},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		problems := s.Problems(json.RawMessage(text))
		var paths []string
		for _, p := range problems {
			paths = append(paths, p.Path)
		}
		if !slices.Equal(paths, c.paths) || strings.Contains(fmt.Sprint(problems), "CANARY") {
			t.Errorf("%s: %v, want problems at %q", c.why, problems, c.paths)
		}
	}
}
