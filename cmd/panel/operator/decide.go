package operator

import (
	"fmt"
	"slices"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// by names the person who decides; the name goes into the timeline.
type by struct {
	By string `env:"USER" required:"" placeholder:"WHO" help:"Who decides."`
}

// byCaller is by with the caller of the command as its default.
type byCaller struct {
	By string `env:"USER" default:"${login}" placeholder:"WHO" help:"Who decides; without it, who is logged in."`
}

type resolveOperationCommand struct {
	ID      string `arg:"" help:"As panel domain show names it."`
	Outcome string `required:"" enum:"done,failed,resend,cancel" placeholder:"O" help:"done: it was executed. failed: it was not, and shall not be. resend: it was not; send it again. cancel: withdraw it before it is sent."`
	Version string `placeholder:"V" help:"What was seen, as panel operation show prints it: the decision counts only if nothing has happened since. Without it, what waits now is decided about."`
	Note    string `help:"For the timeline: what shows it. Needed to deny a paid request that may still be carried out."`
	Auth    string `placeholder:"CODE" help:"The transfer code that was got; with done, of an operation of kind auth-code. - is stdin."`
	by
}

func (p *resolveOperationCommand) Run(c *command.Call) error {
	code, err := codeFrom(c, p.Auth)
	if err != nil {
		return command.Usage(err)
	}

	// Without a version the person decides about the present one. The panel still compares it, and refuses the decision
	// if the operation moves between the two calls.
	seen := p.Version
	if seen == "" {
		op, err := command.Get[api.Operation](c, api.Path("operations", p.ID), nil)
		if err != nil {
			return err
		}
		if err := decidable(op, p.Outcome); err != nil {
			return err
		}
		seen = version(op.Version)
	}
	op, err := command.Post[api.Operation](c, api.Path("operations", p.ID, "resolve"), api.Decision{Version: seen, Outcome: p.Outcome, By: p.By, Note: p.Note, AuthCode: code})
	if err != nil {
		return err
	}
	return c.Show(op, operationText(op))
}

// decidable refuses two decisions without a version, which may come from a command repeated in a hurry or
// by a script: about an operation that waits for no person, and a second resend, which may pay twice.
func decidable(op api.Operation, outcome string) error {
	if op.OperationDetails == nil || outcome == "cancel" { // only a Queued operation can be withdrawn
		return nil
	}
	if op.State != "NeedsAction" && op.State != "Uncertain" {
		last := ""
		if n := len(op.History); n > 0 {
			last = ": " + told(op.History[n-1])
		}
		return fmt.Errorf("operation %s is %s and waits for no person; nothing was changed%s", op.ID, op.State, last)
	}
	sent := slices.IndexFunc(op.History, func(s api.Step) bool { return command.OrDash(s.Evidence) == "person" && s.State == "Queued" })
	if outcome == "resend" && sent >= 0 {
		return fmt.Errorf("operation %s was sent again by a person already (%s); nothing was changed: look at panel operation show %[1]s, and if it shall be sent once more, say what you saw: --version %[3]s",
			op.ID, told(op.History[sent]), version(op.Version))
	}
	return nil
}

func told(s api.Step) string {
	return fmt.Sprintf("%s, by %s at %s UTC", s.Message, s.Actor, command.Text(s.At))
}

// version returns the version to hand back; "" if the registrar keeps none.
func version(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}
