package operator

import (
	"io"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// eraseCustomerCommand serves a person's right to be forgotten, as far as the law permits.
type eraseCustomerCommand struct {
	ID string `arg:"" help:"As orders name the customer."`
	byCaller
}

func (p *eraseCustomerCommand) Run(c *command.Call) error {
	v, missing, err := command.PostPartial[api.Erasure](c, api.Path("customers", p.ID, "erase"), api.Reader{By: p.By})
	if err != nil {
		return err
	}

	if err := c.Show(v, func(w io.Writer) {
		command.Fact(w, "customer", v.Customer)
		for _, r := range v.Removed {
			command.Fact(w, "removed", r.By, command.Said(r.What), r.Count)
		}

		if len(v.Removed) == 0 {
			command.Fact(w, "removed", "-", command.Said("there was nothing that may go"))
		}

		for _, k := range v.Kept {
			command.Fact(w, "stays", k.By, command.Said(k.What), command.Said(k.Why))
		}

		for _, b := range v.Beyond {
			command.Fact(w, "not reached", b.By, command.Said(b.Where))
		}
	}); err != nil {
		return err
	}

	return command.Absent(missing)
}

// Keys holds the commands about the keys that seal personal data.
type Keys struct {
	Rotate rotateKeysCommand `cmd:"" help:"Exchange the keys of the panel and of its registrars: all that is sealed is sealed again. What is interrupted goes on when it is repeated."`
}

type rotateKeysCommand struct{}

func (rotateKeysCommand) Run(c *command.Call) error {
	done, missing, err := command.PostPartial[[]api.Key](c, api.Path("keys", "rotate"), struct{}{})
	if err != nil {
		return err
	}
	if err := c.Show(done, func(w io.Writer) {
		command.Head(w, "KEY OF", "FINGERPRINT", "SEALED AGAIN")
		for _, k := range done {
			command.Row(w, k.Of, k.Key, k.Sealed)
		}
	}); err != nil {
		return err
	}
	command.Hint(c.Stderr, "backups that were made before open with the keys that were: keep those as long, and make a backup now")
	return command.Absent(missing)
}
