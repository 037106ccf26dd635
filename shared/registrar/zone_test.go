package registrar_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

func TestZones(t *testing.T) {
	t.Parallel()
	all := []string{"ru", "com.ru", "msk.ru", "uk", "co.uk", "xn--p1ai", "xn--j1aef.xn--p1ai", "a.b.example"}
	for _, c := range []struct {
		why, name string
		zones     []string
		want      string
	}{
		{"the only label", "x.ru", all, "ru"},
		{"the longest of two", "x.com.ru", all, "com.ru"},
		{"the order of the list says nothing", "x.com.ru", []string{"com.ru", "ru"}, "com.ru"},
		{"further below", "a.x.com.ru", all, "com.ru"},
		{"no zone of its own", "x.org.ru", all, "ru"},
		{"a zone is not in itself", "com.ru", all, "ru"},
		{"nor is one without another around it", "com.ru", []string{"com.ru"}, ""},
		{"a label that ends alike", "x.telecom.ru", all, "ru"},
		{"a name that ends alike, without the dot", "xcom.ru", []string{"com.ru"}, ""},
		{"one label", "ru", all, ""},
		{"another registry's", "x.co.uk", all, "co.uk"},
		{"in Cyrillic", "xn--e1afmkfd.xn--j1aef.xn--p1ai", all, "xn--j1aef.xn--p1ai"},
		{"three labels", "x.a.b.example", all, "a.b.example"},
		{"a part of three labels", "x.b.example", all, ""},
		{"none", "x.ru", nil, ""},
		{"nothing", "", all, ""},
	} {
		if got := registrar.ZoneOf(c.name, c.zones); got != c.want {
			t.Errorf("%s: ZoneOf(%q) is %q, want %q", c.why, c.name, got, c.want)
		}
	}
}

// What a name lies in ends it, after a dot, and is not longer elsewhere in the list.
func TestZoneIsTheLongestSuffix(t *testing.T) {
	t.Parallel()
	label := rapid.SampledFrom([]string{"a", "b", "ab", "com", "ru"})
	rapid.Check(t, func(t *rapid.T) {
		join := func(labels []string) string { return strings.Join(labels, ".") }
		name := rapid.Map(rapid.SliceOfN(label, 1, 5), join).Draw(t, "name")
		zones := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(label, 1, 3), join), 0, 6).Draw(t, "zones")

		want := ""
		for _, z := range zones {
			if strings.HasSuffix(name, "."+z) && len(z) > len(want) {
				want = z
			}
		}
		got := registrar.ZoneOf(name, zones)
		if got != want {
			t.Fatalf("ZoneOf(%q, %q) is %q, want %q", name, zones, got, want)
		}

		slices.Reverse(zones)
		if again := registrar.ZoneOf(name, zones); again != got {
			t.Fatalf("in another order of %q it is %q", zones, again)
		}
	})
}
