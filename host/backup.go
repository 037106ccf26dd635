package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"registrar.panel/host/backup"
	"registrar.panel/host/config"
	"registrar.panel/host/launch"
	"registrar.panel/shared/registrar"
)

// Backup writes an archive of the book and of every plugin's store while the panel serves.
// Nothing is written to w before everything has been copied. A plugin's store that can't be
// copied is left out, and the archive's manifest names it.
func (h *Host) Backup(ctx context.Context, w io.Writer) error {
	// One backup at a time, because all use the same directory.
	select {
	case h.copying <- struct{}{}:
		defer func() { <-h.copying }()
	case <-ctx.Done():
		return ctx.Err()
	}

	dir, err := filepath.Abs(filepath.Join(h.config.Panel.Data, "backup"))
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}

	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil { // a killed panel leaves one
		return fmt.Errorf("back up: %w", err)
	}

	defer os.RemoveAll(dir)

	// The book first: a registrar's copy must have every event that the book's has applied.
	if err := h.orders.Backup(ctx, dir); err != nil {
		return err
	}

	missing := h.backUpPlugins(ctx, dir)
	if err := ctx.Err(); err != nil {
		return err
	}

	// From plugin.hcl alone. If the request chose them, its sender could have the keys sealed to a key of their own.
	to, err := h.config.Panel.Recipients()
	if err != nil {
		return err
	}

	if _, err := backup.Create(w, backup.Contents{Dir: dir, Missing: missing}, to, time.Now()); err != nil {
		return err
	}

	h.log.Info("backup made", "keys_wrapped", len(to) > 0, "missing", len(missing))
	return nil
}

// copyWithin is how long a plugin may take to copy its store.
const copyWithin = 15 * time.Minute

// backUpPlugins has the plugins copy their stores side by side. It returns those that can't be
// copied; they do not hinder the others.
func (h *Host) backUpPlugins(ctx context.Context, dir string) (missing []backup.Missing) {
	names := h.names(false)
	faults := make([]error, len(names))
	var copying sync.WaitGroup
	for i, name := range names {
		// Each has its own time limit, so that a registrar that hangs keeps only its own store out of the archive.
		copying.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, copyWithin)
			defer cancel()
			faults[i] = h.backUpPlugin(ctx, name, dir)
		})
	}

	copying.Wait()

	for i, err := range faults {
		if err != nil {
			h.log.Error("a registrar's store is not in the backup", "registrar", names[i], "err", err)
			missing = append(missing, backup.Missing{Registrar: names[i], Reason: publicError(err).Error()})
		}
	}

	// No process runs for these, so their stores can't be copied. A backup that did not name them would seem complete.
	for _, f := range h.stillForgotten() {
		missing = append(missing, backup.Missing{Registrar: f.Registrar, Reason: "plugin.hcl does not name it"})
	}

	return missing
}

// backUpPlugin has a plugin copy its store into the backup. If that fails, the backup has only the
// mark that the plugin has started.
func (h *Host) backUpPlugin(ctx context.Context, name, dir string) (err error) {
	own := launch.DataIn(dir)
	copied, err := own.Of(name)
	if err != nil {
		return err
	}

	// Marked even if the store can't be copied: a panel restored from such a backup misses it and makes no new one.
	if h.launcher.Data.HasStarted(name) {
		r, _ := h.config.Registrar(name)
		if err := own.SetStarted(name, r.Plugin); err != nil {
			return err
		}
	}

	r, err := h.supervisor.Registrar(name)
	if err == nil {
		err = r.Backup(ctx, copied)
	}

	if err == nil {
		return nil
	}

	// Half a copy must not be restored as a whole one.
	err = errors.Join(err, os.RemoveAll(copied))
	if errors.Is(err, registrar.Unsupported) {
		return registrar.Errorf(registrar.Unsupported, "registrar %s can't copy its store (%v): stop the panel and copy its directory %s, and what it keeps elsewhere", name, err, h.launcher.Data)
	}

	return fmt.Errorf("back up registrar %s: %w", name, err)
}

// Restoration says what to restore, and how.
type Restoration struct {
	ConfigPath string
	Archive    string
	Identity   string // file with age identities; "" = none
	Keys       string // directory with keys that were left out; "" = none
	Replace    bool   // move a data directory that is not empty aside
	Now        func() time.Time
}

// Restore unpacks an archive as the data directory of a panel that does not serve. It returns where
// it moved the old directory, if there was one.
func Restore(r Restoration) (m backup.Manifest, aside string, err error) {
	c, err := config.Load(r.ConfigPath)
	if err != nil {
		return m, "", err
	}

	var identities []age.Identity
	if r.Identity != "" {
		text, err := os.ReadFile(r.Identity)
		if err != nil {
			return m, "", fmt.Errorf("read identity: %w", err)
		}
		if identities, err = age.ParseIdentities(strings.NewReader(string(text))); err != nil {
			return m, "", fmt.Errorf("read identity %s: it is not a file of age identities", r.Identity)
		}
	}

	// A panel that serves would go on with the files that are moved away, and what it acknowledges there would be lost.
	lock, err := launch.Lock(c.Panel)
	if err != nil {
		return m, "", err
	}
	defer lock.Close()

	// This call made the lock's file, so a directory that holds nothing else counts as empty.
	return backup.Restore(backup.Restoration{Archive: r.Archive, Dir: c.Panel.Data, Identities: identities, KeysDir: r.Keys,
		Replace: r.Replace, Ignore: []string{launch.LockFile}, At: r.Now()})
}
