package kit

import (
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// What a registrar has not is not declared, so that a panel does not offer it.
func TestPowersThatAreLeftOut(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		options          Options
		handles, records bool
	}{
		{Options{}, true, true},
		{Options{NoHandles: true}, false, true},
		{Options{NoRecords: true}, true, false},
		{Options{NoHandles: true, NoRecords: true}, false, false},
	} {
		p := New(newShop(), c.options)
		d, err := p.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d.Has(registrar.CapHandles) != c.handles || d.Has(registrar.CapRefresh) != c.records {
			t.Errorf("%+v: declared are %v", c.options, d.Capabilities)
		}
		have := registrar.CapabilitiesOf(p.powers(&Registrar{}))
		if !slices.Equal(have, registrar.CapabilitiesOf(p.powers(nil))) || slices.Contains(have, registrar.CapRefresh) != c.records || !slices.Contains(have, registrar.CapBackup) {
			t.Errorf("%+v: at work it has %v", c.options, have)
		}
	}
}
