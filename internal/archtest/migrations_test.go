package archtest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Existing databases have run the published scripts, and no longer run scripts with
// lower numbers: so published scripts never change, and new ones come after them.
func TestPublishedMigrations(t *testing.T) {
	t.Parallel()
	published, last := map[string]string{}, map[string]string{}
	list, err := os.Open("testdata/migrations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		digest, script, ok := strings.Cut(lines.Text(), "  ")
		if !ok || digest == "#" {
			continue
		}
		published[script] = digest
		dir := filepath.Dir(script)
		last[dir] = max(last[dir], filepath.Base(script))
	}

	for script, digest := range published {
		text, err := os.ReadFile(filepath.Join("..", "..", script))
		if err != nil {
			t.Errorf("a published script is gone: %v", err)
			continue
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != digest {
			t.Errorf("%s is published, and was changed", script)
		}
	}

	for dir, newest := range last {
		scripts, err := filepath.Glob(filepath.Join("..", "..", dir, "*.sql"))
		if err != nil || len(scripts) == 0 {
			t.Errorf("no scripts in %s: %v", dir, err)
		}
		for _, path := range scripts {
			name := filepath.Base(path)
			if published[filepath.ToSlash(filepath.Join(dir, name))] == "" && name < newest {
				t.Errorf("%s/%s would never be run where %s has been", dir, name, newest)
			}
		}
	}
}
