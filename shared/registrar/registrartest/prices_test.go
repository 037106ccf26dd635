package registrartest

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// A check that brings no answer, and no error either, is told in words.
func TestNoAnswerAboutAPrice(t *testing.T) {
	t.Parallel()
	s := goodSubject(ungated(func(log *slog.Logger) registrar.Hosted {
		a := alter(newGood(log))
		a.check = func(context.Context, []string) ([]registrar.Availability, error) { return nil, nil }
		return a
	}))

	report, err := examine(t.Context(), s, priceChecks)
	if err != nil || len(report.Results) != 1 {
		t.Fatalf("%d results: %v", len(report.Results), err)
	}
	if r := report.Results[0]; r.Outcome != NotJudged || !strings.Contains(r.Reason, "0 answers") || strings.Contains(r.Reason, "%!") {
		t.Errorf("it is %s: %s", r.Outcome, r.Reason)
	}
}
