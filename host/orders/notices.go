package orders

import (
	"context"
	"database/sql"
	"time"

	"registrar.panel/internal/sqldb"
)

// NoticeChannel is how far people have been told through one channel.
type NoticeChannel struct {
	Name     string
	BegunAt  time.Time
	Number   int64     // of the last message
	ToldAt   time.Time // when the channel took it; zero = there was none
	DigestOn string    // YYYY-MM-DD of the last digest
}

// Notice is a thing that people were told about, and not yet that it is over.
type Notice struct {
	Item     string // identifies the thing
	Severity string
	What     string
	Since    time.Time // zero = not known
	ToldAt   time.Time // the last time
}

// Notices keeps in the book what people were told.
type Notices struct{ *ledger }

// Notices returns what the book knows of what people were told.
func (l *ledger) Notices() Notices { return Notices{l} }

// Claim makes this panel, of several, the one that sends, until an instant. For a new channel,
// today's digest counts as sent.
func (n Notices) Claim(ctx context.Context, name, holder string, until time.Time, today string) (c NoticeChannel, told []Notice, held bool, err error) {
	err = n.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exec(ctx, tx, "insert into notice_channels (name, begun_at, digest_on) values ($1, $2, $3) on conflict do nothing", name, sqldb.Millis(n.now()), today); err != nil {
			return err
		}

		// The claim of a panel that has died runs out, so it need not be given back.
		changed, err := sqldb.Changed(ctx, tx, "update notice_channels set holder = $1, held_until = $2 where name = $3 and (holder = $1 or held_until is null or held_until < $4)",
			holder, sqldb.Millis(until), name, sqldb.Millis(n.now()))
		if held = changed == 1; err != nil || !held {
			return fault(err, "claim channel of notices")
		}
		if c, err = scanChannel(tx.QueryRowContext(ctx, "select "+channelColumns+" from notice_channels where name = $1", name)); err != nil {
			return fault(err, "read channel of notices")
		}
		told, err = sqldb.Collect(ctx, tx, scanNotice, "select item, severity, what, since, told_at from notices where channel = $1 order by item", name)
		return fault(err, "read notices")
	})
	return c, told, held, err
}

const channelColumns = "name, begun_at, number, told_at, digest_on"

func scanChannel(row sqldb.Scanner) (c NoticeChannel, err error) {
	return c, row.Scan(&c.Name, sqldb.At(&c.BegunAt), &c.Number, sqldb.At(&c.ToldAt), &c.DigestOn)
}

func scanNotice(row sqldb.Scanner) (n Notice, err error) {
	return n, row.Scan(&n.Item, &n.Severity, &n.What, sqldb.At(&n.Since), sqldb.At(&n.ToldAt))
}

// Told records a message that was accepted: the items that it reported as standing, and those that it reported as over.
func (n Notices) Told(ctx context.Context, c NoticeChannel, stands []Notice, over []string) error {
	return n.db.Write(ctx, func(tx *sql.Tx) error {
		// In one transaction: if only the number were used up, the notices would be told anew under another ID, and a
		// receiver would take them for new.
		if err := exec(ctx, tx, "update notice_channels set number = $1, told_at = $2, digest_on = $3 where name = $4",
			c.Number, sqldb.Millis(c.ToldAt), c.DigestOn, c.Name); err != nil {
			return err
		}
		for _, item := range over {
			if err := exec(ctx, tx, "delete from notices where channel = $1 and item = $2", c.Name, item); err != nil {
				return err
			}
		}
		for _, s := range stands {
			if err := exec(ctx, tx, `insert into notices (channel, item, severity, what, since, told_at) values ($1, $2, $3, $4, $5, $6)
				on conflict (channel, item) do update set severity = excluded.severity, what = excluded.what, since = excluded.since, told_at = excluded.told_at`,
				c.Name, s.Item, s.Severity, s.What, sqldb.Millis(s.Since), sqldb.Millis(s.ToldAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Channels lists the channels through which people were told, by name, and how many things that stand each was told.
func (n Notices) Channels(ctx context.Context) (list []NoticeChannel, standing map[string]int, err error) {
	standing = map[string]int{}
	err = n.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if list, err = sqldb.Collect(ctx, tx, scanChannel, "select "+channelColumns+" from notice_channels order by name"); err != nil {
			return err
		}
		_, err = sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (none struct{}, err error) {
			var name string
			var n int
			err = row.Scan(&name, &n)
			standing[name] = n
			return none, err
		}, "select channel, count(*) from notices group by channel")
		return err
	})
	return list, standing, fault(err, "read channels of notices")
}
