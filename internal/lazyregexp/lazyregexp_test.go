package lazyregexp

import (
	"reflect"
	"regexp"
	"testing"
)

// Each method gives what that of regexp.Regexp gives.
func TestMethods(t *testing.T) {
	t.Parallel()
	const text = `(a+)b`
	lazy, plain := reflect.ValueOf(New(text)), reflect.ValueOf(regexp.MustCompile(text))
	given := map[string]reflect.Value{"string": reflect.ValueOf("xaab ab c"), "[]uint8": reflect.ValueOf([]byte("xaab ab c")), "int": reflect.ValueOf(2),
		"func(string) string":   reflect.ValueOf(func(s string) string { return "<" + s + ">" }),
		"func([]uint8) []uint8": reflect.ValueOf(func(b []byte) []byte { return append([]byte("<"), b...) })}
	for i := range lazy.NumMethod() {
		name := lazy.Type().Method(i).Name
		var args []reflect.Value
		for j := range lazy.Method(i).Type().NumIn() {
			args = append(args, given[lazy.Method(i).Type().In(j).String()])
		}
		got, want := lazy.Method(i).Call(args)[0].Interface(), plain.MethodByName(name).Call(args)[0].Interface()
		if !reflect.DeepEqual(got, want) || reflect.ValueOf(got).IsZero() {
			t.Errorf("%s gives %v, want %v", name, got, want)
		}
	}
}

// A wrong expression is found by any test of the package that has it.
func TestWrongExpression(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it was taken")
		}
	}()
	New(`(`)
}
