package orders

import (
	"testing"
	"time"
)

// How far a webhook has been told survives a restart, and one panel at a time delivers.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.place(request("before.ru"))
	w, until := b.Webhooks(), b.now().Add(time.Minute)
	d, held, err := w.Claim(t.Context(), "shop", "here", until)
	if err != nil || !held {
		t.Fatalf("%+v %t %v", d, held, err)
	}
	if entries, err := w.Next(t.Context(), d.Told, 10); err != nil || len(entries) != 0 {
		t.Errorf("a new webhook is told %v of the past, %v", entries, err)
	}
	if _, held, err := w.Claim(t.Context(), "shop", "there", until); err != nil || held {
		t.Errorf("another panel has it, too: %v", err)
	}
	b.place(request("one.ru"))
	b.place(request("two.ru"))
	entries, err := w.Next(t.Context(), d.Told, 1)
	if err != nil || len(entries) != 1 || entries[0].Domain != "one.ru" {
		t.Fatalf("%v, %v", entries, err)
	}
	d.Attempts, d.FailingSince, d.NextAt, d.Error = 2, start, start.Add(time.Hour), "it answered 500"
	if err := w.Failed(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	b.restart()
	w = b.Webhooks()
	if again, held, err := w.Claim(t.Context(), "shop", "here", until); err != nil || !held || again != d {
		t.Errorf("after a restart %+v, want %+v; %t %v", again, d, held, err)
	}
	if err := w.Bury(t.Context(), d, entries[0]); err != nil {
		t.Fatal(err)
	}
	dead, err := w.Dead(t.Context(), "shop", 0, 10)
	if err != nil || len(dead) != 1 || dead[0].Entry != entries[0] || dead[0].Attempts != 2 || dead[0].Error != "it answered 500" {
		t.Errorf("%+v, %v", dead, err)
	}
	all, err := w.Deliveries(t.Context())
	if err != nil || len(all) != 1 || all[0].Told != entries[0].ID || all[0].Dead != 1 || all[0].Attempts != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if log := b.entries("one.ru"); log[len(log)-1].Level != "error" {
		t.Errorf("the log ends with %+v", log[len(log)-1])
	}
	if err := w.Revived(t.Context(), "shop", entries[0].ID); err != nil {
		t.Fatal(err)
	}
	if dead, err := w.Dead(t.Context(), "shop", 0, 10); err != nil || len(dead) != 0 {
		t.Errorf("%+v, %v", dead, err)
	}
	next, err := w.Next(t.Context(), all[0].Told, 1)
	if err != nil || len(next) != 1 || next[0].Domain != "two.ru" {
		t.Errorf("%v, %v", next, err)
	}
	if err := w.Told(t.Context(), "shop", next[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Told(t.Context(), "shop", entries[0].ID); err != nil { // late, and no step back
		t.Fatal(err)
	}
	if all, err := w.Deliveries(t.Context()); err != nil || all[0].Told != next[0].ID {
		t.Errorf("%+v, %v", all, err)
	}
}
