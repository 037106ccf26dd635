package operator

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The latest archives stay, and so do all files that are not archives of ours.
func TestPrune(t *testing.T) {
	t.Parallel()
	all := []string{"panel-20261101T023000Z.tar", "panel-20261102T023000Z.tar", "panel-20261103T023000Z.tar", "panel-20261103T023001Z.tar"}
	others := []string{"before-upgrade.tar", "panel-20261101T023000Z.tar.gz", "panel-2026.tar", "keys"}
	for _, c := range []struct {
		name string
		keep int
		left []string
	}{
		{"all", 0, all},
		{"more than there are", 9, all},
		{"as many as there are", 4, all},
		{"two", 2, all[2:]},
		{"one", 1, all[3:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range slices.Concat(all, others) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			removed, err := shelf{dir, c.keep}.prune()
			if err != nil || len(removed) != len(all)-len(c.left) {
				t.Fatalf("removed %v: %v", removed, err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, e := range entries {
				left = append(left, e.Name())
			}
			want := slices.Sorted(slices.Values(slices.Concat(c.left, others)))
			if !slices.Equal(left, want) {
				t.Errorf("left %v, want %v", left, want)
			}
		})
	}
}

func TestShelf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := Backup{File: dir, Keep: 3}
	s, err := p.shelf()
	if err != nil || s != (shelf{dir, 3}) || filepath.Dir(p.File) != dir || !archiveForm.MatchString(filepath.Base(p.File)) {
		t.Errorf("%+v, %s: %v", s, p.File, err)
	}
	file := Backup{File: filepath.Join(dir, "b.tar")}
	if s, err := file.shelf(); err != nil || s != (shelf{}) || file.File != filepath.Join(dir, "b.tar") {
		t.Errorf("a file: %+v, %+v: %v", s, file, err)
	}
	for _, wrong := range []Backup{{File: dir, Keep: -1}, {File: filepath.Join(dir, "b.tar"), Keep: 2}} {
		if _, err := wrong.shelf(); err == nil || !strings.Contains(err.Error(), "--keep") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
