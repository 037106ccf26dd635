package registrarrpc

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"registrar.panel/shared/registrar"
)

// contractWords reads the contract's source: the values of its string constants, by type.
func contractWords(t *testing.T) map[string][]string {
	t.Helper()

	files, err := filepath.Glob("../registrar/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("the contract's source is not there:", err)
	}

	found := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}

		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				collect(found, spec)
			}
			return true
		})
	}

	return found
}

func collect(found map[string][]string, spec *ast.ValueSpec) {
	typ, ok := spec.Type.(*ast.Ident)
	literal, isLiteral := spec.Values[0].(*ast.BasicLit)
	if !ok || !isLiteral || literal.Kind != token.STRING {
		return
	}
	if value, err := strconv.Unquote(literal.Value); err == nil {
		found[typ.Name] = append(found[typ.Name], value)
	}
}

// complete checks a dictionary against the contract's source on one side and the proto on
// the other.
func complete[T ~string, E interface {
	~int32
	protoreflect.Enum
}](t *testing.T, contract map[string][]string, w words[T, E]) {
	t.Helper()

	name := reflect.TypeFor[T]().Name()
	var have []string
	numbers := map[protoreflect.EnumNumber]bool{0: true}
	for word, enum := range w {
		have = append(have, string(word))
		if numbers[enum.Number()] {
			t.Errorf("%s: %q has the number of another word, or none", name, word)
		}
		numbers[enum.Number()] = true
	}

	want := contract[name]
	slices.Sort(have)
	slices.Sort(want)

	if !slices.Equal(want, have) {
		t.Errorf("%s: the contract has %q, the dictionary %q", name, want, have)
	}

	var zero E
	on := zero.Descriptor().Values()
	for i := range on.Len() {
		if v := on.Get(i); !numbers[v.Number()] {
			t.Errorf("%s: no word for %s", name, v.Name())
		}
	}

	delete(contract, name)
}

func TestDictionariesAreComplete(t *testing.T) {
	t.Parallel()

	contract := contractWords(t)
	complete(t, contract, operationKinds)
	complete(t, contract, registrantKinds)
	complete(t, contract, fieldTypes)
	complete(t, contract, dataClasses)
	complete(t, contract, availabilityStatuses)
	complete(t, contract, operationStates)
	complete(t, contract, evidenceKinds)
	complete(t, contract, verdicts)
	complete(t, contract, domainStatuses)
	complete(t, contract, renewalModes)
	complete(t, contract, handleStates)
	complete(t, contract, renewalActions)
	complete(t, contract, levels)
	complete(t, contract, eventTypes)
	complete(t, contract, replyOutcomes)
	complete(t, contract, capabilities)
	complete(t, contract, attributeTypes)

	var codes []string
	for code := range statusCodes {
		codes = append(codes, string(code))
	}

	slices.Sort(codes)
	slices.Sort(contract["Code"])

	if !slices.Equal(contract["Code"], codes) {
		t.Errorf("the contract's codes are %q, the table has %q", contract["Code"], codes)
	}

	delete(contract, "Code")

	// Those of a recognition and of a mail travel as text, to be shown, and figures by their names, of which there
	// may be others, like actions of advice and roles of contacts; an outcome is what a state comes to.
	for _, name := range []string{"BindingKind", "Proof", "Fate", "MailState", "Outcome", "Figure", "AdviceAction", "AvailabilityReason", "ContactRole"} {
		if len(contract[name]) == 0 {
			t.Errorf("%s has no words", name)
		}
		delete(contract, name)
	}

	for name := range contract {
		t.Errorf("%s is a closed type of the contract without a dictionary", name)
	}
}

func TestUnknownWordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, word := range []registrar.OperationKind{"", "Register", "register ", "burn"} {
		var e encoder
		if enum := encode(&e, "kind", operationKinds, word); enum != 0 || e.invalid() == nil {
			t.Errorf("%q is sent as %v", word, enum)
		}
	}
	var e encoder
	if encodeOptional(&e, "evidence", evidenceKinds, "hearsay"); e.invalid() == nil {
		t.Error("hearsay is evidence")
	}
}
