package gateway

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"runtime"
	"time"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// portfolio is every domain of ours with what a zone list shows of it, so small that a
// million fit into some 50 MB, without pointers for the garbage collector to follow. Names
// lie in one block of bytes, and slots hold, by hash, the number of an entry plus one. The
// bits of a slot that no number needs hold bits of the hash: of most names in a list that are
// not ours, the slot alone tells it.
type portfolio struct {
	seed    maphash.Seed
	names   []byte
	entries []holding
	slots   []uint32
	number  uint32   // the bits of a slot for that
	words   []string // registrars seen, by number
}

// holding is one domain.
type holding struct {
	at       uint32 // of its name
	changed  uint32 // Unix seconds, rounded up
	paidTill dayNumber
	// What the list shows, if it shows it.
	created, till dayNumber
	registrar     uint16 // index into words
	size          uint8  // of its name
	status        uint8  // index into statuses
	flags         flags
}

type flags uint8

const (
	isWatched   flags = 1 << iota // an operation is open on it, or it is in doubt: look at it whatever the list says
	inList                        // it stands in the list
	isDelegated                   // and says that it is delegated
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

// newPortfolio has room for n domains.
func newPortfolio(n int) *portfolio {
	const usualName = 20
	slots := 1 << bits.Len(uint(2*n+1))
	return &portfolio{seed: maphash.MakeSeed(), names: make([]byte, 0, n*usualName), entries: make([]holding, 0, n),
		slots: make([]uint32, slots), number: 1<<bits.Len(uint(n)) - 1}
}

// add adds a domain that is not in it yet; there must be room.
func (p *portfolio) add(h *store.Holding) {
	p.entries = append(p.entries, holding{at: uint32(len(p.names)), size: uint8(len(h.Name)), status: statusNumber(h.Status),
		paidTill: dayOf(h.PaidTill), changed: uint32((h.ChangedAt + 999) / 1000)})
	p.names = append(p.names, h.Name...)
	slot, mark := p.slot(h.Name)
	for p.slots[slot] != 0 {
		slot = p.next(slot)
	}
	p.slots[slot] = mark | uint32(len(p.entries))
}

// collectEvery is after how many domains what reading them has left is collected. It is as
// much as what is kept of them, so by itself the heap would grow to twice that first.
const collectEvery = 200_000

// collect is add for very many.
func (p *portfolio) collect(h *store.Holding) {
	if p.add(h); len(p.entries)%collectEvery == 0 {
		runtime.GC() // a few milliseconds: there is hardly a pointer to follow
	}
}

// slot is where the search for a name begins, and the mark that its slot has.
func (p *portfolio) slot(name []byte) (at uint64, mark uint32) {
	hash := maphash.Bytes(p.seed, name)
	return hash & uint64(len(p.slots)-1), uint32(hash>>32) &^ p.number
}

func (p *portfolio) next(slot uint64) uint64 { return (slot + 1) & uint64(len(p.slots)-1) }

func (p *portfolio) name(e *holding) []byte { return p.names[e.at : e.at+uint32(e.size)] }

// find returns the entry of a name; nil = it is not ours.
func (p *portfolio) find(name []byte) *holding {
	for slot, mark := p.slot(name); p.slots[slot] != 0; slot = p.next(slot) {
		if p.slots[slot]&^p.number != mark {
			continue
		}
		if e := &p.entries[p.slots[slot]&p.number-1]; int(e.size) == len(name) && bytes.Equal(p.name(e), name) {
			return e
		}
	}
	return nil
}

// see notes what the list shows of a domain, if it is ours.
func (p *portfolio) see(l *registry.Line) {
	e := p.find(l.Name)
	if e == nil {
		return
	}
	e.flags |= inList
	if l.Delegated {
		e.flags |= isDelegated
	}
	e.registrar, e.created, e.till = p.word(l.Registrar), dayOf(l.Created), dayOf(l.PaidTill)
}

// word numbers a registrar's name; there are some hundred.
func (p *portfolio) word(text []byte) uint16 {
	for i, w := range p.words {
		if w == string(text) {
			return uint16(i)
		}
	}
	const many = 1 << 15
	if len(p.words) == many {
		return many - 1 // a list with so many registrars is told apart badly, not believed less
	}
	p.words = append(p.words, string(text))
	return uint16(len(p.words) - 1)
}

// sighting is what the list, true of asOf, shows of an entry.
func (p *portfolio) sighting(e *holding, asOf time.Time) sighting {
	s := sighting{asOf: asOf, present: e.flags.has(inList), fromList: true}
	if s.present {
		l := registry.Line{Name: p.name(e), Registrar: []byte(p.words[e.registrar]), Created: e.created.date(), PaidTill: e.till.date(),
			Delegated: e.flags.has(isDelegated)}
		s.Record = l.Record()
	}
	return s
}
