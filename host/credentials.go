package host

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"registrar.panel/host/config"
	"registrar.panel/host/orders"
	"registrar.panel/host/web"
	"registrar.panel/internal/sqldb"
)

// WithCredentials opens the credentials of a panel, for the owners of its data. The panel may be serving meanwhile.
func WithCredentials(ctx context.Context, p config.Panel, use func(web.Vault) error) error {
	return withBook(ctx, p, func(book *orders.Service) error { return use(book.Credentials()) })
}

// withBook opens the book of a panel, which may be serving meanwhile.
func withBook(ctx context.Context, p config.Panel, use func(*orders.Service) error) error {
	book, err := orders.Open(ctx, orders.Options{Dir: p.Data, Server: p.Store, Logger: slog.New(slog.DiscardHandler)})
	if errors.Is(err, sqldb.ErrMissing) {
		return p.DataAt.Errorf("there is no panel in %s yet: start it once, with panel serve", filepath.Base(p.Data))
	}
	if errors.Is(err, os.ErrPermission) {
		return p.DataAt.Errorf("the data of the panel are another user's: run this as that user")
	}
	if err != nil {
		return err
	}
	return errors.Join(use(book), book.Close())
}

// warnLocked warns if a panel on TCP has no credential yet.
func (h *Host) warnLocked(ctx context.Context, c *orders.Credentials) error {
	if _, isSocket := h.config.Panel.Socket(); isSocket || !h.config.Panel.Token.IsEmpty() {
		return nil
	}
	list, err := c.List(ctx)
	if err != nil {
		return err
	}
	// Members of the staff can sign in on the pages, so they are callers as well.
	members, err := h.orders.Staff().List(ctx)
	if err != nil {
		return err
	}
	if len(list)+len(members) == 0 {
		h.log.Warn("no credential opens this panel yet: make one with panel token add NAME --rights look,…")
	}
	return nil
}
