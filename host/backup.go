package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"registrar.panel/host/backup"
	"registrar.panel/host/config"
	"registrar.panel/shared/registrar"
)

// Backup writes an archive of the book and of every plugin's store while the panel serves.
// Nothing is written to w before everything has been copied.
func (h *Host) Backup(ctx context.Context, w io.Writer) error {
	h.copying.Lock()
	defer h.copying.Unlock()
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
	for _, name := range h.names() {
		if err := h.backUpPlugin(ctx, name, dir); err != nil {
			return err
		}
	}
	to, err := h.config.Panel.Recipients()
	if err != nil {
		return err
	}
	if _, err := backup.Create(w, dir, to, time.Now()); err != nil {
		return err
	}
	h.log.Info("backup made", "keys_wrapped", len(to) > 0)
	return nil
}

func (h *Host) backUpPlugin(ctx context.Context, name, dir string) error {
	r, err := h.supervisor.Registrar(name)
	if err != nil {
		return err
	}
	own := plugins{dir: filepath.Join(dir, pluginsDir)}
	copied, err := own.dataDir(name)
	if err != nil {
		return err
	}
	err = r.Backup(ctx, copied)
	if errors.Is(err, registrar.Unsupported) {
		return registrar.Errorf(registrar.Unsupported, "registrar %s can't copy its store (%v): stop the panel and copy its directory %s, and what it keeps elsewhere", name, err, h.plugins.dir)
	}
	if err != nil {
		return fmt.Errorf("back up registrar %s: %w", name, err)
	}
	if !h.plugins.hasStarted(name) {
		return nil
	}
	return own.setStarted(name)
}

// Restoration says what to restore, and how.
type Restoration struct {
	ConfigPath string
	Archive    string
	Identity   string // file with age identities; "" = none
	Keys       string // directory with keys that were left out; "" = none
	Replace    bool   // move a data directory that holds something aside
	Now        func() time.Time
}

// Restore lays an archive out as the data directory of a panel that does not serve. It
// returns where it moved the old one, if there was one.
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
	lock, err := lockData(c.Panel)
	if err != nil {
		return m, "", err
	}
	defer lock.Close()
	return backup.Restore(backup.Restoration{Archive: r.Archive, Dir: c.Panel.Data, Identities: identities, KeysDir: r.Keys,
		Replace: r.Replace, Ignore: []string{lockFile}, At: r.Now()})
}
