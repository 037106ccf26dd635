package registry

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

func TestImports(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	i := Imports{Hosted: filepath.Join(dir, "hosted"), List: filepath.Join(dir, "import.tsv")}
	if err := i.EachHosted(nil); err == nil || !strings.Contains(err.Error(), "read hosted names") {
		t.Errorf("without a file: %v", err)
	}

	if err := os.WriteFile(i.Hosted, []byte("# exported\n\na.ru\r\n b.su  # old\nПРИВЕТ.рф"), 0o600); err != nil {
		t.Fatal(err)
	}

	var names []string
	if err := i.EachHosted(func(n string) { names = append(names, n) }); err != nil || !slices.Equal(names, []string{"a.ru", "b.su", "ПРИВЕТ.рф"}) {
		t.Errorf("hosted are %q, %v", names, err)
	}

	if all, err := i.Listed(); len(all) > 0 || err != nil {
		t.Errorf("at first listed are %v, %v", all, err)
	}

	want := []Import{{"a.ru", registrar.Date{Year: 2027, Month: time.May, Day: 3}}, {"b.su", registrar.Date{Year: 2026, Month: time.December, Day: 31}}}
	for _, all := range [][]Import{nil, want} {
		if err := i.Put(all); err != nil {
			t.Fatal(err)
		}
		if got, err := i.Listed(); err != nil || !slices.Equal(got, all) {
			t.Errorf("listed are %v, %v", got, err)
		}
	}

	if text, err := os.ReadFile(i.List); err != nil || string(text) != "a.ru\t2027-05-03\nb.su\t2026-12-31\n" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if err := os.WriteFile(i.List, []byte("a.ru\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Listed(); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("a line that makes no sense: %v", err)
	}
}
