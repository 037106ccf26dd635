package console

import (
	"reflect"
	"testing"

	"registrar.panel/host/web/api"
)

// A cell that is empty is what all lines have alike, and moves none behind it.
func TestEmptyCellsOfAnImport(t *testing.T) {
	t.Parallel()

	for line, want := range map[string]api.ImportRow{
		"a.ru;2027-05-01;;A-RIPN":        {Domain: "a.ru", PaidTill: "2027-05-01", Customer: "c1", Handle: "A-RIPN"},
		"a.ru\t2027-05-01\t\tA-RIPN":     {Domain: "a.ru", PaidTill: "2027-05-01", Customer: "c1", Handle: "A-RIPN"},
		"a.ru; 2027-05-01 ; c2 ;":        {Domain: "a.ru", PaidTill: "2027-05-01", Customer: "c2", Handle: "C1-RIPN"},
		"a.ru\t2027-05-01":               {Domain: "a.ru", PaidTill: "2027-05-01", Customer: "c1", Handle: "C1-RIPN"},
		"a.ru\t2027-05-01\tc2\tA-RIPN\t": {Domain: "a.ru", PaidTill: "2027-05-01", Customer: "c2", Handle: "A-RIPN"},
	} {
		in := intake{Text: line, Customer: "c1", Handle: "C1-RIPN"}
		if rows := new(visit).rowsOf(&in); !reflect.DeepEqual(rows, []api.ImportRow{want}) || len(in.Lines) > 0 {
			t.Errorf("%q is read as %+v, %v", line, rows, in.Lines)
		}
	}
}
