package gateway

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"time"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// portfolio is every domain of ours with what a zone list shows of it, so small that a
// million fit into some 60 MB. Names lie in one block of bytes, and slots hold, by hash, the
// number of an entry plus one beside a part of the hash.
type portfolio struct {
	seed    maphash.Seed
	names   []byte
	entries []holding
	slots   []uint64
	words   []string // registrars seen, by number
}

// holding is one domain. Days are numbers like 20261124; 0 = not known.
type holding struct {
	at       uint32 // of its name
	size     uint8
	status   uint8 // index into DomainStatuses
	watched  bool  // an operation is open on it, or it is in doubt: look at it whatever the list says
	changed  int64 // Unix milliseconds
	paidTill int32

	shown         bool // it stands in the list, and the rest is what the list shows
	delegated     bool
	registrar     uint16 // index into words
	created, till int32
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
	return &portfolio{seed: maphash.MakeSeed(), names: make([]byte, 0, n*usualName), entries: make([]holding, 0, n), slots: make([]uint64, slots)}
}

// add adds a domain that is not in it yet; there must be room.
func (p *portfolio) add(h *store.Holding) {
	till, _ := registrar.ParseDate(h.PaidTill)
	p.entries = append(p.entries, holding{at: uint32(len(p.names)), size: uint8(len(h.Name)), status: statusNumber(h.Status),
		paidTill: number(till), changed: h.UpdatedAt})
	p.names = append(p.names, h.Name...)
	hash := maphash.String(p.seed, h.Name)
	slot := hash & uint64(len(p.slots)-1)
	for p.slots[slot] != 0 {
		slot = (slot + 1) & uint64(len(p.slots)-1)
	}
	p.slots[slot] = hash>>32<<32 | uint64(len(p.entries))
}

func (p *portfolio) name(e *holding) []byte { return p.names[e.at : e.at+uint32(e.size)] }

// find returns the entry of a name; nil = it is not ours.
func (p *portfolio) find(name []byte) *holding {
	hash := maphash.Bytes(p.seed, name)
	for slot := hash & uint64(len(p.slots)-1); ; slot = (slot + 1) & uint64(len(p.slots)-1) {
		found := p.slots[slot]
		switch {
		case found == 0:
			return nil
		case found>>32 != hash>>32:
			continue
		}
		if e := &p.entries[uint32(found)-1]; bytes.Equal(p.name(e), name) {
			return e
		}
	}
}

// see notes what the list shows of a domain, if it is ours.
func (p *portfolio) see(l *registry.Line) {
	e := p.find(l.Name)
	if e == nil {
		return
	}
	e.shown, e.delegated, e.registrar = true, l.Delegated, p.word(l.Registrar)
	e.created, e.till = number(l.Created), number(l.PaidTill)
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
	s := sighting{asOf: asOf, present: e.shown, fromList: true}
	if e.shown {
		l := registry.Line{Name: p.name(e), Registrar: []byte(p.words[e.registrar]), Created: date(e.created), PaidTill: date(e.till),
			Delegated: e.delegated}
		s.Record = l.Record()
	}
	return s
}

func number(d registrar.Date) int32 { return int32(d.Year*10000 + int(d.Month)*100 + d.Day) }

func date(n int32) registrar.Date {
	return registrar.Date{Year: int(n / 10000), Month: time.Month(n / 100 % 100), Day: int(n % 100)}
}
