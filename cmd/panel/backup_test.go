package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"
)

// restorable returns a world whose backups contain its keys; identity is the file that opens them.
func restorable(t *testing.T) (w *world, identity string) {
	t.Helper()
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	w = newWorld(t, func(hcl string) string {
		return strings.Replace(hcl, "panel {\n", fmt.Sprintf("panel {\n  backup_recipients = [%q]\n", mine.Recipient()), 1)
	})
	return w, w.write("identity", mine.String()+"\n")
}

// After an older backup was restored, what was registered since is not paid for again, by any order.
func TestRestoringAnOlderBackupPaysNothingTwice(t *testing.T) {
	t.Parallel()
	w, identity := restorable(t)
	contact := w.write("person.json", person)
	w.serve()
	w.buy("before.ru", "c1", contact)
	w.reach("before.ru", "Registered")
	unpaid := w.order("pending.ru", "c1", contact) // in the backup, and paid later
	archive := filepath.Join(w.dir, "old.backup")
	w.must("backup", archive)

	w.must("order", "pay", unpaid)
	w.buy("after.ru", "c1", contact) // not in the backup
	w.reach("pending.ru", "Registered")
	w.reach("after.ru", "Registered")
	if _, stderr, code := w.run("restore", archive, "--identity", identity, "--replace"); code == 0 || !strings.Contains(stderr, "another panel is serving") {
		t.Fatalf("a serving panel was overwritten: exit %d, %s", code, stderr)
	}
	w.stop(syscall.SIGTERM)
	w.must("restore", archive, "--identity", identity, "--replace")
	w.serveHeld()

	if d := w.domain("before.ru"); d.Status != "Registered" {
		t.Errorf("before.ru is %s", d.Status)
	}
	var plugins []struct{ Health []struct{ Detail string } }
	w.json(&plugins, "plugins")
	if told := fmt.Sprint(plugins); !strings.Contains(told, "reconciled") {
		t.Errorf("the plugin does not say that it was restored: %s", told)
	}
	w.until("R01's forgotten answers in review", func() bool { return w.reviewMentions("pending.ru") && w.reviewMentions("after.ru") })
	w.must("order", "pay", unpaid)
	w.buy("after.ru", "c1", contact) // the customer orders again
	for _, name := range []string{"pending.ru", "after.ru"} {
		held := w.stands(name, "Uncertain")
		w.must("operation", "resolve", held.Operation.ID, "--outcome", "done", "--by", "ann")
		w.reach(name, "Registered")
	}
	for _, name := range []string{"before.ru", "pending.ru", "after.ru"} {
		if n := w.requests(name); n != 1 {
			t.Errorf("R01 got %d requests for %s", n, name)
		}
	}
}

// serveHeld starts a panel whose plugin is held after a restore.
func (w *world) serveHeld() {
	w.t.Helper()
	w.panel = w.command("serve")
	w.panel.Stdout, w.panel.Stderr = w.log, w.log
	if err := w.panel.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.until("the plugin to be held", func() bool {
		var plugins []struct{ State string }
		return w.tryJSON(&plugins, "plugins") == nil && len(plugins) == 1 && plugins[0].State == "degraded"
	})
}

func (w *world) reviewMentions(name string) bool {
	var entries []struct{ ID string }
	out, _, _ := w.run("review", "-o", "json") // exits with 3 while something waits
	if err := json.Unmarshal([]byte(out), &entries); err != nil {
		return false
	}
	for _, e := range entries {
		text, _, _ := w.run("review", "show", e.ID)
		if strings.Contains(text, name) {
			return true
		}
	}
	return false
}

// A backup says what is missing from it, and it is no way around the keys.
func TestBackupWithoutRecipients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.serve()
	archive := filepath.Join(w.dir, "bare.backup")
	_, stderr, code := w.run("backup", archive)
	if code != 0 || !strings.Contains(stderr, "NOT in this backup") || !strings.Contains(stderr, "plugins/r01/r01.key") || !strings.Contains(stderr, "panel.key") {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if _, stderr, code := w.run("backup", archive); code != 2 || !strings.Contains(stderr, "exists already") {
		t.Errorf("a file was written over: exit %d: %s", code, stderr)
	}
	w.stop(syscall.SIGTERM)
	if _, stderr, code := w.run("restore", archive); code != 2 || !strings.Contains(stderr, "--replace") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if _, stderr, code := w.run("restore", archive, "--replace"); code != 2 || !strings.Contains(stderr, "--keys DIR") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	w.must("restore", archive, "--replace", "--keys", filepath.Join(w.dir, "data"))
	if moved, err := filepath.Glob(filepath.Join(w.dir, "data.before-*")); err != nil || len(moved) != 1 {
		t.Errorf("the old data: %v, %v", moved, err)
	}
	w.serveHeld()
}

// An interrupted or impossible backup leaves no file.
func TestBackupThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	archive := filepath.Join(w.dir, "none.backup")
	if _, _, code := w.run("backup", archive); code != 1 {
		t.Errorf("without a panel: exit %d", code)
	}
	entries, err := filepath.Glob(filepath.Join(w.dir, "*backup*"))
	if hidden, _ := filepath.Glob(filepath.Join(w.dir, ".backup*")); err != nil || len(entries)+len(hidden) != 0 {
		t.Errorf("leftovers: %v %v", entries, hidden)
	}
	if _, err := os.Stat(archive); err == nil {
		t.Error("there is an archive")
	}
}
