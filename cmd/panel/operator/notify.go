package operator

import (
	"errors"
	"fmt"
	"io"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// Notify holds the commands about how people learn what needs them.
type Notify struct {
	List listNotificationsCommand `cmd:"" default:"1" help:"On which ways people are told, and how far (the default)."`
	Test testNotificationsCommand `cmd:"" help:"Tell something on every way, to see that it arrives."`
}

type listNotificationsCommand struct{}

func (listNotificationsCommand) Run(c *command.Call) error {
	list, err := command.List[api.Notification](c, api.Path("notifications"), map[string][]string{}, 0)
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "CHANNEL", "MESSAGES", "LAST", "STANDING", "NEXT", "ERROR")
		for _, n := range list {
			command.Row(w, n.Channel, n.Messages, n.LastAt, n.Standing, n.NextAt, n.Error)
		}
	})
}

type testNotificationsCommand struct{}

func (testNotificationsCommand) Run(c *command.Call) error {
	tried, err := command.Post[[]api.NotificationTest](c, api.Path("notifications", "test"), nil)
	if err != nil {
		return err
	}
	var failed error
	for _, t := range tried {
		if !t.OK {
			failed = errors.Join(failed, fmt.Errorf("%s did not take the test: %s", t.Channel, t.Detail))
		}
	}
	return errors.Join(failed, c.Show(tried, func(w io.Writer) {
		for _, t := range tried {
			command.Row(w, t.Channel, command.Wellness(t.OK), command.Said(t.Detail))
		}
	}))
}
