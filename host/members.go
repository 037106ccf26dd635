package host

import (
	"context"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/host/config"
	"registrar.panel/host/orders"
	"registrar.panel/host/staff"
	"registrar.panel/host/web"
)

// openStaff makes the room where the staff come in.
func (h *Host) openStaff(o Options) (err error) {
	h.staff, err = staff.New(staff.Options{Book: h.orders.Staff(), Secure: len(h.config.Panel.Proxy) > 0, Now: o.Now, Logger: o.Logger.Named("staff")})
	return err
}

// WithStaff opens the roster of a panel, which may be serving meanwhile, for those who own its data.
func WithStaff(ctx context.Context, p config.Panel, use func(web.Roster) error) error {
	return withBook(ctx, p, func(book *orders.Service) error {
		room, err := staff.New(staff.Options{Book: book.Staff(), Logger: hclog.NewNullLogger()})
		if err != nil {
			return err
		}
		return use(room)
	})
}
