package gateway

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/internal/pgtest"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// backup copies the store and returns where to. On a server it stops for that.
func (g *gate) backup() string {
	g.t.Helper()
	if g.server != "" {
		if err := g.st.Close(); err != nil {
			g.t.Fatal(err)
		}
		copied := pgtest.Copy(g.t, g.server)
		g.open(testSettings(), false)
		return copied
	}
	dir := g.t.TempDir()
	if err := g.st.Backup(g.t.Context(), dir); err != nil {
		g.t.Fatal(err)
	}
	return dir
}

// restore is a new machine: the backup is all there is, or a server that was given an older
// database under the same node. R01, the relay and the mailbox go on.
func (g *gate) restore(backup string, s engine.Settings) {
	g.t.Helper()
	if err := g.st.Close(); err != nil {
		g.t.Fatal(err)
	}
	if g.server != "" {
		g.server = backup
		g.open(s, false)
		g.check()
		return
	}
	g.dir = g.t.TempDir()
	if err := os.CopyFS(g.dir, os.DirFS(backup)); err != nil {
		g.t.Fatal(err)
	}
	for _, secret := range []string{"r01.key", "r01.db"} {
		if err := os.Chmod(filepath.Join(g.dir, secret), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
	g.open(s, false)
	g.check()
}

// paidFor counts the mails R01 got that cost money, by domain.
func (g *gate) paidFor(domain string) (n int) {
	for _, raw := range g.relay.taken {
		text := string(raw)
		if strings.Contains(text, "\r\ndomain: "+domain+"\r\n") && (strings.Contains(text, "action: NEW") || strings.Contains(text, "action: PROLONG")) {
			n++
		}
	}
	return n
}

// Whatever the backup says of a request, one that was sent since is not sent again.
func TestRestoredStoreSendsNothingPaidAgain(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	queued := g.submit(registration("queued", "queued.ru")) // in the backup, and sent after it
	backup := g.backup()
	g.send()
	g.submit(registration("later", "later.ru")) // not in the backup at all
	g.send()
	if g.paidFor("queued.ru") != 1 || g.paidFor("later.ru") != 1 {
		t.Fatalf("R01 was to get each once: %q", g.relay.taken)
	}
	replies := []string{g.reply(2, delegated("queued.ru")...), g.reply(3, delegated("later.ru")...)}

	proved := testSettings()
	proved.Proof = true
	g.restore(backup, proved)
	g.expect(queued.ID, registrar.Uncertain)
	g.submit(registration("queued", "queued.ru")) // the panel asks again: it is the same operation
	again := g.submit(registration("later", "later.ru"))
	g.send()
	g.expect(again.ID, registrar.Uncertain)
	if g.paidFor("queued.ru") != 1 || g.paidFor("later.ru") != 1 {
		t.Fatalf("a paid request was sent again: %q", g.relay.taken)
	}

	for _, r := range replies { // the mailbox, read again
		g.receive(r)
	}
	g.expect(queued.ID, registrar.Succeeded) // by its token
	g.expect(again.ID, registrar.Succeeded)  // by its name: its sender is proved, and there is one open request for it
	if d := g.status("later.ru"); d.PaidTill.String() != "2027-11-24" {
		t.Errorf("later.ru is %+v", d)
	}
}

// What went through the client's registration meanwhile is held too: the domain's request is
// made anew, under another token.
func TestRestoredStoreHoldsWhatRepliesBegin(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "newtime.ru"))
	g.send()
	backup := g.backup()
	client := g.reply(0, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS")
	g.receive(client)
	g.send()
	domain := g.reply(1, delegated("newtime.ru")...)

	proved := testSettings()
	proved.Proof = true
	g.restore(backup, proved)
	g.receive(client)
	g.expect(op.ID, registrar.Uncertain)
	g.send()
	if n := g.paidFor("newtime.ru"); n != 1 {
		t.Fatalf("R01 got %d paid requests for newtime.ru", n)
	}
	g.receive(domain)
	g.expect(op.ID, registrar.Succeeded)
}

// There are funds again, a person says of one operation, to an instance that does not work and
// has not opened the store. That sends no other paid request of a store that is not reconciled.
func TestRestoredStoreReleasesNothingByAStandby(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	var ops []registrar.OperationID
	for _, name := range []string{"one.ru", "two.ru"} {
		ops = append(ops, g.submit(registration("o-"+name, name)).ID)
	}
	g.restore(g.backup(), testSettings())
	sent := len(g.relay.taken)
	resend := func(by *gate, op registrar.OperationID) {
		t.Helper()
		if _, err := by.Resolve(t.Context(), registrar.Decision{Operation: op, Verdict: registrar.VerdictResend, By: "olga"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range ops {
		g.expect(op, registrar.Uncertain)
		resend(g, op)
	}
	g.send()
	for i, name := range []string{"one.ru", "two.ru"} {
		g.receive(g.reply(sent+i, "action: NEW", "domain: "+name, "status: TASK_FAILURE", "message: Not enough funds on the account."))
		g.expect(ops[i], registrar.NeedsAction)
	}
	resend(g.successor(), ops[0])
	g.expect(ops[0], registrar.Queued)
	g.expect(ops[1], registrar.NeedsAction)
	g.send()
	g.expect(ops[0], registrar.Sent)
	g.expect(ops[1], registrar.NeedsAction)
}

// Without a reply a person decides, for one request or for all that are still to come.
func TestRestoredStoreIsReconciled(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "one.ru"))
	g.restore(g.backup(), testSettings())
	g.send()
	g.expect(op.ID, registrar.Uncertain)
	if _, err := g.Resolve(t.Context(), registrar.Decision{Operation: op.ID, Verdict: registrar.VerdictResend, By: "ann"}); err != nil {
		t.Fatal(err)
	}
	g.send()
	g.expect(op.ID, registrar.Sent)

	g.restart(testSettings()) // a restart ends nothing
	held := g.submit(registration("o2", "two.ru"))
	g.send()
	g.expect(held.ID, registrar.Uncertain)
	s := testSettings()
	s.Reconciled = g.incarnation()
	g.restart(s)
	if g.Restored() || slices.Contains(g.alarms(), engine.RestoredAlarm) {
		t.Error("a reconciled store still says that it was restored")
	}
	free := g.submit(registration("o3", "three.ru"))
	g.send()
	g.expect(free.ID, registrar.Sent)
	g.expect(held.ID, registrar.Uncertain) // what was held before is decided one by one
}

// Whichever way an older database gets into the directory, it is noticed; a crash is none.
func TestOlderStoreIsNoticed(t *testing.T) {
	t.Parallel()
	file := func(g *gate, name string) string { return filepath.Join(g.dir, name) }
	for name, c := range map[string]struct {
		change   func(t *testing.T, g *gate, copied string)
		restored bool
	}{
		"nothing": {func(*testing.T, *gate, string) {}, false},
		"a backup beside the mark": {func(t *testing.T, g *gate, copied string) {
			overwrite(t, file(g, "r01.db"), filepath.Join(copied, "r01.db"))
		}, true},
		"the mark is gone": {func(t *testing.T, g *gate, _ string) { remove(t, file(g, "r01.mark")) }, true},
		"the mark is torn": {func(t *testing.T, g *gate, _ string) {
			if err := os.Truncate(file(g, "r01.mark"), 20); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateOn(t, t, "")
			g.registerClient()
			copied := g.backup()
			if err := g.st.Close(); err != nil {
				t.Fatal(err)
			}
			c.change(t, g, copied)
			g.open(testSettings(), false)
			if g.Restored() != c.restored {
				t.Errorf("restored = %v", g.Restored())
			}
		})
	}
}

// A plain copy of the file bears no stamp; what was sent after it gives it away.
func TestOldFileIsNoticedByWhatWasSentSince(t *testing.T) {
	t.Parallel()
	g := newGateOn(t, t, "")
	g.registerClient()
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old")
	overwrite(t, old, filepath.Join(g.dir, "r01.db"))
	g.open(testSettings(), false)
	g.submit(registration("o1", "one.ru"))
	g.send()
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	overwrite(t, filepath.Join(g.dir, "r01.db"), old)
	g.open(testSettings(), false)
	if !g.Restored() {
		t.Error("an older file was taken for the store")
	}
}

// A copy of our own request that we don't know shows what the store has forgotten.
func TestForgottenCopyWaitsForAPerson(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	backup := g.backup()
	g.submit(registration("lost", "lost.ru"))
	g.send()
	g.restore(backup, testSettings())
	g.receive(strings.ReplaceAll(string(g.relay.taken[len(g.relay.taken)-1]), "\r\n", "\n"))
	if reviews, err := g.Desk.Reviews(t.Context()); err != nil || len(reviews) != 1 {
		t.Errorf("reviews: %v, %v", reviews, err)
	}
}

func (g *gate) incarnation() string {
	g.t.Helper()
	var incarnation string
	if err := g.st.Read(g.t.Context(), func(tx *store.Tx) (err error) { incarnation, err = tx.Restored(); return err }); err != nil {
		g.t.Fatal(err)
	}
	return incarnation
}

func (g *gate) alarms() (keys []string) {
	g.t.Helper()
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		alarms, err := tx.Alarms()
		for _, a := range alarms {
			keys = append(keys, a.Key)
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return keys
}

func overwrite(t *testing.T, to, from string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}
