package registrartest

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// testPatience is short: a broken registrar makes its check wait as long. A good one must not
// seem broken only because the machine is slow, which it may be at the begin of a run and not later.
func testPatience() time.Duration { return min(pace.Scale(2*time.Second), longestPatience) }

// longestPatience bounds it: under the race detector, and in a moment in which many want a processor, a
// measure says a hundred times as long, and a mutant that never answers would be waited for so long.
const longestPatience = 20 * time.Second

func goodSubject(open Opener) Subject {
	return Subject{Open: open, Config: json.RawMessage(goodSettings), IDN: "конформность.рф", Premium: premium, Handle: "SMITH-1",
		BadConfigs: []BadConfig{{Why: "a limit beyond reason", Path: "limit", Config: json.RawMessage(strings.Replace(goodSettings, `"limit": 3`, `"limit": 9999`, 1))}}}
}

func makeGood(log *slog.Logger) registrar.Plugin { return unhosted{newGood(log)} }

func TestAGoodRegistrarConforms(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) Opener{
		"in process":   func(*testing.T) Opener { return InProcess(makeGood) },
		"over gRPC":    func(*testing.T) Opener { return OverGRPC(makeGood) },
		"as a program": func(t *testing.T) Opener { return program(t, "good") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := Examine(t.Context(), goodSubject(open(t)))
			if err != nil || !report.Conforms() || report.Description.Name != "good" {
				t.Errorf("the report on %q: %v", report.Description.Name, err)
			}
			for _, r := range report.Results {
				if want := name != "as a program" && aboutProcesses(r.Rule) || aboutOnce(r.Rule); (r.Outcome == Skipped) != want || r.Outcome != Skipped && r.Outcome != Passed {
					t.Errorf("%s is %s: %s %v", r.ID, r.Outcome, r.Reason, r.Findings)
				}
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	Run(t, goodSubject(InProcess(makeGood)))
}

// Every rule has a registrar that breaks it, and no other rule.
func TestEachRuleCatchesWhatNoOtherDoes(t *testing.T) {
	t.Parallel()
	tries := testrun.Sample(t, 6)
	for _, rule := range Rules() {
		// Those have tests of their own, the next and TestEachWitnessRuleCatchesWhatNoOtherDoes.
		if !aboutProcesses(rule) && !aboutOnce(rule) && tries() {
			t.Run(rule.ID, func(t *testing.T) { catches(t, rule) })
		}
	}
}

// So has every rule about processes a program.
func TestEachProcessRuleCatchesWhatNoOtherDoes(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		if aboutProcesses(rule) {
			t.Run(rule.ID, func(t *testing.T) { catches(t, rule) })
		}
	}
}

func aboutProcesses(r Rule) bool { return slices.Contains(r.Needs, NeedProgram) }

// catches tests that a rule judges what breaks it, and that no other rule does.
func catches(t *testing.T, rule Rule) {
	t.Parallel()

	s, judged := breach(t, rule)
	report, err := examine(t.Context(), s, judged)
	if err != nil {
		t.Fatal(err)
	}

	for _, r := range report.Results {
		if (r.Outcome == Broken) != (r.ID == rule.ID) {
			t.Errorf("%s is %s: %s %q", r.ID, r.Outcome, r.Reason, r.Findings)
		}
	}

	if report.Conforms() != (rule.Level == Should) {
		t.Errorf("with a broken %s it conforms: %v", rule.Level, report.Conforms())
	}
}

// breach is a subject that breaks a rule, and the checks that judge it: all of them, or those
// that are about processes where the breach is in the process around a good registrar.
func breach(t *testing.T, rule Rule) (Subject, []check) {
	t.Helper()

	if aboutProcesses(rule) {
		if brokenPrograms[rule.ID] == nil {
			t.Fatal("no program breaks it")
		}
		s := goodSubject(program(t, rule.ID))
		s.Patience = 4 * testPatience() // processes take their time to start
		return s, processChecks
	}

	broken := brokenBy(rule.ID)
	if broken == nil {
		t.Fatal("no registrar breaks it")
	}

	patience := testPatience()
	s := goodSubject(ungated(func(log *slog.Logger) registrar.Hosted {
		a := alter(newGood(log))
		a.patience = patience
		broken(a)
		return a
	}))

	s.Patience = patience
	return s, checks()
}

func TestRulesAreWritten(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || r.Level != Must && r.Level != Should || !strings.HasSuffix(r.Demand, ".") || r.Place == "" || !strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	for _, broken := range []map[string]func(*altered){brokenRegistrars, brokenSales} {
		for id := range broken {
			if !seen[id] {
				t.Errorf("a registrar breaks %s, which is no rule", id)
			}
		}
	}
}

// Without settings nothing is submitted, and what was not judged is not passed.
func TestWithoutSettings(t *testing.T) {
	t.Parallel()
	report, err := Examine(t.Context(), Subject{Open: ungated(func(log *slog.Logger) registrar.Hosted { return &neverStarted{newGood(log), t} })})
	if err != nil || !report.Conforms() || report.Count(Passed) < 10 || report.Count(Passed)+report.Count(Skipped) != len(Rules()) {
		t.Errorf("%d passed, %d skipped of %d: %v", report.Count(Passed), report.Count(Skipped), len(Rules()), err)
	}
	for _, r := range report.Results {
		if (r.Outcome == Skipped) != (r.Reason != "") {
			t.Errorf("%s is %s because %q", r.ID, r.Outcome, r.Reason)
		}
	}
}

type neverStarted struct {
	*good
	t *testing.T
}

func (n *neverStarted) Start(ctx context.Context) error {
	err := n.good.Start(ctx)
	if err == nil {
		n.t.Error("it was started")
	}
	return err
}

// What can't be started, or describe itself, does not conform.
func TestWhatIsNoRegistrar(t *testing.T) {
	t.Parallel()
	report, err := Examine(t.Context(), Subject{Open: Program{Command: []string{"/bin/true"}}, Patience: testPatience()})
	if err != nil || report.Conforms() || report.Count(Passed) > 2 {
		t.Errorf("/bin/true: %d passed, conforms: %v, %v", report.Count(Passed), report.Conforms(), err)
	}
	if _, err := Examine(t.Context(), Subject{}); err == nil {
		t.Error("a subject that can't be opened has a report")
	}
}
