package config

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Keep is the block keep of the panel: how long personal data are kept after their use is over.
type Keep struct {
	Contacts  time.Duration // of concluded orders whose domains are not held
	Codes     time.Duration // transfer codes of concluded orders
	Cancelled time.Duration // orders that were cancelled and never paid
}

// day is a unit of retention.
const day = 24 * time.Hour

// defaultKeep applies if the file says nothing. Contacts: three years, as long as claims last;
// codes: until a transfer can't be disputed; cancelled orders: as long as people come back to them.
func defaultKeep() Keep { return Keep{Contacts: 1095 * day, Codes: 30 * day, Cancelled: 90 * day} }

// keepBlock is the block as HCL sees it.
type keepBlock struct {
	Contacts  *string `hcl:"contacts,optional"`
	Codes     *string `hcl:"codes,optional"`
	Cancelled *string `hcl:"cancelled,optional"`

	At          hcl.Range `hcl:",def_range"`
	ContactsAt  hcl.Range `hcl:"contacts,attr_value_range"`
	CodesAt     hcl.Range `hcl:"codes,attr_value_range"`
	CancelledAt hcl.Range `hcl:"cancelled,attr_value_range"`
}

func (r *reader) keep(b *keepBlock) Keep {
	k := defaultKeep()

	if b == nil {
		return k
	}

	for _, s := range []struct {
		name string
		text *string
		at   hcl.Range
		into *time.Duration
	}{
		{"contacts", b.Contacts, b.ContactsAt, &k.Contacts},
		{"codes", b.Codes, b.CodesAt, &k.Codes},
		{"cancelled", b.Cancelled, b.CancelledAt, &k.Cancelled},
	} {
		if s.text == nil {
			continue
		}
		d, ok := keptFor(*s.text)
		if !ok {
			r.add(r.at(s.at, b.At), fmt.Sprintf(`panel.keep.%s must be a duration such as "30d" or "12h", of 1s to 36500d`, s.name))
			continue
		}
		*s.into = d
	}

	return k
}

// longestKept is longer than anything is kept.
const longestKept = 36500 * day

// keptFor reads a duration within sensible limits.
func keptFor(text string) (time.Duration, bool) {
	d, ok := lasting(text)
	return d, ok && d >= time.Second && d <= longestKept
}
