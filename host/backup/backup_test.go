package backup

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const keyCanary = "KEY-CANARY-5"

// kept is a directory with a database, a key and a mark.
func kept(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{"panel.db": "orders", "plugins/r01/r01.db": strings.Repeat("mails ", 1000),
		"plugins/r01/r01.key": keyCanary, "plugins/r01.started": ""} {
		put(t, filepath.Join(dir, path), text)
	}
	return dir
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func archived(t *testing.T, to ...age.Recipient) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := Create(&out, Contents{Dir: kept(t)}, to, noon); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup")
	put(t, file, out.String())
	return file
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// same compares a restored directory with what was kept.
func same(t *testing.T, dir string) {
	t.Helper()

	want := kept(t)
	seen := 0
	err := walk(want, func(path string) error {
		seen++
		a, err := os.ReadFile(filepath.Join(want, path))
		if err != nil {
			return err
		}

		b, err := os.ReadFile(filepath.Join(dir, path))
		if err == nil && !bytes.Equal(a, b) {
			t.Errorf("%s holds %q", path, b)
		}

		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}

		return err
	})
	if err != nil || seen != 4 {
		t.Error(seen, err)
	}

	n := 0
	if err := walk(dir, func(string) error { n++; return nil }); err != nil || n != seen {
		t.Errorf("%d files were restored, want %d: %v", n, seen, err)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()

	mine := identity(t)
	wrapped, bare := archived(t, mine.Recipient()), archived(t)
	keys := t.TempDir()
	put(t, filepath.Join(keys, "plugins/r01/r01.key"), keyCanary)
	for name, r := range map[string]Restoration{
		"wrapped keys": {Archive: wrapped, Identities: []age.Identity{mine}},
		"keys apart":   {Archive: bare, KeysDir: keys},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.Dir, r.At = filepath.Join(t.TempDir(), "data"), noon
			if _, aside, err := Restore(r); err != nil || aside != "" {
				t.Fatal(aside, err)
			}
			same(t, r.Dir)
		})
	}
}

func TestKeysAreNeverBare(t *testing.T) {
	t.Parallel()

	for _, to := range [][]age.Recipient{nil, {identity(t).Recipient()}} {
		var out bytes.Buffer
		dir := kept(t)
		m, err := Create(&out, Contents{Dir: dir}, to, noon)
		if err != nil {
			t.Fatal(err)
		}

		if len(m.Keys) != 1 || m.Keys[0] != "plugins/r01/r01.key" || m.Wrapped != (to != nil) {
			t.Errorf("the manifest says %+v", m)
		}

		file := filepath.Join(t.TempDir(), "backup")
		put(t, file, out.String())

		unpacked := t.TempDir()
		if _, err := (Restoration{Archive: file}).unpack(unpacked); !errors.Is(err, ErrKeys) {
			t.Fatalf("unpacked without keys: %v", err)
		}

		err = walk(unpacked, func(path string) error {
			text, err := os.ReadFile(filepath.Join(unpacked, path))
			if bytes.Contains(text, []byte(keyCanary)) {
				t.Errorf("%s holds the key", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Whatever is refused leaves what was there as it was.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()

	mine := identity(t)
	good := archived(t, mine.Recipient())
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}

	with := func(change func(b []byte) []byte) string {
		file := filepath.Join(t.TempDir(), "backup")
		put(t, file, string(change(bytes.Clone(text))))
		return file
	}

	otherKeys := t.TempDir()
	put(t, filepath.Join(otherKeys, "plugins/r01/r01.key"), "of another panel")
	for name, c := range map[string]struct {
		r    Restoration
		says string
	}{
		"another key":   {Restoration{Archive: archived(t), Replace: true, KeysDir: otherKeys}, "not the one"},
		"not empty":     {Restoration{Archive: good, Identities: []age.Identity{mine}}, "not empty"},
		"no identity":   {Restoration{Archive: good, Replace: true}, "identity"},
		"other's":       {Restoration{Archive: good, Replace: true, Identities: []age.Identity{identity(t)}}, "open key"},
		"no keys":       {Restoration{Archive: archived(t), Replace: true}, "without them"},
		"no archive":    {Restoration{Archive: filepath.Join(t.TempDir(), "none"), Replace: true}, "no such file"},
		"cut short":     {Restoration{Archive: with(func(b []byte) []byte { return b[:len(b)-20] }), Replace: true, Identities: []age.Identity{mine}}, "unexpected EOF"},
		"not a backup":  {Restoration{Archive: with(func([]byte) []byte { return []byte("hello") }), Replace: true}, "EOF"},
		"a bit flipped": {Restoration{Archive: with(func(b []byte) []byte { b[len(b)/2] ^= 4; return b }), Replace: true, Identities: []age.Identity{mine}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			top := t.TempDir()
			c.r.Dir, c.r.At = filepath.Join(top, "data"), noon
			put(t, filepath.Join(c.r.Dir, "panel.db"), "precious")

			_, _, err := Restore(c.r)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("restore: %v, want %q", err, c.says)
			}

			if left, err := os.ReadFile(filepath.Join(c.r.Dir, "panel.db")); err != nil || string(left) != "precious" {
				t.Errorf("what was there is %q, %v", left, err)
			}
			if entries, err := os.ReadDir(top); err != nil || len(entries) != 1 {
				t.Errorf("leftovers: %v, %v", entries, err)
			}
		})
	}
}

func TestReplaceMovesAside(t *testing.T) {
	t.Parallel()
	mine := identity(t)
	dir := filepath.Join(t.TempDir(), "data")
	put(t, filepath.Join(dir, "panel.db"), "precious")
	_, aside, err := Restore(Restoration{Archive: archived(t, mine.Recipient()), Dir: dir, Replace: true, Identities: []age.Identity{mine}, At: noon})
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir)
	if left, err := os.ReadFile(filepath.Join(aside, "panel.db")); err != nil || string(left) != "precious" {
		t.Errorf("the old directory holds %q, %v", left, err)
	}
}

func TestNamesThatLeaveTheDirectory(t *testing.T) {
	t.Parallel()
	m := Manifest{Format: format, MadeAt: noon, Files: []File{{Path: "../escaped"}}}
	var out bytes.Buffer
	dir := t.TempDir()
	put(t, filepath.Join(dir, "inner", "x"), "")
	put(t, filepath.Join(dir, "escaped"), "")
	if err := m.write(&out, filepath.Join(dir, "inner")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup")
	put(t, file, out.String())
	if _, err := Inspect(file); err == nil || !strings.Contains(err.Error(), "leaves the directory") {
		t.Errorf("inspect: %v", err)
	}
}
