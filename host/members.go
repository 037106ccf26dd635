package host

import (
	"context"
	"log/slog"

	"registrar.panel/host/config"
	"registrar.panel/host/orders"
	"registrar.panel/host/staff"
	"registrar.panel/host/web"
	"registrar.panel/shared/logline"
)

// openStaff makes the room in which the staff sign in.
func (h *Host) openStaff(o Options) (err error) {
	h.staff, err = staff.New(staff.Options{Book: h.orders.Staff(), Secure: len(h.config.Panel.Proxy) > 0, Now: o.Now, Logger: o.Logger.With(logline.Module, "staff")})
	return err
}

// WithStaff opens the roster of a panel, for the owners of its data. The panel may be serving meanwhile.
func WithStaff(ctx context.Context, p config.Panel, use func(web.Roster) error) error {
	return withBook(ctx, p, func(book *orders.Service) error {
		room, err := staff.New(staff.Options{Book: book.Staff(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		return use(room)
	})
}
