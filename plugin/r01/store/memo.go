package store

import "registrar.panel/shared/registrar"

// memo is what a transaction has read and need not read again: while it lasts no other changes it. What it
// writes itself is written here, too; where a part of it is undone, all of this is forgotten.
type memo struct {
	alarms  map[string]bool             // the keys of those that stand; nil = not read
	records map[string]registrar.Domain // as Record returns them
}

// mostKept bounds what is kept in mind of each kind.
const mostKept = 1000

// keep keeps the record of a domain in mind.
func (tx *Tx) keep(d registrar.Domain) {
	if len(tx.memo.records) >= mostKept {
		clear(tx.memo.records)
	}
	tx.memo.records[d.Name] = d
}

// mayStand reports whether an alarm may stand. Most are cleared that do not.
func (tx *Tx) mayStand(key string) (bool, error) {
	if tx.memo.alarms == nil {
		keys, err := collect(tx, scanText, "select key from alarms limit $1", mostKept+1)
		if err != nil || len(keys) > mostKept {
			return true, err
		}
		tx.memo.alarms = make(map[string]bool, len(keys))
		for _, k := range keys {
			tx.memo.alarms[k] = true
		}
	}
	return tx.memo.alarms[key], nil
}

// noted records that an alarm stands from now on, or no longer.
func (tx *Tx) noted(key string, stands bool) {
	if tx.memo.alarms != nil {
		tx.memo.alarms[key] = stands
	}
}
