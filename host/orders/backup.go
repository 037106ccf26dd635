package orders

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Files of the book in its directory.
const (
	database = "panel.db"
	keyFile  = "panel.key"
)

// Backup writes a copy of the book and its key into a directory. Registrars are backed up
// after it: the events that the book has applied are then in their copies, too.
func (s *Service) Backup(ctx context.Context, dir string) error {
	if err := s.db.Copy(ctx, filepath.Join(dir, database)); err != nil {
		return fmt.Errorf("back up orders: %w", err)
	}
	key, err := os.ReadFile(filepath.Join(s.dir, keyFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, keyFile), key, 0o600)
	}
	if err != nil {
		return fmt.Errorf("back up orders: %w", err)
	}
	return nil
}
