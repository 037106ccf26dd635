package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// rowsOf is all that a table holds of requests whose IDs begin so, as text without the beginning.
func rowsOf(tx *Tx, table, key, beginning string) ([]string, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, "select * from "+table+" where "+key+" like $1 order by "+key, "%"+beginning+"%")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}

	var all []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		var text []string
		for i, v := range values {
			if !strings.HasPrefix(columns[i], "sealed_") { // it is sealed another way each time
				text = append(text, fmt.Sprint(columns[i], "=", *v.(*any)))
			}
		}
		all = append(all, strings.ReplaceAll(strings.Join(text, " "), beginning, ""))
	}
	slices.Sort(all)
	return all, rows.Err()
}

// Requests that move together end as requests do that move one after another, and so do their operations.
func TestTogetherIsOneByOne(t *testing.T) {
	t.Parallel()

	befores := []lifecycle.Event{"", lifecycle.Claimed, lifecycle.Lost}
	thens := []lifecycle.Event{lifecycle.Claimed, lifecycle.Relayed, lifecycle.Deferred, lifecycle.Refused, lifecycle.Lost, lifecycle.Withdrawn, lifecycle.SaidDone, lifecycle.Resend}
	random := rand.New(rand.NewPCG(1, 2))
	s := open(t)
	for round, n := range []int{1, 2, 3, 10, 75, 75, 140} {
		var before, then []lifecycle.Event
		for range n {
			before = append(before, befores[random.IntN(len(befores))])
			then = append(then, thens[random.IntN(len(thens))])
		}

		beginnings := []string{fmt.Sprintf("alone%d-", round), fmt.Sprintf("together%d-", round)}
		moved := 0
		write(t, s, func(tx *Tx) error {
			for i, beginning := range beginnings {
				moves, err := prepared(t, tx, beginning, before, then)
				if err != nil {
					return err
				}
				if moved = len(moves); i == 0 {
					for _, m := range moves {
						if _, err := tx.Requests.Advance(m.Request, m.Decision, m.Change); err != nil {
							return err
						}
					}
					continue
				}
				ops, err := tx.Requests.AdvanceAll(moves)
				if err != nil {
					return err
				}
				for i, m := range moves {
					if len(ops[i]) != 1 || ops[i][0].Domain != m.Request.Object || ops[i][0].State != m.Request.State {
						t.Errorf("of %+v the operations are %+v", m.Request, ops[i])
					}
				}
			}
			return nil
		})
		if moved == 0 && n > 3 {
			t.Errorf("round %d moves nothing", round)
		}

		for table, key := range map[string]string{"requests": "id", "operations": "id", "steps": "operation"} {
			var rows [2][]string
			write(t, s, func(tx *Tx) (err error) {
				for i, beginning := range beginnings {
					if rows[i], err = rowsOf(tx, table, key, beginning); err != nil {
						return err
					}
				}
				return nil
			})
			if len(rows[0]) < n || !slices.Equal(rows[0], rows[1]) {
				t.Errorf("round %d, %s, one by one:\n%s\n\ntogether:\n%s", round, table, strings.Join(rows[0], "\n"), strings.Join(rows[1], "\n"))
			}
		}
	}
}

// prepared stores requests to which something has happened, and returns the moves that are to follow.
func prepared(t *testing.T, tx *Tx, beginning string, before, then []lifecycle.Event) (moves []Move, err error) {
	t.Helper()

	for i, e := range before {
		r, err := addRequest(tx, fmt.Sprintf("%sr%03d", beginning, i), lifecycle.Prolong, fmt.Sprintf("%sd%03d.ru", beginning, i))
		if err != nil {
			return nil, err
		}

		happened := map[lifecycle.Event][]lifecycle.Event{lifecycle.Claimed: {lifecycle.Claimed}, lifecycle.Lost: {lifecycle.Claimed, lifecycle.Lost}}[e]
		for _, e := range happened {
			if _, err := tx.Requests.Advance(&r, decide(t, r, e), Change{At: noon, Message: "before", Deadline: noon.Add(time.Hour)}); err != nil {
				return nil, err
			}
		}
		if d, ok := suits(r, then[i]); ok {
			moves = append(moves, Move{Request: &r, Decision: d, Change: Change{At: noon, Message: "about " + r.Object, Error: string(d.Stall())}})
		}
	}
	return moves, nil
}

// suits decides on an event, if the state takes it.
func suits(r Request, e lifecycle.Event) (lifecycle.Decision, bool) {
	for _, source := range []lifecycle.Source{lifecycle.FromQueue, lifecycle.FromRelay, lifecycle.FromPerson} {
		if d, ok := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: source, Event: e, Noted: "a test"}).Decision(); ok {
			return d, true
		}
	}
	return lifecycle.Decision{}, false
}

// One request of a mail has moved: none of the mail is claimed, in the store or in memory.
func TestClaimIsOfAllOrNone(t *testing.T) {
	t.Parallel()

	s := open(t)
	var all []Request
	var fence int64
	write(t, s, func(tx *Tx) (err error) {
		if fence, err = tx.TakeOver(); err != nil {
			return err
		}
		for i := range 10 {
			r, err := addRequest(tx, fmt.Sprint("r", i), lifecycle.Prolong, fmt.Sprintf("d%d.ru", i))
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	write(t, s, func(tx *Tx) error {
		gone := all[7]
		_, err := tx.Requests.Advance(&gone, decide(t, gone, lifecycle.Withdrawn), Change{At: noon})
		return err
	})

	if err := s.Write(t.Context(), func(tx *Tx) error { return tx.Requests.Claim(all, fence, "digest", noon) }); !errors.Is(err, ErrMoved) {
		t.Fatalf("claimed: %v", err)
	}
	write(t, s, func(tx *Tx) error {
		now, err := tx.Requests.Again(all)
		if err != nil {
			return err
		}
		for i, r := range now {
			if all[i].State != registrar.Queued || all[i].Attempt != 0 || r.Attempt != 0 || (r.State == registrar.Queued) != (i != 7) {
				t.Errorf("request %d is %+v here and %+v there", i, all[i], r)
			}
		}
		return nil
	})

	left := slices.Delete(slices.Clone(all), 7, 8)
	write(t, s, func(tx *Tx) error { return tx.Requests.Claim(left, fence, "digest", noon) })
	write(t, s, func(tx *Tx) error {
		spent, _, err := tx.Requests.Spent(noon.Add(-time.Hour), noon.Add(-time.Hour), noon)
		if err != nil || spent.All != len(left) {
			t.Errorf("%d transmissions of %d are counted, %v", spent.All, len(left), err)
		}
		most, err := tx.Requests.Transmitted(noon.Add(-time.Hour), noon.Add(-time.Hour), noon)
		if err != nil || most.All < spent.All || most.Lately < spent.Lately {
			t.Errorf("at most %+v, and %+v are counted: %v", most, spent, err)
		}
		return nil
	})
}

// What was over when the moves got a column of their own is still over, void or not, and its history is
// there; what was open still keeps others out.
func TestMigrationOfMoves(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	before := fstest.MapFS{}
	err := fs.WalkDir(migrations(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path >= "00014" {
			return err
		}
		text, err := fs.ReadFile(migrations(), path)
		before[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	old, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(dir, database), Create: true, Migrations: before})
	if err != nil {
		t.Fatal(err)
	}

	makeKey(t, dir)
	err = old.Write(t.Context(), func(tx *sql.Tx) error {
		for i, state := range registrar.OperationStates() {
			for _, attempt := range []int{0, 1} {
				hold := ""
				if state.WaitsForPerson() {
					hold = "no_answer"
				}
				id := fmt.Sprintf("r%d-%d", i, attempt)
				for _, statement := range []string{
					`insert into requests (id, kind, agreement, object, base, base_day, state, hold, attempt, message_id, token, sealed_body, created_at, due_at, updated_at)
						values ($1, 'prolong', 'A', $1 || '.ru', '2027-01-01', 754115, '` + string(state) + `', '` + hold + fmt.Sprintf(`', %d`, attempt) + `, $1, $1, x'', 1, 2, 3)`,
					"insert into attempts (request, attempt, claimed_at, outcome) values ($1, 1, 4, 'accepted')",
					"insert into operations (id, digest, kind, domain, customer, request, state, sealed_order, created_at, updated_at, finished_at) values ($1, 'd', 'renew', $1 || '.ru', 'c', $1, 'Succeeded', x'', 1, 2, 3)",
					"insert into steps (operation, number, at, state, message, actor) values ($1, 1, 5, 'Queued', 'begun', 'plugin'), ($1, 2, 6, 'Succeeded', 'done', 'plugin')",
				} {
					if _, err := tx.ExecContext(t.Context(), statement, id); err != nil {
						return fmt.Errorf("%s: %w", statement, err)
					}
				}
			}
		}
		return nil
	})
	if err := errors.Join(err, old.Close()); err != nil {
		t.Fatal(err)
	}

	s := reopen(t, dir, false)
	for i, state := range registrar.OperationStates() {
		for _, attempt := range []int{0, 1} {
			id := fmt.Sprintf("r%d-%d", i, attempt)
			again := Request{ID: "new" + id, Kind: lifecycle.Prolong, Agreement: "A", Object: id + ".ru", Base: registrar.Date{Year: 2027, Month: 1, Day: 2}, MessageID: "new" + id, Token: "new" + id, CreatedAt: noon, DueAt: noon}
			err := s.Write(t.Context(), func(tx *Tx) error { _, err := tx.Requests.Add(again, nil); return err })
			void := state == registrar.Failed || state == registrar.Cancelled && attempt == 0
			if void != (err == nil) || !void && !errors.Is(err, ErrExists) {
				t.Errorf("%s, sent %d times: another renewal for the year: %v", state, attempt, err)
			}

			write(t, s, func(tx *Tx) error {
				history, err := tx.Operations.History(registrar.OperationID(id))
				if err != nil || len(history) != 2 || history[1].Message != "done" {
					t.Errorf("the history of %s is %+v, %v", id, history, err)
				}
				first, err := tx.Requests.FirstClaim(id)
				if err != nil || first.UnixMilli() != 4 {
					t.Errorf("%s was claimed at %v, %v", id, first, err)
				}
				return nil
			})
		}
	}

	for _, wrong := range []string{"update requests set state = 'Succeeded', hold = '' where closed = 0", "update requests set closed = 1 where state = 'Sent'"} {
		if err := s.Write(t.Context(), func(tx *Tx) error { return tx.exec(wrong) }); err == nil {
			t.Errorf("accepted: %s", wrong)
		}
	}
}
