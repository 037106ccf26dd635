package life

import (
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// The table speaks of known states and causes only, uses all of them, and answers each question once.
func TestTable(t *testing.T) {
	t.Parallel()

	states, causes := map[registrar.OperationState]bool{}, map[Cause]bool{}
	seen := map[[2]string]bool{}
	for _, line := range Table() {
		states[line.From], states[line.To], causes[line.Cause] = true, true, true
		if key := [2]string{string(line.From), string(line.Cause)}; seen[key] {
			t.Errorf("%s of what is %s leads to two states", line.Cause, line.From)
		} else {
			seen[key] = true
		}
		if line.From.Final() {
			t.Errorf("%s moves what is %s", line.Cause, line.From)
		}
		if to, ok := Next(line.From, line.Cause); !ok || to != line.To {
			t.Errorf("Next(%s, %s) is %s, %v", line.From, line.Cause, to, ok)
		}
	}

	for _, s := range States() {
		if !states[s] {
			t.Errorf("no line leads to %s or from it", s)
		}
		if !slices.Contains(registrar.OperationStates(), s) {
			t.Errorf("%s is no state of the contract", s)
		}
	}
	for _, c := range Causes() {
		if !causes[c] {
			t.Errorf("no line has the cause %s", c)
		}
	}
	if len(states) != len(States()) || len(causes) != len(Causes()) {
		t.Errorf("the table has %d states and %d causes, the lists %d and %d", len(states), len(causes), len(States()), len(Causes()))
	}
}

// What may have reached the registrar is sent again only on its word, or on a person's.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	again := []Cause{Unsent, Unheard, SaidAgain}
	for _, line := range Table() {
		if line.To == registrar.Sending && line.From != registrar.Queued {
			t.Errorf("%s is sent from %s", line.Cause, line.From)
		}
		if line.To == registrar.Queued && !slices.Contains(again, line.Cause) {
			t.Errorf("%s of what is %s has it sent again", line.Cause, line.From)
		}
	}
	if to, ok := Next("", Claimed); ok {
		t.Errorf("what has no state becomes %s", to)
	}
}

// Every verdict of the contract is a cause of its own.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	var said []Cause
	for _, v := range registrar.Verdicts() {
		c := Said(v)
		if c == "" || slices.Contains(said, c) {
			t.Errorf("the verdict %s is the cause %q", v, c)
		}
		said = append(said, c)
	}
	if c := Said("perhaps"); c != "" {
		t.Errorf("an unknown verdict is the cause %q", c)
	}
}
