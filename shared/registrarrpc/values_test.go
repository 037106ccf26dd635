package registrarrpc

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

// values makes generators of contract values: every word is one of its dictionary, every
// instant is in UTC, every date is on the calendar.
func values[T any]() *rapid.Generator[T] {
	config := wordsOnly()
	leaf := rapid.Custom(func(t *rapid.T) registrar.Schema {
		return registrar.Schema{Attributes: rapid.MakeCustom[[]registrar.Attribute](wordsOnly()).Draw(t, "attributes")}
	})
	nested := wordsOnly()
	nested.Types[reflect.TypeFor[registrar.Schema]()] = leaf.AsAny()
	config.Types[reflect.TypeFor[registrar.Schema]()] = rapid.Custom(func(t *rapid.T) registrar.Schema {
		s := leaf.Draw(t, "schema")
		s.Blocks = rapid.MakeCustom[[]registrar.Block](nested).Draw(t, "blocks")
		return s
	}).AsAny()
	return rapid.MakeCustom[T](config)
}

func wordsOnly() rapid.MakeConfig {
	types := map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[time.Time]():      rapid.OneOf(rapid.Just(time.Time{}), rapid.Custom(instant)).AsAny(),
		reflect.TypeFor[registrar.Date](): rapid.OneOf(rapid.Just(registrar.Date{}), rapid.Map(rapid.Custom(instant), registrar.DateOf)).AsAny(),
	}
	word(types, operationKinds)
	word(types, registrantKinds)
	word(types, fieldTypes)
	word(types, dataClasses)
	word(types, availabilityStatuses)
	word(types, operationStates)
	word(types, evidenceKinds)
	word(types, verdicts)
	word(types, domainStatuses)
	word(types, renewalModes)
	word(types, handleStates)
	word(types, renewalActions)
	word(types, levels)
	word(types, eventTypes)
	word(types, replyOutcomes)
	word(types, capabilities)
	word(types, attributeTypes)
	maybe := func(of reflect.Type, empty any) *rapid.Generator[any] {
		return rapid.OneOf(rapid.Just(empty), types[of])
	}
	registrant := maybe(reflect.TypeFor[registrar.RegistrantKind](), registrar.RegistrantKind(""))
	contacts := rapid.Map(rapid.MapOf(rapid.SampledFrom(otherRoles()), rapid.MakeCustom[registrar.Registrant](rapid.MakeConfig{Types: types})),
		func(m map[registrar.ContactRole]registrar.Registrant) registrar.Contacts { return m })
	return rapid.MakeConfig{Types: types, Fields: map[reflect.Type]map[string]*rapid.Generator[any]{
		reflect.TypeFor[registrar.Order]():     {"Years": rapid.IntRange(0, mostYears).AsAny(), "Contacts": contacts.AsAny()},
		reflect.TypeFor[registrar.Step]():      {"Evidence": maybe(reflect.TypeFor[registrar.EvidenceKind](), registrar.EvidenceKind(""))},
		reflect.TypeFor[registrar.Review]():    {"Outcome": maybe(reflect.TypeFor[registrar.ReplyOutcome](), registrar.ReplyOutcome(""))},
		reflect.TypeFor[registrar.Form]():      {"Registrant": registrant},
		reflect.TypeFor[registrar.FormQuery](): {"Registrant": registrant},
	}}
}

// otherRoles are those of contacts beside the registrant.
func otherRoles() []registrar.ContactRole { return registrar.ContactRoles()[1:] }

func word[T ~string, E ~int32](types map[reflect.Type]*rapid.Generator[any], w words[T, E]) {
	var list []T
	for word := range w {
		list = append(list, word)
	}
	slices.Sort(list)
	types[reflect.TypeFor[T]()] = rapid.SampledFrom(list).AsAny()
}

func instant(t *rapid.T) time.Time {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
	return time.Unix(rapid.Int64Range(first, last).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
}

func diff[T any](want, got T) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// returns checks that values of one type come back from the wire as they were.
func returns[T any, M proto.Message](write func(*encoder, T) M, read func(*decoder, M) T) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			want := values[T]().Draw(t, "value")
			var e encoder
			sent := write(&e, want)
			if err := e.defect(); err != nil {
				t.Fatalf("encode: %v", err)
			}

			wire, err := proto.Marshal(sent)
			if err != nil {
				t.Fatal(err)
			}

			received := sent.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(wire, received); err != nil {
				t.Fatal(err)
			}

			var d decoder
			got := read(&d, received.(M))
			if err := d.invalid(); err != nil {
				t.Fatalf("decode: %v", err)
			}
			if diff := diff(want, got); diff != "" {
				t.Fatalf("(-sent +received)\n%s", diff)
			}
		})
	}
}
