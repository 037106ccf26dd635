package config

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// What is kept for how long, and what is said of what can't be.
func TestKeep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, says string }{
		{``, ""},
		{`contacts = "36500d"`, ""},
		{`codes = "12h"`, ""},
		{`cancelled = null`, ""},
		{`contacts = "0d"`, "plugin.hcl:3,16: panel.keep.contacts must be a duration"},
		{`codes = "-1h"`, "plugin.hcl:3,13: panel.keep.codes must be a duration"},
		{`codes = "10ms"`, "plugin.hcl:3,13: panel.keep.codes must be a duration"},
		{`cancelled = ""`, "plugin.hcl:3,17: panel.keep.cancelled must be a duration"},
		{`cancelled = "36501d"`, "plugin.hcl:3,17: panel.keep.cancelled must be a duration"},
		{`contacts = "3 years"`, "plugin.hcl:3,16: panel.keep.contacts must be a duration"},
		{`contacts = "99999999999999999999d"`, "plugin.hcl:3,16: panel.keep.contacts must be a duration"},
		{`mails = "1d"`, "plugin.hcl:3,5: an argument named \"mails\" is not expected here"},
	} {
		_, err := parseText("panel {\n  keep {\n    " + c.text + "\n  }\n}")
		if (err != nil) != (c.says != "") || err != nil && !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: %v", c.text, err)
		}
		if mistakes := new(Error); err != nil && !errors.As(err, &mistakes) {
			t.Errorf("%s is no mistake of the file: %v", c.text, err)
		}
	}
	for text, want := range map[string]Keep{
		"":                                 {1095 * day, 30 * day, 90 * day},
		"panel {}":                         {1095 * day, 30 * day, 90 * day},
		"panel { keep {} }":                {1095 * day, 30 * day, 90 * day},
		`panel { keep { codes = "90s" } }`: {1095 * day, 90 * time.Second, 90 * day},
	} {
		c, err := parseText(strings.NewReplacer("{ ", "{\n", " }", "\n}").Replace(text))
		if err != nil || c.Panel.Keep != want {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
}
