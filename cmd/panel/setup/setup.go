// Package setup writes a first plugin.hcl from flags, or by asking a person at a terminal.
// It tries what the file names, with the checks of "panel check" and with questions of its
// own to DNS and the clock, and says what to do about each part that is not well.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/shared/logline"
)

// Init is the command.
type Init struct {
	Answers `embed:""`

	Replace bool `help:"Move a configuration that is there aside, to FILE.old."`
	NoCheck bool `help:"Write only, and try nothing."`
}

// Run writes the configuration and tries it. At a terminal it asks again until all is well or the person is content.
func (p *Init) Run(c *command.Call) error {
	person := atTerminal(c.Stdin, c.Stderr)
	p.systemConfig = c.Config == command.SystemConfig

	file := configFile{path: c.Config, replace: p.Replace}
	// Checked before the questions, so that a person does not answer them in vain.
	if err := file.mayBeWritten(); err != nil {
		return command.Usage(err)
	}

	try := func(ctx context.Context) []Finding { return tried(ctx, c, p.Answers) }
	if p.NoCheck {
		try = nil
	}

	for {
		if err := p.complete(c.Ctx, person); err != nil {
			return command.Usage(err)
		}
		err := p.write(c, &file, person, try)
		var unwell unwellError
		if person == nil || !errors.As(err, &unwell) || !person.agrees("Change the answers? yes or no") {
			return err
		}
		person.again = true
	}
}

// complete asks for the values that no flag gives, or reports them as missing.
func (p *Init) complete(ctx context.Context, person *interview) error {
	if person != nil {
		return person.conduct(&p.Answers, func(host string) error { return resolves(ctx, host) })
	}
	return p.Answers.fill()
}

// unwellError counts the parts that are not well.
type unwellError int

func (n unwellError) Error() string {
	return fmt.Sprintf("the configuration is written; faults: %d. Mend what is named above, then: panel check", int(n))
}

func (p *Init) write(c *command.Call, file *configFile, person *interview, try func(context.Context) []Finding) error {
	// Secrets first: a later run does not ask for those whose files exist, so it continues where this one ends.
	missing, err := p.storeSecrets(filepath.Dir(file.path), person)
	if err != nil {
		return err
	}

	if err := file.write(p.Answers.render(c.Tongue)); err != nil {
		return err
	}

	report := missing
	if try != nil && len(missing) == 0 { // without its secrets the configuration can't be read
		report = try(c.Ctx)
	}

	result := written{Config: file.path, Findings: append([]Finding{}, report...)}
	if err := c.Show(result, result.print); err != nil {
		return err
	}

	bad := 0
	for _, f := range report {
		if !f.OK {
			bad++
		}
	}

	if bad > 0 {
		return unwellError(bad)
	}

	command.Hint(c.Stderr, "panel serve")
	return nil
}

// written is the result of the command.
type written struct {
	Config   string    `json:"config"`
	Findings []Finding `json:"findings"`
}

func (r written) print(w io.Writer) {
	command.Fact(w, "written", r.Config)
	for _, f := range r.Findings {
		command.Row(w, f.Component, command.Wellness(f.OK), command.Said(f.Detail))
		if f.Remedy != "" {
			command.Row(w, "", "", command.Together("→", command.Said(f.Remedy)))
		}
	}
}

// within bounds each question to DNS.
const within = 5 * time.Second

func resolves(ctx context.Context, name string) error {
	if net.ParseIP(name) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	return err
}

func receives(ctx context.Context, domain string) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := net.DefaultResolver.LookupMX(ctx, domain)
	if missing := (*net.DNSError)(nil); errors.As(err, &missing) && missing.IsNotFound {
		return resolves(ctx, domain) // then mail goes to the host itself
	}
	return err
}

// tried returns the state of everything that the configuration names.
func tried(ctx context.Context, c *command.Call, a Answers) []Finding {
	findings := look(a, func(domain string) error { return receives(ctx, domain) },
		func(host string) error { return resolves(ctx, host) }, clock())
	commands, err := bundled.Commands()
	if err != nil {
		return append(findings, finding("panel", err, ""))
	}

	reports, err := host.Check(ctx, host.Options{ConfigPath: c.Config, Bundled: commands, Now: time.Now,
		Logger: logline.New(c.Stderr, logline.Options{Name: "panel", Level: slog.LevelError})}, false)
	for _, r := range reports {
		c.Tongue.Learn(r.Phrases)
		for _, part := range r.Components {
			f := Finding{Component: part.Name, OK: part.OK, Detail: part.Detail}
			if !part.OK {
				f.Remedy = remedy(part.Name, part.Detail)
			}
			findings = append(findings, f)
		}
	}

	if err != nil {
		// An error of the configuration has one mistake per line, and each is a finding of its own.
		for line := range strings.SplitSeq(err.Error(), "\n") {
			findings = append(findings, finding("settings", errors.New(line), ""))
		}
	}

	return findings
}

// configFile is the file to write. An earlier one is moved aside once.
type configFile struct {
	path    string
	replace bool
	ours    bool // we have written it
}

func (f *configFile) mayBeWritten() error {
	_, err := os.Lstat(f.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the configuration: %w", err)
	case f.replace:
		return nil
	}
	return fmt.Errorf("%s exists already: give --replace to move it aside, or --config FILE to write another", f.path)
}

func (f *configFile) write(text string) error {
	// A reader meanwhile finds the old file or the new one, and never half a file.
	temporary, err := os.CreateTemp(filepath.Dir(f.path), ".plugin.hcl-*")
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(text)
	if err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}

	if !f.ours && f.replace {
		if err := os.Rename(f.path, f.path+".old"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("move the configuration aside: %w", err)
		}
	}

	if err := os.Rename(temporary.Name(), f.path); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}

	f.ours = true
	return nil
}
