package web

import (
	"context"
	"errors"
	"net/http"

	"registrar.panel/host/input"
	"registrar.panel/host/notify"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// Notifier tells people what needs them.
type Notifier interface {
	State(ctx context.Context) ([]notify.Told, error)
	Test(ctx context.Context, by string) ([]notify.Tried, error)
}

// notices answers how people are told what needs them.
type notices struct{ Notifier }

func routeNotices(t *routes, s *Server) {
	c := notices{s.notifier}
	t.handle("GET /api/v1/notifications", look, endpoint(s, c.list), says("On which ways people are told what needs them, and how far."), takes(paging()...))
	t.handle("POST /api/v1/notifications/test", admin, atLeisure(action(s, c.try)), says("Tell something on every way, to see that it arrives."))
}

func (c notices) list(r *http.Request) (paged[api.Notification], error) {
	all, err := c.State(r.Context())
	if err != nil {
		return paged[api.Notification]{}, err
	}
	return cut(r, list(all, notificationOf), func(n api.Notification) string { return n.Channel })
}

func (c notices) try(r *http.Request, _ none) ([]api.NotificationTest, error) {
	tried, err := c.Test(r.Context(), caller(r).Name)
	if errors.Is(err, notify.ErrNoChannel) {
		return nil, registrar.Errorf(registrar.Precondition, "%v", err)
	}
	return list(tried, func(t notify.Tried) api.NotificationTest {
		if t.Err != nil {
			return api.NotificationTest{Channel: t.Channel, Detail: input.OneLine(t.Err.Error(), input.LongestMessage)}
		}
		return api.NotificationTest{Channel: t.Channel, OK: true}
	}), err
}

func notificationOf(t notify.Told) api.Notification {
	return api.Notification{Channel: t.Channel, Messages: t.Number, LastAt: knownTime(t.ToldAt), Standing: t.Standing,
		Error: known(input.OneLine(t.Error, input.LongestMessage)), NextAt: knownTime(t.NextAt)}
}
