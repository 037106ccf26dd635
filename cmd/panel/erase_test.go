package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
)

// These are parts of the canary run, whose world has customers in every state.

// exchangesKeys exchanges the keys of the panel and of both plugins. Nothing else changes.
func (w *world) exchangesKeys() {
	w.t.Helper()
	files := map[string]string{"panel": "panel.key", "r01": "plugins/r01/r01.key", "manual": "plugins/manual/manual.key"}
	before := map[string][]byte{}
	for of, file := range files {
		before[of] = w.keyIn(file)
	}
	var done []struct {
		Of, Key string
		Sealed  int
	}
	w.json(&done, "keys", "rotate")
	if len(done) != len(files) {
		w.t.Errorf("of %d keys there are %+v", len(files), done)
	}
	for _, k := range done {
		if now := w.keyIn(files[k.Of]); bytes.Equal(now, before[k.Of]) || k.Sealed == 0 || k.Key == "" {
			w.t.Errorf("the key of %s is as it was, or nothing was sealed again: %+v", k.Of, k)
		}
	}
}

// keyIn returns the present key in a file of the data directory.
func (w *world) keyIn(file string) []byte {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "data", file))
	if err != nil {
		w.t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return first
}

// erases removes the data of what is finished, and is told what stays, and why.
func (w *world) erases() {
	w.t.Helper()
	type part struct {
		By, What, Why, Where string
		Count                int
	}
	var refused, staffs struct{ Removed, Kept, Beyond []part }
	w.json(&refused, "customer", "erase", "c-refused", "--by", "olga")
	sorts := map[string]bool{}
	for _, r := range refused.Removed {
		sorts[r.By+" "+r.What] = r.Count > 0
	}
	for _, want := range []string{"panel orders' contacts and codes", "r01 contacts", "r01 requests", "r01 mails"} {
		if !sorts[want] {
			w.t.Errorf("of a customer whose client R01 refused %q was not erased: %+v", want, refused)
		}
	}
	for _, kept := range refused.Kept {
		if !strings.HasPrefix(kept.What, "mail ") || !strings.Contains(kept.Why, "it waits for a person") {
			w.t.Errorf("of a customer who has nothing %s stays: %s", kept.What, kept.Why)
		}
	}
	if len(refused.Beyond) < 3 {
		w.t.Errorf("of a customer who has nothing only this is said to be elsewhere: %+v", refused.Beyond)
	}
	w.json(&staffs, "customer", "erase", "c9", "--by", "olga")
	if len(staffs.Removed) != 0 || len(staffs.Kept) != 4 || !strings.Contains(staffs.Kept[0].Why, "not concluded") || !strings.Contains(staffs.Kept[3].Why, "NeedsAction") {
		w.t.Errorf("of a customer whose orders are open: %+v", staffs)
	}
	if d := w.domain("client-refused.ru"); d.Status != "Error" {
		w.t.Errorf("the domain is %+v", d)
	}
	if log := w.must("log"); !strings.Contains(log, "the personal data of customer c-refused are erased") || !strings.Contains(log, "R01 rejected") {
		w.t.Error("the log does not say that the data were erased, or not what was ordered")
	}
}
