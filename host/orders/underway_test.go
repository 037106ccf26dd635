package orders

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/shared/registrar"
)

// Operations under way are counted by state, with the beginning of the oldest where it is known.
func TestCountOperations(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ctx := context.Background()
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		for i, op := range []*registrar.Operation{
			{State: registrar.Queued, CreatedAt: start.Add(time.Hour)},
			{State: registrar.Queued, CreatedAt: start},
			{State: registrar.Queued}, // written by a panel that kept no time
			{State: registrar.Uncertain},
			nil,
		} {
			d := held(fmt.Sprintf("d%d.ru", i), "c1", inDays(30))
			d.Operation = op
			if err := putDomain(ctx, tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Lists().CountOperations(ctx)
	want := []UnderWay{{State: registrar.Queued, Count: 3, Oldest: start.UTC()}, {State: registrar.Uncertain, Count: 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("counted %+v, %v; want %+v", got, err, want)
	}
	if err := b.Lists().Alive(ctx); err != nil {
		t.Errorf("alive: %v", err)
	}
}

// Counting looks at no domain that has nothing under way.
func TestCountOperationsByIndex(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	err := b.db.Read(t.Context(), func(tx *sql.Tx) error {
		if plan := sqldbtest.Plan(t, tx, operationsUnderWay); !strings.Contains(plan, "USING INDEX domains_operation") {
			t.Errorf("the plan is %s", plan)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
