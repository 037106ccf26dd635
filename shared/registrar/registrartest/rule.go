package registrartest

import (
	"context"
	"time"

	"registrar.panel/shared/registrar"
)

// Level says how much a rule binds.
type Level string

const (
	Must   Level = "MUST"   // a registrar that breaks it does not conform
	Should Level = "SHOULD" // breaking it is a warning
)

// Need is something that a rule's check needs.
type Need string

const (
	NeedSettings Need = "settings" // good settings: Subject.Config
	NeedSecrets  Need = "secrets"  // a schema with a sensitive attribute
	NeedProgram  Need = "program"  // a plugin's program
	NeedHandle   Need = "handle"   // a handle that can be adopted: Subject.Handle
	NeedIDN      Need = "idn"      // a name beyond ASCII that is served: Subject.IDN
	NeedPremium  Need = "premium"  // a free name that has its own price: Subject.Premium
	NeedSamples  Need = "samples"  // settings with mistakes: Subject.BadConfigs
	NeedDS       Need = "ds"       // a registrar that reads DS records in orders
	NeedYears    Need = "years"    // a registrar that reads the years of orders
	// A registrar that takes contacts besides the registrant, with the order that acquires a domain.
	NeedRoles   Need = "roles"
	NeedWitness Need = "witness" // a simulator that reports what reached it: Subject.Witness
)

// Rule is one demand of the contract.
type Rule struct {
	ID         string // area/name
	Level      Level
	Capability registrar.Capability    // only registrars that declare it are bound; "" = all
	Kind       registrar.OperationKind // only registrars that take it are bound; "" = all
	Needs      []Need
	Demand     string // what a registrar does
	Place      string // where the contract says so
	Remedy     string // what to do when it is broken
}

// check is a rule and the function that judges it. The function records every breach; its error says why it
// could not judge.
type check struct {
	Rule
	judge func(*exam) error
}

// Outcome is the result of judging a rule.
type Outcome string

// [Passed]: the check ran to its end and saw no breach. [Broken]: it saw breaches, which Result.Findings
// lists.
const (
	Passed    Outcome = "passed"
	Broken    Outcome = "broken"
	NotJudged Outcome = "not judged" // something else that the check needs did not work
	Skipped   Outcome = "skipped"    // it does not apply, or something that it needs was not given
)

// Result is the outcome for one rule.
type Result struct {
	Rule
	Outcome  Outcome
	Findings []string // each breach, when broken
	Reason   string   // why it was not judged, or skipped
	Took     time.Duration
}

// Report is the outcome for all rules, in the order of [Rules].
type Report struct {
	Description registrar.Description // as the registrar introduced itself
	Results     []Result
}

// Count returns how many results have an outcome.
func (r Report) Count(o Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// Conforms reports whether no rule of level MUST is broken or left unjudged.
func (r Report) Conforms() bool {
	for _, result := range r.Results {
		if result.Level == Must && (result.Outcome == Broken || result.Outcome == NotJudged) {
			return false
		}
	}
	return true
}

// Rules lists every rule.
func Rules() []Rule {
	var rules []Rule
	for _, c := range checks() {
		rules = append(rules, c.Rule)
	}
	return rules
}

func checks() []check {
	var all []check
	for _, area := range [][]check{identityChecks, settingsChecks, lifecycleChecks, formChecks, validationChecks, orderChecks,
		offerChecks, operationChecks, resolveChecks, domainChecks, kindChecks, eventChecks, contextChecks, capabilityChecks, roleChecks, priceChecks, erasureChecks, secretChecks, onceChecks, processChecks} {
		all = append(all, area...)
	}
	return all
}

// Examine judges a registrar by every rule. The error says why there is no report.
func Examine(ctx context.Context, s Subject) (Report, error) { return examine(ctx, s, checks()) }

func examine(ctx context.Context, s Subject, checks []check) (Report, error) {
	run, err := newRun(ctx, s)
	if err != nil {
		return Report{}, err
	}
	report := Report{Description: run.description}
	for _, c := range checks {
		report.Results = append(report.Results, run.judge(ctx, c))
	}
	return report, ctx.Err()
}
