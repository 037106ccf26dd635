package orders

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Files of the book in its directory.
const (
	database = "panel.db"
	keyFile  = "panel.key"
)

// Backup writes a copy of the book and its key into a directory. Registrars are backed up after it,
// so that their copies have every event that the book has applied.
func (s *Service) Backup(ctx context.Context, dir string) error {
	// A key that was exchanged between the two copies would not open what is sealed in the first.
	err := s.box.Steady(func() error {
		if err := s.db.Copy(ctx, filepath.Join(dir, database)); err != nil {
			return err
		}
		return s.box.Save(filepath.Join(dir, keyFile))
	})
	if errors.Is(err, sqldb.ErrOnServer) {
		return registrar.Errorf(registrar.Unsupported, "back up orders: %s", sqldb.ErrOnServer)
	}
	if err != nil {
		return fmt.Errorf("back up orders: %w", err)
	}
	return nil
}
