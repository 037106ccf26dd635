package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// mark is how far a store had come, in a file beside it. It trails what is committed, so after a crash the
// store is at least as far. Instances that share a store have a mark each: the one that works moves its own
// before anything leaves, and the others follow.
type mark struct {
	incarnation string
	cursor      int64  // of the last event
	former      string // former incarnations, separated by spaces; only of a store
}

// markLayout has a fixed width, because a mark is moved by one write over itself.
const markLayout = "%-26s %20d\n"

// isOlder reports whether a store is older than the one that left a mark.
func (m mark) isOlder(left mark, shared bool) bool {
	if m.incarnation != left.incarnation {
		return !shared || !slices.Contains(strings.Fields(m.former), left.incarnation) // another instance may know it
	}
	return m.cursor < left.cursor
}

// position returns how far the store has come.
func position(ctx context.Context, tx *sql.Tx) (m mark, err error) {
	if m.incarnation, err = setting(ctx, tx, incarnationSetting); err != nil {
		return m, err
	}
	if m.former, err = setting(ctx, tx, formerSetting); err != nil {
		return m, err
	}
	return m, tx.QueryRowContext(ctx, "select coalesce(max(cursor), 0) from events").Scan(&m.cursor)
}

// markFile is the file of a mark. Its methods may be called concurrently.
type markFile struct {
	file string

	mu     sync.Mutex
	opened *os.File // once the mark has been moved
	last   mark     // the last one written
}

// read returns the mark. A missing file is fs.ErrNotExist, and a file that can't be read as a mark is a mark
// without incarnation.
func (w *markFile) read() (m mark, err error) {
	text, err := os.ReadFile(w.file)
	if err != nil {
		return mark{}, err
	}
	if _, err := fmt.Sscan(string(text), &m.incarnation, &m.cursor); err != nil {
		return mark{cursor: -1}, nil
	}
	return m, nil
}

// latest returns the mark that was written last, if any since forget.
func (w *markFile) latest() mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *markFile) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = mark{}
}

func (w *markFile) move(m mark) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	// Several may move the mark, and one that looked earlier may write later.
	if m.incarnation == w.last.incarnation && m.cursor <= w.last.cursor {
		return nil
	}
	if err := w.write(fmt.Appendf(nil, markLayout, m.incarnation, m.cursor)); err != nil {
		return fmt.Errorf("move mark: %w", err)
	}
	w.last = m
	return nil
}

// write survives the end of the process; it syncs only when it opens the file.
func (w *markFile) write(text []byte) error {
	if w.opened != nil {
		// Without a sync: after a power cut an earlier mark is left, and the store is further than that.
		_, err := w.opened.WriteAt(text, 0)
		return err
	}

	f, err := os.OpenFile(w.file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(text, 0); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w.opened = f
	return nil
}

func (w *markFile) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.opened == nil {
		return nil
	}
	err := w.opened.Close()
	w.opened = nil
	return err
}
