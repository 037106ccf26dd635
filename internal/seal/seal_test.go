package seal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBox(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "key")
	if _, err := OpenBox(file, false); err == nil {
		t.Error("a missing key file was accepted without create")
	}

	box, err := OpenBox(file, true)
	if err != nil {
		t.Fatal(err)
	}

	sealed := box.Seal([]byte("4510 123456"), "contact|1")
	if strings.Contains(string(sealed), "4510") {
		t.Error("sealed data are readable")
	}

	again, err := OpenBox(file, false)
	if err != nil {
		t.Fatal(err)
	}

	if plain, err := again.Open(sealed, "contact|1"); err != nil || string(plain) != "4510 123456" {
		t.Errorf("open after reopening = %q, %v", plain, err)
	}
	if _, err := again.Open(sealed, "contact|2"); err == nil {
		t.Error("a value was opened in another row's place")
	}
	if again.Fingerprint("a", "b") != box.Fingerprint("a", "b") {
		t.Error("fingerprints differ under one key")
	}
	if box.Fingerprint("ab", "c") == box.Fingerprint("a", "bc") {
		t.Error("fingerprints ignore where parts end")
	}
}

func TestOpenBoxRefuses(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	good := strings.Repeat("ab", keyBytes)

	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range []struct{ file, why string }{
		{write("open", good, 0o644), "others can read it"},
		{write("short", "abcd", 0o600), "too short"},
		{write("text", strings.Repeat("zz", keyBytes), 0o600), "not hexadecimal"},
		{write("empty", "", 0o600), "empty"},
	} {
		if _, err := OpenBox(c.file, true); err == nil {
			t.Errorf("%s accepted: %s", filepath.Base(c.file), c.why)
		}
	}

	if _, err := OpenBox(write("good", good, 0o600), false); err != nil {
		t.Errorf("good key refused: %v", err)
	}
}
