package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// business is one registration by a client of its own, as far as it has come.
type business struct {
	id, customer string
	domain       registrar.DomainStatus // "" = there is no such domain
	end          lifecycle.Event        // of its domain request; "" = it is open
	goes         bool                   // when c1's data are erased
}

func (b business) handle() string { return "MYCO_" + b.id + "_ABCDEF-R01" }
func (b business) name() string   { return b.id + ".ru" }

var businesses = []business{
	{"failed", "c1", registrar.StatusError, lifecycle.Withdrawn, true},
	{"gone", "c1", registrar.StatusDeleted, lifecycle.Withdrawn, true},
	{"moved", "c1", registrar.StatusTransferredAway, lifecycle.Withdrawn, true},
	{"never", "c1", "", lifecycle.Withdrawn, true},
	{"held", "c1", registrar.StatusRegistered, lifecycle.Withdrawn, false},
	{"expired", "c1", registrar.StatusExpired, lifecycle.Withdrawn, false},
	{"open", "c1", registrar.StatusRegistering, "", false},
	{"again", "c1", registrar.StatusError, "", false},
	{"others", "c2", registrar.StatusError, lifecycle.Withdrawn, false},
}

func (b business) begin(t *testing.T, tx *Tx) error {
	c, err := tx.Clients.Add(Client{Customer: b.customer, Kind: registrar.Person, Identity: "who " + b.id, Handle: b.handle(), State: registrar.HandleRegistered, CreatedAt: noon}, []byte("contact of "+b.id))
	if err != nil {
		return err
	}
	first, err := tx.Requests.Add(Request{ID: "client-" + b.id, Kind: lifecycle.NewClient, Agreement: "RP/01/00", Object: b.handle(), Client: c.ID,
		MessageID: "<client-" + b.id + ">", Token: "CLIENT" + b.id, CreatedAt: noon, DueAt: noon}, []byte("form of "+b.id))
	if err != nil {
		return err
	}
	second, err := tx.Requests.Add(Request{ID: "domain-" + b.id, Kind: lifecycle.NewDomain, Agreement: "RP/01/00", Object: b.name(), Client: c.ID,
		MessageID: "<domain-" + b.id + ">", Token: "DOMAIN" + b.id, CreatedAt: noon, DueAt: noon}, []byte("form of "+b.name()))
	if err != nil {
		return err
	}
	op := Operation{Operation: registrar.Operation{ID: registrar.OperationID("op-" + b.id), Order: registrar.OrderID("order-" + b.id), Kind: registrar.KindRegister,
		Domain: b.name(), State: registrar.Queued}, Digest: "digest of " + b.id, Customer: b.customer, Client: c.ID, Request: second.ID}
	if err := tx.Operations.Add(op, []byte("order"), Change{At: noon, Message: "begun", Actor: "plugin"}); err != nil {
		return err
	}
	if b.domain != "" {
		d := registrar.Domain{Name: b.name(), Customer: b.customer, Handle: b.handle(), Status: b.domain, Renewal: registrar.RenewAuto}
		if err := tx.Domains.Put(d, noon); err != nil {
			return err
		}
	}
	for _, m := range []Mail{{ID: registrar.MailID("out-" + b.id), Out: true, State: MailSent, Request: first.ID}, {ID: registrar.MailID("in-" + b.id), State: MailApplied, Request: second.ID}} {
		m.Hash, m.At = string(m.ID), noon
		if err := tx.Mails.Add(m, []byte("mail about "+b.id)); err != nil {
			return err
		}
	}
	if _, err := tx.Requests.Advance(&first, decide(t, first, lifecycle.Withdrawn), Change{At: noon}); err != nil || b.end == "" {
		return err
	}
	_, err = tx.Requests.Advance(&second, decide(t, second, b.end), Change{At: noon})
	return err
}

// stands reports which parts of a business can still be read.
func (b business) stands(tx *Tx) (parts []string, err error) {
	c, err := tx.Clients.ByHandle(b.handle())
	if err != nil {
		return nil, err
	}
	if contact, err := tx.Clients.Contact(c.ID); err != nil || contact != nil {
		parts = append(parts, "contact")
	}
	if c.Identity == "who "+b.id {
		parts = append(parts, "identity")
	}
	for _, r := range []string{"client-" + b.id, "domain-" + b.id} {
		if _, err := tx.Requests.Body(r); err == nil {
			parts = append(parts, r)
		} else if !errors.Is(err, ErrRemoved) {
			return nil, err
		}
	}
	for _, m := range []string{"out-" + b.id, "in-" + b.id} {
		if _, err := tx.Mails.Raw(registrar.MailID(m)); err == nil {
			parts = append(parts, m)
		} else if !errors.Is(err, ErrRemoved) {
			return nil, err
		}
	}
	op, err := tx.Operations.ByOrder(registrar.OrderID("order-" + b.id))
	if op.Digest != Erased {
		parts = append(parts, "digest")
	}
	return parts, err
}

// erase removes what may go, as the plugin does.
func erase(t *testing.T, s *Store, q Finished) (contacts, bodies, mails int64) {
	t.Helper()
	write(t, s, func(tx *Tx) error {
		requests, err := tx.Erasures.FindRequests(q, "", 100)
		if err != nil {
			return err
		}
		for _, id := range requests {
			b, m, err := tx.Erasures.Request(q, id)
			if err != nil {
				return err
			}
			bodies, mails = bodies+b, mails+m
		}
		clients, err := tx.Erasures.FindClients(q, 0, 100)
		if err != nil {
			return err
		}
		for _, id := range clients {
			n, err := tx.Erasures.Client(q, id)
			if err != nil {
				return err
			}
			contacts += n
		}
		return nil
	})
	return contacts, bodies, mails
}

// oddMails stores mails that are about business which is over, and that are not as the others.
func oddMails(t *testing.T, s *Store) {
	t.Helper()
	write(t, s, func(tx *Tx) error { // a person has yet to look at this one
		return tx.Reviews.Add(Review{ID: "v", Mail: "in-gone", ReceivedAt: noon})
	})
	write(t, s, func(tx *Tx) error { // keep.mails has left the heading of this one
		if err := tx.Mails.Add(Mail{ID: "old", Hash: "old", Request: "domain-never", At: noon.Add(-time.Hour), State: MailApplied, Heading: Heading{Subject: "about never"}}, []byte("gone")); err != nil {
			return err
		}
		if _, err := tx.Mails.Remove(noon.Add(-time.Minute), 10); err != nil {
			return err
		}
		if h, err := tx.Mails.Heading("old"); err != nil || h.Subject == "" {
			t.Errorf("before it was erased it has the heading %+v, %v", h, err)
		}
		return nil
	})
	write(t, s, func(tx *Tx) error { // a person has said of this one that it means nothing
		if err := tx.Mails.Add(Mail{ID: "seems", Hash: "seems", At: noon, State: MailIgnored}, []byte("about failed")); err != nil {
			return err
		}
		v := Review{ID: "seems", Mail: "seems", Request: "domain-failed", ReceivedAt: noon}
		if err := tx.Reviews.Add(v); err != nil {
			return err
		}
		v.ResolvedAt, v.ResolvedBy, v.Outcome = noon, "olga", registrar.ReplyIgnore
		return tx.Reviews.Resolve(v)
	})
}

// checkErased looks at what is left after the data of c1 were erased.
func checkErased(t *testing.T, tx *Tx) error {
	t.Helper()
	for _, b := range businesses {
		parts, err := b.stands(tx)
		if err != nil {
			return err
		}
		want := []string{"contact", "identity", "client-" + b.id, "domain-" + b.id, "out-" + b.id, "in-" + b.id, "digest"}
		switch {
		case b.id == "gone":
			want = []string{"in-gone"}
		case b.goes:
			want = nil
		}
		if !slices.Equal(parts, want) {
			t.Errorf("of %s there is %q, want %q", b.id, parts, want)
		}
		if b.goes {
			if known, err := tx.Clients.ByIdentity("c1", "who "+b.id); !errors.Is(err, ErrNotFound) {
				t.Errorf("the client of %s is known again: %+v, %v", b.id, known, err)
			}
			if err := tx.Mails.Add(Mail{ID: "again", Hash: "out-" + b.id, At: noon, State: MailNew}, nil); !errors.Is(err, ErrExists) {
				t.Errorf("the mail of %s is not known any more: %v", b.id, err)
			}
		}
	}

	if known, err := tx.Clients.Adopted("c1", registrar.Person); !errors.Is(err, ErrNotFound) {
		t.Errorf("a client without contact is taken for one that was taken over: %+v, %v", known, err)
	}
	if h, err := tx.Mails.Heading("old"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a mail's heading is left: %+v, %v", h, err)
	}
	kept, err := tx.Erasures.Kept("c1")
	var what []string
	for _, k := range kept {
		what = append(what, k.What+" because "+k.Why)
	}
	want := []string{"contact, requests and mails of expired.ru because the domain is Expired", "contact, requests and mails of held.ru because the domain is Registered",
		"contact, requests and mails of again.ru because operation op-again (register) is Queued", "contact, requests and mails of open.ru because operation op-open (register) is Queued",
		"mail in-gone because it waits for a person to read it"}
	if !slices.Equal(what, want) {
		t.Errorf("what stays is told as %q", what)
	}
	return err
}

// What is finished goes, and nothing else: neither what is open or held nor what is another's.
func TestErase(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, b := range businesses {
		write(t, s, func(tx *Tx) error { return b.begin(t, tx) })
	}
	oddMails(t, s)

	if c, b, m := erase(t, s, Finished{Customer: "c1", Before: noon}); c+b+m != 0 {
		t.Errorf("of what was finished before noon %d contacts, %d requests and %d mails are gone; it was finished at noon", c, b, m)
	}
	if c, b, m := erase(t, s, Finished{Customer: "c1"}); c != 4 || b != 8 || m != 9 {
		t.Errorf("%d contacts, %d requests and %d mails are gone, want 4, 8 and 9", c, b, m)
	}
	if c, b, m := erase(t, s, Finished{Customer: "c1"}); c+b+m != 0 {
		t.Errorf("the second time %d contacts, %d requests and %d mails are gone", c, b, m)
	}
	write(t, s, func(tx *Tx) error { return checkErased(t, tx) })
	write(t, s, func(tx *Tx) error { // ours until two o'clock
		if err := (business{"late", "c3", registrar.StatusDeleted, lifecycle.Withdrawn, true}).begin(t, tx); err != nil {
			return err
		}
		d, err := tx.Domains.Record("late.ru")
		if err != nil {
			return err
		}
		return tx.Domains.Put(d, noon.Add(2*time.Hour))
	})
	if c, _, _ := erase(t, s, Finished{Before: noon.Add(time.Hour)}); c != 1 {
		t.Errorf("by their age %d contacts are gone, want that of c2", c)
	}
	if c, _, _ := erase(t, s, Finished{Before: noon.Add(3 * time.Hour)}); c != 1 {
		t.Errorf("after the domain was given up %d contacts are gone, want that of c3", c)
	}
}

// Nothing of what was erased lies in the files of the store, sealed as it was.
func TestErasedLeavesTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, b := range businesses {
		write(t, s, func(tx *Tx) error { return b.begin(t, tx) })
	}
	of := func(query string) (all [][]byte) {
		write(t, s, func(tx *Tx) (err error) { all, err = collect(tx, scanBytes, query); return err })
		return all
	}
	gone := slices.Concat(of("select sealed_contact from clients where handle like '%failed%'"), of("select sealed_body from requests where id like '%failed'"), of("select sealed_raw from mails where id like '%failed'"))
	gone = append(gone, []byte("who failed"), []byte("digest of failed"))
	stays := of("select sealed_contact from clients where handle like '%held%'")
	erase(t, s, Finished{Customer: "c1"})
	if err := s.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	var files []byte
	for _, file := range []string{database, database + "-wal"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, text...)
	}
	if len(gone) != 7 || len(stays) != 1 || !bytes.Contains(files, stays[0]) {
		t.Fatalf("%d values to look for, %d that stay: the test shows nothing", len(gone), len(stays))
	}
	for _, value := range gone {
		if bytes.Contains(files, value) {
			t.Errorf("%q lies in the files", value)
		}
	}
}

// A column that is sealed and not in the list would be lost when the key is exchanged.
func TestAllThatIsSealedIsListed(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var listed []string
	for _, c := range sealed {
		listed = append(listed, c.Table+"."+c.Column)
	}
	var found []string
	write(t, s, func(tx *Tx) error {
		tables, err := collect(tx, scanText, "select m.name || '.' || c.name from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' and c.name like 'sealed%'")
		found = tables
		return err
	})
	slices.Sort(listed)
	slices.Sort(found)
	if !slices.Equal(listed, found) || len(found) < 4 {
		t.Errorf("sealed are %s, and listed %s", strings.Join(found, " "), strings.Join(listed, " "))
	}
}

// The key is exchanged, and all can be read; a mail that is known stays known.
func TestRotateKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range businesses {
		write(t, s, func(tx *Tx) error { return b.begin(t, tx) })
	}
	name, n, err := s.RotateKey(t.Context())
	if want := int64(len(businesses)) * 6; err != nil || n != want || !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(name) {
		t.Errorf("key %q, %d sealed again, want %d: %v", name, n, want, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write(t, s, func(tx *Tx) error {
		for _, b := range businesses {
			if parts, err := b.stands(tx); err != nil || len(parts) != 7 {
				t.Errorf("of %s there is %q, %v", b.id, parts, err)
			}
		}
		if err := tx.Mails.Add(Mail{ID: "again", Hash: "out-held", At: noon, State: MailNew}, nil); !errors.Is(err, ErrExists) {
			t.Errorf("a mail is not known any more: %v", err)
		}
		return nil
	})
}
