package store

import "registrar.panel/shared/registrar"

// memo is what a transaction has read and need not read again, because nothing else changes it
// until the transaction ends. The transaction's own writes are recorded here, too; if a part of
// it is undone, the whole memo is forgotten.
type memo struct {
	alarms  map[string]bool             // the keys of those that stand; nil = not read, or too many
	many    bool                        // too many alarms stand to keep their keys
	records map[string]registrar.Domain // as Record returns them
}

// The most that is kept in memory. Where more alarms stand, to list
// them takes longer than to look for those that are cleared.
const (
	mostRecords = 1000
	mostAlarms  = 100
)

// keep keeps the record of a domain in memory.
func (tx *Tx) keep(d registrar.Domain) {
	if len(tx.memo.records) >= mostRecords {
		clear(tx.memo.records)
	}
	tx.memo.records[d.Name] = d
}

// mayStand reports whether an alarm may stand. Most alarms that are cleared do not stand.
func (tx *Tx) mayStand(key string) (bool, error) {
	if tx.memo.alarms == nil && !tx.memo.many {
		keys, err := collect(tx, scanText, "select key from alarms limit $1", mostAlarms+1)
		if err != nil {
			return true, err
		}
		if len(keys) > mostAlarms {
			tx.memo.many = true
			return true, nil
		}
		tx.memo.alarms = make(map[string]bool, len(keys))
		for _, k := range keys {
			tx.memo.alarms[k] = true
		}
	}
	return tx.memo.many || tx.memo.alarms[key], nil
}

// noted records that an alarm stands from now on, or no longer.
func (tx *Tx) noted(key string, stands bool) {
	if tx.memo.alarms != nil {
		tx.memo.alarms[key] = stands
	}
}
