package operator

import (
	"strings"
	"testing"

	"registrar.panel/cmd/panel/command"
)

// A file is read to its end, and each mistake is reported with its line, even a line that is too long.
func TestImportTellsEachMistake(t *testing.T) {
	t.Parallel()
	good := "example.ru\t2027-03-01\tc1\tOLD-R01\n"
	for what, c := range map[string]struct {
		file string
		want []string
	}{
		"good":              {good + "\n# a remark\n" + good, nil},
		"of a spreadsheet":  {"\uFEFF" + strings.ReplaceAll(good, "\n", "\r\n"), nil},
		"no name":           {good + "not a name\t2027-03-01\tc1\tOLD-R01\n", []string{"-:2: "}},
		"two mistakes":      {"a b\t2027-03-01\tc1\tH\n" + good + "c d\t2027-03-01\tc1\tH\n", []string{"-:1: ", "-:3: "}},
		"a line too long":   {good + strings.Repeat("x", 1<<20), []string{"-:2: it is longer than 64 KiB"}},
		"and one before it": {"a b\t2027-03-01\tc1\tH\n" + strings.Repeat("x", 1<<20), []string{"-:1: ", "-:2: it is longer than 64 KiB"}},
	} {
		p := importDomainCommand{File: "-"}
		rows, err := p.read(&command.Call{Streams: command.Streams{Stdin: strings.NewReader(c.file)}})
		if (err == nil) != (c.want == nil) || err == nil && len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", what, len(rows), err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not say %q", what, err, want)
			}
		}
	}
}
