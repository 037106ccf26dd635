package operator

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// Review holds the commands about mails that wait for a person.
type Review struct {
	List    listReviewsCommand   `cmd:"" default:"withargs" help:"The mails that wait for a person (the default)."`
	Show    showReviewCommand    `cmd:"" help:"Show one, masked."`
	Resolve resolveReviewCommand `cmd:"" help:"Tell the panel what this mail means."`
	Senders reviewSendersCommand `cmd:"" help:"The senders whose unproved mails are ignored; have one heeded again."`
	Rule    reviewRuleCommand    `cmd:"" help:"Suggest a rule for plugin.hcl that recognises such mails."`
}

type listReviewsCommand struct {
	Strangers bool `help:"The unproved mails of strangers, which expire by themselves and raise no alarm."`
	pageFlags
}

func (p *listReviewsCommand) Run(c *command.Call) error {
	query := p.query()
	if p.Strangers {
		query["strangers"] = []string{"1"}
	}
	return listPage(c, api.Path("review"), query, func(list []api.Review) func(io.Writer) {
		return func(w io.Writer) {
			command.Head(w, "ENTRY", "RECEIVED", "FROM", "SUBJECT", "REASON", "CANDIDATES")
			for _, r := range list {
				command.Row(w, r.ID, r.ReceivedAt, r.From, r.Subject, command.Said(r.Reason), r.Candidates)
			}
		}
	})
}

type showReviewCommand struct {
	ID string `arg:"" help:"As panel review lists it."`
}

func (p *showReviewCommand) Run(c *command.Call) error {
	r, err := command.Get[api.Review](c, api.Path("review", p.ID), nil)
	if err != nil {
		return err
	}
	return c.Show(r, reviewText(r))
}

type reviewRuleCommand struct {
	ID string `arg:"" help:"As panel review lists it."`
}

func (p *reviewRuleCommand) Run(c *command.Call) error {
	v, err := command.Get[api.Rule](c, api.Path("review", p.ID, "rule"), nil)
	if err != nil {
		return err
	}
	return c.Show(v, func(w io.Writer) { command.Block(w, v.Rule+triedText(v)) })
}

// triedText says behind a rule, as a comment, which stored mails it would have recognised.
func triedText(v api.Rule) string {
	if v.Tried == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Of the %d newest mails that came it would have recognised %d.\n", v.Tried, v.Matched)
	for _, m := range v.Matches {
		fmt.Fprintf(&text, "#   %s %s as %s", m.Mail, m.At.UTC().Format(time.RFC3339), m.Outcome)
		if m.Domain != nil {
			text.WriteString(" of " + *m.Domain)
		}
		text.WriteString("\n")
	}
	return text.String()
}

type reviewSendersCommand struct {
	Heed string `placeholder:"ADDRESS" help:"Have the mails of this sender read again from now on."`
	byCaller
}

func (p *reviewSendersCommand) Run(c *command.Call) error {
	if p.Heed != "" {
		heeded, err := command.Post[api.Sender](c, api.Path("review", "senders", "heed"), api.Sender{Address: p.Heed, By: p.By})
		if err != nil {
			return err
		}
		return c.Show(heeded, func(w io.Writer) { command.Fact(w, "heeded again", heeded.Address) })
	}

	list, missing, err := command.GetPartial[[]api.IgnoredSender](c, api.Path("review", "senders"), nil)
	if err != nil {
		return err
	}

	err = c.Show(list, func(w io.Writer) {
		command.Head(w, "SENDER", "IGNORED SINCE", "BY", "WHY")
		for _, s := range list {
			command.Row(w, s.Address, s.Since, s.By, s.Note)
		}
	})

	if err != nil {
		return err
	}
	return command.Absent(missing)
}

type resolveReviewCommand struct {
	IDs       []string `arg:"" optional:"" name:"id" help:"As panel review lists them: one, or several that say the same."`
	From      string   `placeholder:"ADDRESS" help:"Instead of IDs: all that wait from this mail address, or from @DOMAIN; ignore and notice only."`
	Outcome   string   `required:"" enum:"queued,done,done_not_delegated,rejected,no_funds,auth_failed,verify,notice,ignore" placeholder:"O" help:"What it says: queued, done, done_not_delegated, rejected, no_funds, auth_failed, verify, notice or ignore."`
	Operation string   `placeholder:"OP" help:"Which operation it is about; with one ID only."`
	Version   string   `placeholder:"V" help:"What was seen, as panel review show prints it: the decision counts only if nothing has happened since to the entry or an operation it may belong to. Without it, what waits now is decided about. With one ID only."`
	Reason    string   `placeholder:"TEXT" help:"For the timeline: why."`
	FromNowOn bool     `help:"With ignore: ignore unproved mails of their senders from now on, too. What answers a mail of ours is read all the same."`
	byCaller
}

func (p *resolveReviewCommand) Run(c *command.Call) error {
	switch {
	case (len(p.IDs) == 0) == (p.From == ""):
		return command.Usage(errors.New("name the entries, or --from an address, and not both"))
	case slices.Contains(p.IDs, ""):
		return command.Usage(errors.New("an ID must not be empty"))
	case len(p.IDs) != 1 && (p.Operation != "" || p.Version != ""):
		return command.Usage(errors.New("--operation and --version go with one ID"))
	case p.From != "" || p.FromNowOn:
		return p.together(c)
	case len(p.IDs) == 1:
		r, err := p.one(c, p.IDs[0])
		if err != nil {
			return err
		}
		return c.Show(r, reviewText(r))
	}
	return p.each(c)
}

// one resolves one entry.
func (p *resolveReviewCommand) one(c *command.Call, id string) (r api.Review, err error) {
	d := api.ReviewDecision{Version: p.Version, Outcome: p.Outcome, Operation: p.Operation, By: p.By, Reason: p.Reason}
	seen, err := p.seen(c, id)
	if err != nil {
		return r, err
	}
	if d.Version == "" {
		d.Version = version(seen.Version)
	}
	if d.Operation != "" && !slices.Contains(seen.Candidates, d.Operation) {
		// The version of the entry covers only its candidates.
		op, err := command.Get[api.Operation](c, api.Path("operations", d.Operation), nil)
		if err != nil {
			return r, err
		}
		d.OperationVersion = version(op.Version)
	}
	return command.Post[api.Review](c, api.Path("review", id, "resolve"), d)
}

// seen returns an entry. It is an error if it is resolved already and the command does not say what was seen.
func (p *resolveReviewCommand) seen(c *command.Call, id string) (api.Review, error) {
	seen, err := command.Get[api.Review](c, api.Path("review", id), nil)
	if err == nil && p.Version == "" && seen.ResolvedAt != nil {
		err = fmt.Errorf("review entry %s was resolved as %q by %s at %s UTC; nothing was changed", seen.ID, command.OrDash(seen.Outcome), command.OrDash(seen.ResolvedBy), command.Text(seen.ResolvedAt))
	}
	return seen, err
}

// each resolves several entries, each by itself: one that can't be resolved does not stop the others.
func (p *resolveReviewCommand) each(c *command.Call) error {
	var resolved []api.Review
	var failed []error
	for _, id := range p.IDs {
		r, err := p.one(c, id)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", id, err))
			continue
		}
		resolved = append(resolved, r)
	}
	err := c.Show(append([]api.Review{}, resolved...), func(w io.Writer) {
		for _, r := range resolved {
			command.Row(w, r.ID, command.Word("outcome", r.Outcome), r.Subject)
		}
	})
	return errors.Join(append(failed, err)...)
}

// together resolves several entries in one call, or all of one sender.
func (p *resolveReviewCommand) together(c *command.Call) error {
	d := api.ReviewsDecision{From: p.From, Outcome: p.Outcome, By: p.By, Reason: p.Reason, FromNowOn: p.FromNowOn}
	// Each entry carries the version that is read here, so that the panel refuses only those that have changed since.
	for _, id := range p.IDs {
		seen, err := p.seen(c, id)
		if err != nil {
			return err
		}
		d.Reviews = append(d.Reviews, api.SeenReview{ID: id, Version: version(seen.Version)})
	}

	done, missing, err := command.PostPartial[api.ReviewsResolved](c, api.Path("review", "resolve"), d)
	if err != nil {
		return err
	}

	err = c.Show(done, func(w io.Writer) {
		command.Fact(w, "resolved", done.Resolved)
		for _, address := range done.Ignored {
			command.Fact(w, "ignored from now on", address)
		}
	})

	if err != nil {
		return err
	}

	var failed []error
	for _, r := range done.Refused {
		failed = append(failed, fmt.Errorf("%s: %s", r.ID, r.Reason))
	}

	return errors.Join(append(failed, command.Absent(missing))...)
}
