// Package author has the commands for authors of plugins and rules: they write the
// skeleton of a plugin, judge a plugin by the contract, and try rules on captured mails.
package author

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/config"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// Conformance judges a plugin's program by the contract.
type Conformance struct {
	Plugin    string        `arg:"" name:"path" help:"The plugin's program, or the name of a bundled one."`
	Handle    string        `placeholder:"HANDLE" help:"One that can be adopted."`
	IDN       string        `name:"idn" placeholder:"NAME" help:"A name beyond ASCII that can be registered, in Unicode."`
	Premium   string        `placeholder:"NAME" help:"A free name that has a price of its own, in ACE."`
	Witness   string        `placeholder:"URL" help:"Of a witness: the simulated registrar, which tells how often orders have reached it, and is told how to misbehave."`
	Registrar string        `placeholder:"NAME" help:"The block of FILE, where several are of this plugin."`
	Patience  time.Duration `default:"20s" help:"How long something that must happen may take (${default})."`
}

// Help explains the command, with a warning.
func (Conformance) Help() string {
	return `Judges a plugin by the rules in docs/conformance.md, in data directories of its own.

With --config FILE after the word conformance, the block registrar "NAME" in FILE, or the one with plugin = "NAME", gives the settings, and the checks START THE PLUGIN AND SUBMIT ORDERS, among them registrations. Point it at a simulator or a test account, never at one that pays. Without it, or with a --config that stands before, only the checks run that need no settings.

With --witness URL it judges, too, that orders are sent once, whatever happens on their way: docs/conformance.md says what a simulator has to answer there.

Exits with 0 when no rule of level MUST is broken, 1 when one is, or could not be judged, and 2 when the command line or FILE is wrong. Skipped rules are listed with the reason and count as neither.`
}

// Run examines the plugin and prints the report. It returns an error if a rule of level MUST is broken or not judged.
func (p *Conformance) Run(c *command.Call, parsed *kong.Context) error {
	program, err := p.program()
	if err != nil {
		return command.Usage(err)
	}

	s := registrartest.Subject{Open: registrartest.Program{Command: program}, Handle: p.Handle, IDN: p.IDN, Premium: p.Premium, Witness: p.Witness, Patience: p.Patience}

	if file := settingsFile(parsed); file != "" {
		if err := configureSubject(c.Ctx, &s, file, p.Registrar); err != nil {
			return err
		}
	}

	report, err := registrartest.Examine(c.Ctx, s)
	if err != nil {
		return err
	}

	if err := showConformance(c, report); err != nil {
		return err
	}
	if !report.Conforms() {
		return fmt.Errorf("the plugin does not conform: rules broken or not judged: %s", strings.Join(failedRules(report), ", "))
	}

	return nil
}

// program returns the command that runs the plugin.
func (p *Conformance) program() ([]string, error) {
	known, err := bundled.Commands()
	if err != nil {
		return nil, err
	}

	// The name of a bundled plugin takes precedence over a file with that name.
	if found, ok := known[p.Plugin]; ok {
		return found, nil
	}

	path, err := filepath.Abs(p.Plugin)
	if err != nil {
		return nil, fmt.Errorf("find plugin: %w", err)
	}

	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("find plugin: %w", err)
	}

	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return nil, fmt.Errorf("find plugin: %s is no program: chmod +x it", p.Plugin)
	}

	return []string{path}, nil
}

// settingsFile returns the --config after the command's word. One before that
// word names the panel's own plugin.hcl, which this command must not touch.
func settingsFile(parsed *kong.Context) string {
	mine, file := false, ""
	for _, p := range parsed.Path {
		switch {
		case p.Command != nil:
			mine = true
		case mine && p.Flag != nil && p.Flag.Name == "config" && !p.Resolved:
			file, _ = parsed.FlagValue(p.Flag).(string)
		}
	}
	return file
}

// configureSubject reads the plugin's block in a file by the schema that the plugin describes.
// A plugin that describes nothing is left as it is: the report gives the reason, rule by rule.
func configureSubject(ctx context.Context, s *registrartest.Subject, file, account string) error {
	d, err := describe(ctx, *s)
	if err != nil {
		return ctx.Err()
	}

	loaded, err := config.Load(file)
	if err != nil {
		return command.Usage(err)
	}

	block, err := accountIn(loaded, file, d.Name, account)
	if err != nil {
		return command.Usage(err)
	}

	settings, err := loaded.Settings(block.Name, d.Schema)
	if err != nil {
		return err
	}

	s.Config = settings.Config

	// The exam invents Latin names, which a zone such as xn--p1ai does not accept: field-notes 3.2.
	for _, tld := range block.TLDs {
		if !strings.HasPrefix(tld, "xn--") {
			s.TLD = cmp.Or(s.TLD, tld)
		}
	}

	return nil
}

// accountIn finds a plugin's block in a file: the one of the
// given name, or the one named like the plugin, or the only one.
func accountIn(loaded *config.Config, file, plugin, account string) (config.Registrar, error) {
	all := loaded.Accounts(plugin)
	var names []string
	for _, r := range all {
		if names = append(names, r.Name); r.Name == account || account == "" && r.Name == plugin {
			return r, nil
		}
	}
	switch {
	case len(all) == 0:
		return config.Registrar{}, fmt.Errorf("%s has no block registrar %q, as the plugin calls itself", file, plugin)
	case account != "":
		return config.Registrar{}, fmt.Errorf("%s has no block registrar %q of this plugin, which has %s", file, account, strings.Join(names, ", "))
	case len(all) > 1:
		return config.Registrar{}, fmt.Errorf("%s has several blocks of the plugin %q: choose one with --registrar %s", file, plugin, strings.Join(names, "|"))
	}
	return all[0], nil
}

func describe(ctx context.Context, s registrartest.Subject) (registrar.Description, error) {
	instance, err := s.Open.Open(ctx)
	if err != nil {
		return registrar.Description{}, err
	}
	defer instance.Close()
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	d, err := instance.Describe(ctx)
	if err != nil {
		err = fmt.Errorf("describe plugin: %w", err)
	}
	return d, err
}

// conformance is a report as JSON.
type conformance struct {
	Registrar string      `json:"registrar"`
	Version   string      `json:"version"`
	Conforms  bool        `json:"conforms"`
	Passed    int         `json:"passed"`
	Broken    int         `json:"broken"`
	NotJudged int         `json:"not_judged"`
	Skipped   int         `json:"skipped"`
	Rules     []ruleState `json:"rules"`
}

// ruleState is the result of one rule.
type ruleState struct {
	ID           string   `json:"id"`
	Level        string   `json:"level"`
	Capability   *string  `json:"capability"`
	Outcome      string   `json:"outcome"`
	Demand       string   `json:"demand"`
	Place        string   `json:"place"`
	Remedy       string   `json:"remedy"`
	Findings     []string `json:"findings"`
	Reason       *string  `json:"reason"`
	Milliseconds int64    `json:"milliseconds"`
}

func conformanceOf(r registrartest.Report) conformance {
	v := conformance{Registrar: r.Description.Name, Version: r.Description.Version, Conforms: r.Conforms(),
		Passed: r.Count(registrartest.Passed), Broken: r.Count(registrartest.Broken),
		NotJudged: r.Count(registrartest.NotJudged), Skipped: r.Count(registrartest.Skipped)}
	for _, one := range r.Results {
		v.Rules = append(v.Rules, ruleState{ID: one.ID, Level: string(one.Level), Capability: orNull(string(one.Capability)),
			Outcome: string(one.Outcome), Demand: one.Demand, Place: one.Place, Remedy: one.Remedy,
			Findings: append([]string{}, one.Findings...), Reason: orNull(one.Reason), Milliseconds: one.Took.Milliseconds()})
	}
	return v
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func failedRules(r registrartest.Report) []string {
	var ids []string
	for _, one := range r.Results {
		if one.Level == registrartest.Must && (one.Outcome == registrartest.Broken || one.Outcome == registrartest.NotJudged) {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

func showConformance(c *command.Call, r registrartest.Report) error {
	v := conformanceOf(r)
	if c.Output == command.JUnit {
		return writeJUnit(c.Stdout, v)
	}
	return c.Show(v, func(w io.Writer) {
		for _, one := range v.Rules {
			ruleText(w, one)
		}
		skippedText(w, v.Rules)
		command.Block(w, fmt.Sprintf("%s %s: %d passed, %d broken, %d not judged, %d skipped", v.Registrar, v.Version, v.Passed, v.Broken, v.NotJudged, v.Skipped))
	})
}

// ruleText writes what is wrong with a rule, or nothing.
func ruleText(w io.Writer, r ruleState) {
	switch registrartest.Outcome(r.Outcome) {
	case registrartest.Broken:
		command.Block(w, fmt.Sprintf("%s %s: %s\n  the contract: %s", verdictOn(r), r.ID, r.Demand, r.Place))
		for _, f := range r.Findings {
			command.Block(w, "  found: "+command.Printable(f, false))
		}
		command.Block(w, "  what to do: "+r.Remedy)
	case registrartest.NotJudged:
		command.Block(w, fmt.Sprintf("NOT JUDGED %s: %s\n  because: %s", r.ID, r.Demand, command.Printable(command.OrDash(r.Reason), false)))
	}
}

// skippedText lists the skipped rules by reason.
func skippedText(w io.Writer, rules []ruleState) {
	var reasons []string
	ids := map[string][]string{}
	for _, r := range rules {
		if r.Outcome != string(registrartest.Skipped) {
			continue
		}
		reason := command.OrDash(r.Reason)
		if ids[reason] == nil {
			reasons = append(reasons, reason)
		}
		ids[reason] = append(ids[reason], r.ID)
	}
	for _, reason := range reasons {
		command.Block(w, "skipped, because "+reason+": "+strings.Join(ids[reason], ", "))
	}
}

func verdictOn(r ruleState) string {
	if r.Level == string(registrartest.Should) {
		return "WARNING"
	}
	return "BROKEN"
}
