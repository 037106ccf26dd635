package registrartest

import (
	"testing"
)

// Run judges a registrar within a test, with one subtest for each rule. A broken SHOULD is logged and does
// not fail the test.
func Run(t *testing.T, s Subject) {
	t.Helper()
	r, err := newRun(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		if why := r.missing(c.Rule); why != "" {
			t.Logf("%s does not apply: %s", c.ID, why)
			continue
		}
		t.Run(c.ID, func(t *testing.T) { tell(t, r.judge(t.Context(), c)) })
	}
}

// tell fails a test with all that an author needs to know.
func tell(t *testing.T, r Result) {
	t.Helper()
	switch r.Outcome {
	case Passed:
		return
	case NotJudged:
		t.Errorf("can't be judged: %s", r.Reason)
		return
	case Skipped:
		t.Logf("was not tried: %s", r.Reason)
		return
	}

	for _, f := range r.Findings {
		if r.Level == Must {
			t.Error(f)
		} else {
			t.Log("should be better: ", f)
		}
	}
	t.Logf("%s %s (%s)\nwhat to do: %s", r.Level, r.Demand, r.Place, r.Remedy)
}
