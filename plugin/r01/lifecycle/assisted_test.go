package lifecycle

import (
	"testing"

	"registrar.panel/shared/registrar"
)

// Each kind of operation is either asked for by mail or carried out by a person, and each request that a
// person carries out is of one kind of operation.
func TestAssisted(t *testing.T) {
	t.Parallel()
	of := map[Kind]registrar.OperationKind{}
	for _, k := range OperationKinds() {
		by, ok := Assisted(k)
		if ok != by.ByPerson() {
			t.Errorf("%s: assisted is %v, and %q is carried out by a person: %v", k, ok, by, by.ByPerson())
		}
		if ok {
			of[by] = k
		}
	}
	for _, k := range Kinds() {
		if k.ByPerson() != (of[k] != "") {
			t.Errorf("%s is carried out by a person: %v, and is of the operation %q", k, k.ByPerson(), of[k])
		}
		if k.ByPerson() && (k.Paid() || k.AboutClient()) {
			t.Errorf("%s is carried out by a person, and sent", k)
		}
	}
}

// What the registry can't show is not asked about.
func TestWitnessed(t *testing.T) {
	t.Parallel()
	for k, want := range map[Kind]bool{NewDomain: true, Prolong: true, UpdateDomain: true, Transfer: true, Delete: true,
		NewClient: false, UpdateClient: false, AuthCode: false, Trade: false} {
		if k.Witnessed() != want {
			t.Errorf("%s is shown by the registry: %v, want %v", k, !want, want)
		}
	}
}
