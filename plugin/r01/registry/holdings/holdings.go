// Package holdings compares the domains that we hold with a zone list of millions of lines.
//
// [Set.Add] and [Set.AddBulk] add our domains, [Set.See] takes a line of the list, [Set.Find] looks a domain
// up, and [Set.All] yields what was found. A million domains take some 50 MB, and a line about a domain that
// is not ours costs one hash. A Set is for one goroutine. There are no errors: the content of a line is
// recorded, not judged.
package holdings

import (
	"bytes"
	"hash/maphash"
	"iter"
	"math/bits"
	"runtime"
	"time"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// Set has all our domains, and what a zone list shows of each. It has no pointers for the garbage collector
// to follow. Names are in one block of bytes, and slots hold, by hash, the number of an entry plus one. The
// bits of a slot that no number needs hold bits of the hash: for most names in a list that are not ours, the
// slot alone shows that they are not.
type Set struct {
	seed    maphash.Seed
	names   []byte
	entries []Entry
	slots   []uint32
	number  uint32   // the bits of a slot for the number
	words   []string // registrars seen, by number
}

// Entry is one domain.
type Entry struct {
	at       uint32 // of its name
	changed  uint32 // Unix seconds, rounded up
	paidTill dayNumber
	// What the list shows, if it has the domain.
	created, till dayNumber
	registrar     uint16 // index into words
	size          uint8  // of its name
	status        uint8  // index into statuses
	flags         flags
}

type flags uint8

const (
	isWatched   flags = 1 << iota // an operation is open on it, or it is in doubt: look at it in any case
	inList                        // it is in the list
	isDelegated                   // and the list says that it is delegated
)

func (f flags) has(one flags) bool { return f&one != 0 }

// dayNumber counts days since the first of 1990; 0 = not known.
type dayNumber uint16

var dayZero = registrar.Date{Year: 1990, Month: time.January, Day: 1}

func dayOf(d registrar.Date) dayNumber {
	if d.IsZero() {
		return 0
	}
	return dayNumber(min(max(d.DaysSince(dayZero), 1), 1<<16-1))
}

func (n dayNumber) date() registrar.Date {
	if n == 0 {
		return registrar.Date{}
	}
	return dayZero.AddDays(int(n))
}

var statuses = registrar.DomainStatuses()

func statusNumber(s registrar.DomainStatus) uint8 {
	for i, have := range statuses {
		if have == s {
			return uint8(i)
		}
	}
	return 0
}

// New returns a Set that has room for n domains.
func New(n int) *Set {
	const usualName = 20
	// Half of the slots stay empty, so that a search ends soon.
	slots := 1 << bits.Len(uint(2*n+1))
	return &Set{seed: maphash.MakeSeed(), names: make([]byte, 0, n*usualName), entries: make([]Entry, 0, n),
		slots: make([]uint32, slots), number: 1<<bits.Len(uint(n)) - 1}
}

// Add adds a domain that is not in the set yet; there must be room. changedAt is when its record changed, in
// Unix milliseconds.
func (p *Set) Add(name []byte, status registrar.DomainStatus, paidTill registrar.Date, changedAt int64) {
	// The time is rounded up, so that no list seems younger than a record of the same second.
	p.entries = append(p.entries, Entry{at: uint32(len(p.names)), size: uint8(len(name)), status: statusNumber(status),
		paidTill: dayOf(paidTill), changed: uint32((changedAt + 999) / 1000)})
	p.names = append(p.names, name...)
	slot, mark := p.slot(name)
	for p.slots[slot] != 0 {
		slot = p.next(slot)
	}
	p.slots[slot] = mark | uint32(len(p.entries))
}

// collectEvery is after how many domains the collector runs. Reading them leaves as much garbage as the set
// itself takes, so otherwise the heap would first grow to twice that.
const collectEvery = 200_000

// AddBulk adds one of very many domains, and runs the collector now and then.
func (p *Set) AddBulk(name []byte, status registrar.DomainStatus, paidTill registrar.Date, changedAt int64) {
	if p.Add(name, status, paidTill, changedAt); len(p.entries)%collectEvery == 0 {
		runtime.GC() // a few milliseconds: there is hardly a pointer to follow
	}
}

// slot returns where the search for a name begins, and the mark of its slot.
func (p *Set) slot(name []byte) (at uint64, mark uint32) {
	hash := maphash.Bytes(p.seed, name)
	return hash & uint64(len(p.slots)-1), uint32(hash>>32) &^ p.number
}

func (p *Set) next(slot uint64) uint64 { return (slot + 1) & uint64(len(p.slots)-1) }

// Name returns the name of an entry.
func (p *Set) Name(e *Entry) []byte { return p.names[e.at : e.at+uint32(e.size)] }

// Find returns the entry of a name; nil = it is not ours.
func (p *Set) Find(name []byte) *Entry {
	for slot, mark := p.slot(name); p.slots[slot] != 0; slot = p.next(slot) {
		// For most names in a list, which are not ours, the slot alone shows that.
		if p.slots[slot]&^p.number != mark {
			continue
		}
		if e := &p.entries[p.slots[slot]&p.number-1]; int(e.size) == len(name) && bytes.Equal(p.Name(e), name) {
			return e
		}
	}
	return nil
}

// See records what the list shows of a domain, if it is ours.
func (p *Set) See(l *registry.Line) {
	e := p.Find(l.Name)
	if e == nil {
		return
	}
	e.flags |= inList
	if l.Delegated {
		e.flags |= isDelegated
	}
	e.registrar, e.created, e.till = p.word(l.Registrar), dayOf(l.Created), dayOf(l.PaidTill)
}

// word returns the number of a registrar's name; there are some hundred.
func (p *Set) word(text []byte) uint16 {
	for i, w := range p.words {
		if w == string(text) {
			return uint16(i)
		}
	}
	const many = 1 << 15
	if len(p.words) == many {
		return many - 1 // with so many registrars some share a number, which does no harm
	}
	p.words = append(p.words, string(text))
	return uint16(len(p.words) - 1)
}

// Len returns the number of domains.
func (p *Set) Len() int { return len(p.entries) }

// All yields every entry, in the order in which they were added.
func (p *Set) All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range p.entries {
			if !yield(&p.entries[i]) {
				return
			}
		}
	}
}

// Registrar returns the registrar that the list shows for a listed entry.
func (p *Set) Registrar(e *Entry) string { return p.words[e.registrar] }

// Record returns what the list shows for a listed entry.
func (p *Set) Record(e *Entry) registry.Record {
	l := registry.Line{Name: p.Name(e), Registrar: []byte(p.words[e.registrar]), Created: e.created.date(), PaidTill: e.till.date(),
		Delegated: e.flags.has(isDelegated)}
	return l.Record()
}

// Watch has an entry looked at whatever the list shows.
func (e *Entry) Watch() { e.flags |= isWatched }

// Watched reports whether an entry is looked at whatever the list shows.
func (e *Entry) Watched() bool { return e.flags.has(isWatched) }

// Listed reports whether the list shows the domain.
func (e *Entry) Listed() bool { return e.flags.has(inList) }

// Status returns the status in our record.
func (e *Entry) Status() registrar.DomainStatus { return statuses[e.status] }

// PaidTill returns the expiry in our record.
func (e *Entry) PaidTill() registrar.Date { return e.paidTill.date() }

// ChangedAt returns when our record last changed.
func (e *Entry) ChangedAt() time.Time { return time.Unix(int64(e.changed), 0) }

// Moved reports whether the list shows another expiry than our record.
func (e *Entry) Moved() bool { return e.Listed() && e.till != e.paidTill }

// Behind reports whether the list shows an earlier expiry than our record.
func (e *Entry) Behind() bool { return e.Listed() && e.till < e.paidTill }
