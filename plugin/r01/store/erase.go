package store

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Finished selects finished business whose personal data may be removed: that of a customer, or
// what was finished before a time.
type Finished struct {
	Customer string    // "" = all customers
	Before   time.Time // zero = whenever
}

// Erasures removes personal data. It never touches what belongs to an open request or
// operation, or to a domain that is held.
type Erasures struct{ tx *Tx }

// Conditions under which personal data are kept: of a client c, and of a request r.
var (
	heldStatus = "status in (" + sqldb.Words(append(registrar.HeldStatuses(), registrar.StatusRegistering, registrar.StatusTransferring)) + ")"

	// $1 = finished before. A domain that is gone counts as needed until its record changed last.
	neededClient = `(exists (select 1 from domains d where d.handle = c.handle and d.handle <> '' and (d.updated_at >= $1 or d.` + heldStatus + `))
		or exists (select 1 from operations o where o.client = c.id and o.client is not null and o.finished_at is null)
		or exists (select 1 from requests o where o.client = c.id and o.client is not null and o.` + unfinished + `)
		or exists (select 1 from requests o where o.object = c.handle and o.` + unfinished + `))`

	neededRequest = `case when r.kind in (` + clientKinds + `)
		then exists (select 1 from clients c where c.handle = r.object and ` + neededClient + `)
		else exists (select 1 from domains d where d.name = r.object and (d.updated_at >= $1 or d.` + heldStatus + `))
			or exists (select 1 from requests o where o.object = r.object and o.` + unfinished + `) end`

	erasableClient = `c.sealed_contact is not null and c.created_at < $1 and not ` + neededClient + `
		and not exists (select 1 from requests o where o.client = c.id and o.client is not null and o.updated_at >= $1)`

	erasableRequest = `r.state in (` + finalStates + `) and r.updated_at < $1
		and (length(r.sealed_body) > 0 or exists (select 1 from mails m where m.request = r.id and m.request is not null and ` + toldMail + ` and ` + settledMail + `)
			or exists (select 1 from reviews a, mails m where a.request = r.id and a.request <> '' and a.resolved_at is not null and m.id = a.mail and ` + toldMail + ` and ` + settledMail + `))
		and not ` + neededRequest

	// The mail can still be shown in part: keep.mails leaves the headings.
	toldMail = "(length(m.sealed_raw) > 0 or length(m.sealed_heading) > 0)"

	// Other mails are yet to be looked at by a person.
	settledMail = `m.state not in ('new', 'review') and not exists (select 1 from reviews v where v.mail = m.id and v.resolved_at is null)`

	unbound = "m.request is null and m.direction = 'in' and " + toldMail

	unboundMails = "select m.id, m.at, case when " + settledMail + " then 1 else 0 end = 1 from mails m where " + unbound +
		" and (m.at, m.id) < ($1, $2) order by m.at desc, m.id desc limit $3"

	ofCustomer = `r.id in (select id from requests where client in (select id from clients where customer = $4)
		union select id from requests where object in (select handle from clients where customer = $4)
		union select request from operations where customer = $4 and request is not null)`

	customersClients  = "select c.id from clients c where c.customer = $4 and c.id > $2 and " + erasableClient + " order by c.id limit $3"
	allClients        = "select c.id from clients c where c.id > $2 and " + erasableClient + " order by c.id limit $3"
	customersRequests = "select r.id from requests r where " + ofCustomer + " and r.id > $2 and " + erasableRequest + " order by r.id limit $3"
	allRequests       = "select r.id from requests r where r.id > $2 and " + erasableRequest + " order by r.id limit $3"
)

// FindClients lists at most limit clients after an ID whose contacts may go.
func (t Erasures) FindClients(q Finished, after int64, limit int) ([]int64, error) {
	if q.Customer == "" {
		return collect(t.tx, scanNumber, allClients, q.before(), after, limit)
	}
	return collect(t.tx, scanNumber, customersClients, q.before(), after, limit, q.Customer)
}

// FindRequests lists at most limit requests after an ID whose bodies or mails may go.
func (t Erasures) FindRequests(q Finished, after string, limit int) ([]string, error) {
	if q.Customer == "" {
		return collect(t.tx, scanText, allRequests, q.before(), after, limit)
	}
	return collect(t.tx, scanText, customersRequests, q.before(), after, limit, q.Customer)
}

// Erased replaces a digest of personal data that was removed.
const Erased = "erased"

// Client removes the contact of a client, and the mark by which the client is recognised,
// unless the client has become needed meanwhile.
func (t Erasures) Client(q Finished, id int64) (contacts int64, err error) {
	contacts, err = t.change("update clients as c set sealed_contact = null, identity = $2 where c.id = $3 and "+erasableClient,
		q.before(), fmt.Sprint(Erased, " ", id), id)
	if err != nil {
		return 0, fmt.Errorf("erase contact: %w", err)
	}
	return contacts, nil
}

// Request removes the body of a request, the mails about it, and the digest of the order that
// it came from, unless the request has become needed meanwhile.
func (t Erasures) Request(q Finished, id string) (bodies, mails int64, err error) {
	// Checked again in this transaction, because an order may have come to need the request since it was found.
	may, err := one(t.tx, scanNumber, "select count(*) from requests r where r.id = $2 and "+erasableRequest, q.before(), id)
	if err != nil || may == 0 {
		return 0, 0, err
	}

	if bodies, err = t.change("update requests set sealed_body = $1, digest = '' where id = $2 and length(sealed_body) > 0", []byte{}, id); err != nil {
		return 0, 0, fmt.Errorf("erase request: %w", err)
	}

	// The row of a mail stays, so that the mail is never taken for a new one.
	for _, about := range []string{"m.request = $2 and m.request is not null", "m.id in (select mail from reviews a where a.request = $2 and a.request <> '' and a.resolved_at is not null)"} {
		n, err := t.change("update mails as m set sealed_raw = $1, sealed_heading = $1, sender = '', sender_host = '' where "+about+" and "+toldMail+" and "+settledMail, []byte{}, id)
		if err != nil {
			return 0, 0, fmt.Errorf("erase mails: %w", err)
		}
		mails += n
	}

	if err := t.tx.exec("update operations set digest = $1 where request = $2 and finished_at is not null", Erased, id); err != nil {
		return 0, 0, fmt.Errorf("erase digest: %w", err)
	}

	return bodies, mails, nil
}

// Unbound is a mail that is tied to no request.
type Unbound struct {
	ID      registrar.MailID
	At      time.Time
	Settled bool // no person has yet to look at it
	Heading Heading
	Raw     []byte // its beginning; nil = removed
}

// Unbound lists received mails that are tied to no request and can still be read in part, the newest first,
// behind one of another page, with no more than most bytes of each. The zero Unbound is the beginning.
func (t Erasures) Unbound(behind Unbound, limit, most int) ([]Unbound, error) {
	if behind.ID == "" {
		behind.At = time.UnixMilli(math.MaxInt64 / 2)
	}
	list, err := collect(t.tx, scanUnbound, unboundMails, behind.At.UnixMilli(), behind.ID, limit)
	if err != nil {
		return nil, err
	}

	for i := range list {
		m := &list[i]
		raw, err := t.tx.Mails.Raw(m.ID)
		if err != nil && !errors.Is(err, ErrRemoved) {
			return nil, fmt.Errorf("open mail %s: %w", m.ID, err)
		}
		// A clone, or it would keep the whole of a large mail in memory.
		m.Raw = slices.Clone(raw[:min(len(raw), most)])
		if m.Heading, err = t.tx.Mails.Heading(m.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("open heading of mail %s: %w", m.ID, err)
		}
	}
	return list, nil
}

func scanUnbound(s sqldb.Scanner) (m Unbound, err error) {
	return m, s.Scan(&m.ID, sqldb.At(&m.At), &m.Settled)
}

// Mail removes the bytes and the heading of a mail that is tied to no request, unless a person
// has yet to look at it. It returns the number of removed mails: 1 or 0.
func (t Erasures) Mail(id registrar.MailID) (int64, error) {
	n, err := t.change("update mails as m set sealed_raw = $1, sealed_heading = $1, sender = '', sender_host = '' where m.id = $2 and "+unbound+" and "+settledMail,
		[]byte{}, id)
	if err != nil {
		return 0, fmt.Errorf("erase mail %s: %w", id, err)
	}
	return n, nil
}

func (t Erasures) change(query string, args ...any) (int64, error) {
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, query, args...)
	return n, translate(err)
}

func (q Finished) before() int64 {
	if q.Before.IsZero() {
		return math.MaxInt64
	}
	return q.Before.UnixMilli()
}

// requestsOf selects the requests of a customer.
const requestsOf = `select request from operations where customer = $1 and request is not null
	union select id from requests where client in (select id from clients where customer = $1)`

// Kept lists which of a customer's personal data must stay, and why.
func (t Erasures) Kept(customer string) ([]registrar.Kept, error) {
	// A domain with an open operation is listed with that operation.
	held, err := collect(t.tx, scanKept, `select 'contact, requests and mails of ' || name, 'the domain is ' || status from domains
		where customer = $1 and `+heldStatus+` and not exists (select 1 from operations o where o.domain = domains.name and o.finished_at is null) order by name`, customer)
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}

	open, err := collect(t.tx, scanKept, `select 'contact, requests and mails of ' || domain, 'operation ' || id || ' (' || kind || ') is ' || state
		from operations where customer = $1 and finished_at is null order by domain`, customer)
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}

	mails, err := collect(t.tx, scanKept, `select 'mail ' || m.id, 'it waits for a person to read it' from mails m
		where length(m.sealed_raw) > 0 and not (`+settledMail+`)
			and (m.request in (`+requestsOf+`) or m.id in (select a.mail from reviews a where a.request in (`+requestsOf+`))) order by m.id`, customer)
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}
	return append(append(held, open...), mails...), nil
}

func scanKept(s sqldb.Scanner) (k registrar.Kept, err error) { return k, s.Scan(&k.What, &k.Why) }
