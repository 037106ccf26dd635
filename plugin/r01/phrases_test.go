package r01

import (
	"slices"
	"testing"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

func TestPhrases(t *testing.T) {
	t.Parallel()
	registrartest.Phrases(t, phrases(), ".", "../../shared/registrar", "../../internal/turn")
}

// What an operation waits for, and what has happened to a request, is translated in every case.
func TestStatesHavePhrases(t *testing.T) {
	t.Parallel()

	known := map[string]bool{}
	for _, p := range phrases() {
		known[p.Texts["en"]] = true
	}
	for _, line := range lifecycle.Table() {
		for _, state := range append(slices.Clone(line.From), line.To) {
			if text := lifecycle.WaitsFor(lifecycle.Request{State: state, Stall: line.Stall}); text != "" && !known[text] {
				t.Errorf("no phrase for what %s, %s waits for: %q", state, line.Stall, text)
			}
		}
	}
	for event, text := range engine.Happened {
		if !known[text] {
			t.Errorf("no phrase for %s: %q", event, text)
		}
	}
	for _, noun := range engine.Nouns {
		if !known[noun] {
			t.Errorf("no phrase for %q", noun)
		}
	}
	if len(known) > 450 {
		t.Error("a host reads 500 phrases of a plugin, and no more")
	}
	if d := description(); !slices.ContainsFunc(d.Phrases, func(p registrar.Phrase) bool { return p.Code == "waits.queued" }) {
		t.Error("the plugin does not tell its phrases")
	}
}
