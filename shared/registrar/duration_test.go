package registrar

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "55d": 55 * 24 * time.Hour, "0d": 0, "0": 0, "-5d": -5 * 24 * time.Hour,
		"106751d": 106751 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}

	for text, why := range map[string]string{
		"": "empty", "d": "no number", "5": "no unit", "5dd": "twice", "1.5d": "not whole", "5d3": "something after it", "5 d": "a blank",
		"1d12h": "mixed", "banana": "a word", "106752d": "more than there is", "99999999999999999999d": "more than a number", "+d": "a sign alone", "0x5d": "hexadecimal",
	} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is read as %v: %s", text, got, why)
		}
	}
}
