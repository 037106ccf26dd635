package store

import (
	"errors"
	"fmt"
	"testing"

	"registrar.panel/shared/registrar"
)

// However many alarms stand, those that are cleared are gone, the others stay, and they are listed once
// in a transaction at most: a plugin with a thousand alarms does not work a thousand times as long.
func TestAlarmsAreListedOnce(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 1, mostAlarms - 1, mostAlarms, mostAlarms + 1, 3 * mostAlarms} {
		s := open(t)
		write(t, s, func(tx *Tx) (err error) {
			for i := range most {
				_, raised := tx.RaiseAlarm(registrar.Alarm{Key: fmt.Sprint("k", i), Since: noon}, "")
				err = errors.Join(err, raised)
			}
			return err
		})

		write(t, s, func(tx *Tx) error {
			if stood, err := tx.ClearAlarm("another"); stood || err != nil {
				t.Errorf("with %d alarms, one that does not stand stood: %v, %v", most, stood, err)
			}
			// Past the store, to see whether it lists them again.
			if err := tx.exec("insert into alarms (key, domain, since, message) values ('unlisted', '', 0, '')"); err != nil {
				return err
			}
			if stood, err := tx.ClearAlarm("unlisted"); err != nil || stood != (most > mostAlarms) {
				t.Errorf("with %d alarms, one that was not listed stood: %v, %v", most, stood, err)
			}
			if tx.memo.many != (most > mostAlarms) || len(tx.memo.alarms) > mostAlarms+2 {
				t.Errorf("of %d alarms %d are kept, many: %v", most, len(tx.memo.alarms), tx.memo.many)
			}

			for i := range most {
				if stood, err := tx.ClearAlarm(fmt.Sprint("k", i)); !stood || err != nil {
					t.Errorf("alarm %d of %d stood: %v, %v", i, most, stood, err)
				}
			}

			return tx.exec("delete from alarms where key = 'unlisted'")
		})

		write(t, s, func(tx *Tx) error {
			left, err := tx.Alarms()
			if len(left) > 0 {
				t.Errorf("of %d alarms are left %v", most, left)
			}
			return err
		})
	}
}
