package engine

import (
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
)

// Every event, and every kind of request and operation, has its words.
func TestEverythingHasWords(t *testing.T) {
	t.Parallel()
	for _, e := range lifecycle.Events() {
		if Happened[e] == "" {
			t.Errorf("event %s has no words", e)
		}
	}
	for _, k := range lifecycle.Kinds() {
		if subjects[k] == "" || done[k] == "" {
			t.Errorf("kind %s has no words", k)
		}
	}
	for _, k := range lifecycle.OperationKinds() {
		if Nouns[k] == "" {
			t.Errorf("operation kind %s has no noun", k)
		}
	}
}
