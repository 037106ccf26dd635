package store

import (
	"errors"
	"time"

	"registrar.panel/internal/sqldb"
)

// ErrRemoved means that the bytes of the mail are no longer kept, or never were.
var ErrRemoved = errors.New("its text is not kept: it was removed when keep.mails or keep.strangers said so, a customer's data were erased, or the day's quota of unproved mails was used up")

// Remove removes the bytes of at most limit mails that are older than an instant, and returns how
// many. It leaves mails that are not read yet, that wait for a person, or whose request is not
// concluded. The row of a mail stays with its hash, so that the mail is never taken for a new one.
func (t Mails) Remove(before time.Time, limit int) (int64, error) {
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, `update mails set sealed_raw = $1 where id in (
		select id from mails m
		where m.at < $2 and length(m.sealed_raw) > 0 and m.state not in ('new', 'review')
			and not exists (select 1 from reviews v where v.mail = m.id and v.resolved_at is null)
			and not exists (select 1 from requests r where r.id = m.request and r.state not in (`+finalStates+`))
		order by m.at limit $3)`, []byte{}, sqldb.Millis(before), limit)
	return n, translate(err)
}
