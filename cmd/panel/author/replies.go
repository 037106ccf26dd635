package author

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/config"
	"registrar.panel/host/web"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// Replies holds the commands about captured mails.
type Replies struct {
	Test testRepliesCommand `cmd:"" help:"How captured mails would be understood, whom they would be believed from, and what would become of them. Touches nothing."`
}

type testRepliesCommand struct {
	Files     []string `arg:"" name:"file" help:"Mails as .eml files."`
	Registrar string   `placeholder:"NAME" help:"Needed when several work by mail."`
}

// Help explains what a running panel adds.
func (testRepliesCommand) Help() string {
	return `With a panel that serves, its store tells which operations a mail is tied to. Without one the mails are judged by plugin.hcl and by what they carry alone, as if the request that each seems to be about waited for an answer; no secret is read, and nothing is started or written.`
}

// recognised is the result for one file.
type recognised struct {
	File string `json:"file"`
	api.Recognition
}

func (p *testRepliesCommand) Run(c *command.Call) error {
	mails := map[string][]byte{}
	for _, file := range p.Files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return command.Usage(fmt.Errorf("read mail: %w", err))
		}
		mails[file] = raw
	}
	list, err := p.ask(c, mails)
	if errors.Is(err, api.ErrNotServing) && c.Server == "" {
		// No panel was named and none is running, so the settings alone decide how the mails are read.
		list, err = p.alone(c, mails)
	}
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) { recognisedText(w, list) })
}

// ask lets the panel judge the mails.
func (p *testRepliesCommand) ask(c *command.Call, mails map[string][]byte) ([]recognised, error) {
	client, server, err := c.Client()
	if err != nil {
		return nil, err
	}
	var list []recognised
	for _, file := range p.Files {
		rec, err := api.Post[api.Recognition](c.Ctx, client, api.Path("replies", "test"), api.CapturedMail{Raw: mails[file], Registrar: p.Registrar})
		if errors.Is(err, api.ErrNotServing) && c.Server == "" {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, command.Explain(err, server))
		}
		list = append(list, recognised{file, rec})
	}
	return list, nil
}

// alone judges the mails in this process, by the settings in plugin.hcl.
func (p *testRepliesCommand) alone(c *command.Call, mails map[string][]byte) ([]recognised, error) {
	plugin, err := p.plugin(c.Ctx, c.Config)
	if err != nil {
		return nil, err
	}
	var list []recognised
	for _, file := range p.Files {
		rec, err := plugin.Recognise(c.Ctx, mails[file])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, recognised{file, web.Recognition(rec)})
	}
	return list, nil
}

// plugin returns the only bundled plugin that works by mail, configured and not started.
func (p *testRepliesCommand) plugin(ctx context.Context, file string) (registrar.Hosted, error) {
	loaded, err := config.Load(file)
	if err != nil {
		return nil, command.Usage(err)
	}

	able := map[string]registrar.Hosted{}
	var names []string
	for name, make := range bundled.Plugins() {
		made := registrarrpc.Gate(make(slog.New(slog.DiscardHandler)))
		d, err := made.Describe(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", name, err)
		}
		// A block with a path may run another plugin than the bundled one.
		for _, r := range loaded.Accounts(name) {
			if r.Path == "" && d.Has(registrar.CapMail) && (p.Registrar == "" || p.Registrar == r.Name) {
				able[r.Name], names = made, append(names, r.Name)
			}
		}
	}

	slices.Sort(names)

	switch len(names) {
	case 0:
		return nil, command.Usage(fmt.Errorf("%s has no registrar that comes with the panel and works by mail; for another one, start the panel first: panel serve", file))
	case 1:
	default:
		return nil, command.Usage(fmt.Errorf("several registrars work by mail: choose one with --registrar %s", strings.Join(names, "|")))
	}

	return able[names[0]], configure(ctx, able[names[0]], loaded, names[0])
}

func configure(ctx context.Context, p registrar.Hosted, loaded *config.Config, name string) error {
	d, err := p.Describe(ctx)
	if err != nil {
		return fmt.Errorf("describe %s: %w", name, err)
	}
	settings, err := loaded.WithoutSecrets().Settings(name, d.Schema)
	if err != nil {
		return err
	}
	dir := filepath.Join(loaded.Dir(), name) // no such directory is read
	err = p.Configure(ctx, registrar.Settings{Config: settings.Config, DataDir: dir})
	var refused *registrar.Error
	if errors.As(err, &refused) && len(refused.Problems) > 0 {
		return settings.Locate(refused.Problems, d.Phrases...)
	}
	return err
}

func recognisedText(w io.Writer, list []recognised) {
	command.Head(w, "FILE", "KIND", "RULE", "OUTCOME", "OBJECT", "PAID TILL", "MESSAGE")
	for _, r := range list {
		if len(r.Results) == 0 {
			command.Row(w, r.File, r.Kind, "-", "-", "-", "-", nothingRead(r.Doubt))
		}
		for _, found := range r.Results {
			command.Row(w, r.File, r.Kind, found.Rule, found.Outcome, object(found), found.PaidTill, found.Message)
		}
	}

	for _, r := range list {
		fmt.Fprintln(w)

		for _, b := range r.Bindings {
			command.Row(w, r.File, "binding", b.By+": "+b.Value+boundTo(b, r.Stored))
		}

		if len(r.Bindings) == 0 {
			command.Row(w, r.File, "binding", "none")
		}

		command.Row(w, r.File, "sender", withDetail(r.Proof, r.ProofDetail))
		if r.Doubt != nil {
			command.Row(w, r.File, "doubt", r.Doubt)
		}

		command.Row(w, r.File, "becomes", becomes(r.Recognition))
	}
}

func nothingRead(doubt *string) string {
	if doubt != nil {
		return "nothing of it counts: " + *doubt
	}
	return "no rule recognises it"
}

func boundTo(b api.Binding, stored bool) string {
	switch {
	case b.Operation != nil:
		return " (" + *b.Operation + ")"
	case stored && b.By != "against":
		return " (no operation known here)"
	}
	return ""
}

func withDetail(word, detail *string) string {
	if detail == nil {
		return command.OrDash(word)
	}
	return command.OrDash(word) + ": " + *detail
}

// becomes returns what would become of a mail.
func becomes(r api.Recognition) string {
	words := map[string]string{"apply": "it would be applied", "note": "it would be noted", "wait": "it would wait for a person", "ignore": "it would be set aside"}
	fate := command.OrDash(r.Fate)
	text, known := words[fate]
	if !known {
		text = fate
	}
	if r.Reason != nil {
		text += ": " + *r.Reason
	}
	if !r.Stored && fate == "apply" {
		text += ", if that request is ours and waits for an answer (no store was asked)"
	}
	return text
}

func object(r api.Result) string {
	var names []string
	for _, name := range []*string{r.Domain, r.Handle} {
		if name != nil && !slices.Contains(names, *name) {
			names = append(names, *name)
		}
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, " ")
}
