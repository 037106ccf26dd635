package operator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

type importDomainCommand struct {
	Name      string `arg:"" optional:"" help:"In Unicode or in ACE."`
	File      string `placeholder:"FILE" help:"Import many: a line has name, paid-till, and unless the flags say it for all, customer and handle, with tabs between. - is stdin."`
	DryRun    bool   `short:"n" help:"With --file: show what would become of each line; change nothing."`
	Customer  string `placeholder:"ID" help:"Whose it is."`
	Handle    string `placeholder:"H" help:"The registrant, as the registrar knows it."`
	PaidTill  string `placeholder:"DATE" help:"YYYY-MM-DD."`
	Registrar string `placeholder:"NAME" help:"Default: the one that serves the zone; needed for another account of one plugin."`
}

func (p *importDomainCommand) Run(c *command.Call) error {
	switch {
	case p.File != "" && (p.Name != "" || p.PaidTill != ""):
		return command.Usage(errors.New("--file has names and days of its own"))
	case p.File != "":
		return p.many(c)
	case p.Name == "" || p.Customer == "" || p.Handle == "" || p.PaidTill == "":
		return command.Usage(errors.New("give NAME, --customer, --handle and --paid-till, or --file"))
	case p.DryRun:
		return command.Usage(errors.New("-n belongs to --file"))
	}
	d, err := command.Post[api.Domain](c, api.Path("domains", p.Name, "import"),
		api.Import{Customer: p.Customer, Handle: p.Handle, PaidTill: p.PaidTill, Registrar: p.Registrar})
	if err != nil {
		return err
	}
	return c.Show(d, domainText(d))
}

// atOnce is how many domains one call imports: as many as the API takes.
const atOnce = 1000

func (p *importDomainCommand) many(c *command.Call) error {
	rows, err := p.read(c)
	if err != nil {
		return command.Usage(err)
	}

	all := []api.Imported{}
	for len(rows) > 0 {
		n := min(atOnce, len(rows))
		done, err := command.Post[[]api.Imported](c, api.Path("domains", "import"), api.Imports{DryRun: p.DryRun, Registrar: p.Registrar, Rows: rows[:n]})
		if err != nil {
			// The domains of the calls before this one stay imported.
			return errors.Join(err, c.Show(all, importsText(all)))
		}
		all, rows = append(all, done...), rows[n:]
	}

	if err := c.Show(all, importsText(all)); err != nil {
		return err
	}

	counts := map[string]int{}
	for _, one := range all {
		counts[one.Action]++
	}

	did := "imported: %d, known already: %d, refused: %d"
	if p.DryRun {
		did = "to be " + did
	}
	command.Hint(c.Stderr, fmt.Sprintf(did, counts["import"], counts["known"], counts["refused"]))

	if counts["refused"] > 0 {
		return fmt.Errorf("lines that were refused: %d", counts["refused"])
	}
	return nil
}

func importsText(all []api.Imported) func(io.Writer) {
	return func(w io.Writer) {
		command.Head(w, "DOMAIN", "ACTION", "REASON")
		for _, one := range all {
			command.Row(w, one.Unicode, command.Word("taken", one.Action), command.Said(one.Reason))
		}
	}
}

// read reads the lines of the file, and reports every mistake with its line.
func (p *importDomainCommand) read(c *command.Call) (rows []api.ImportRow, err error) {
	in := c.Stdin
	if p.File != "-" {
		f, err := os.Open(p.File)
		if err != nil {
			return nil, fmt.Errorf("read import: %w", err)
		}
		defer f.Close()
		in = f
	}

	var mistakes []error
	lines := bufio.NewScanner(in)
	n := 1
	for ; lines.Scan(); n++ {
		// Spreadsheets write a byte order mark before the first line, and CRLF at the ends.
		line := strings.TrimRight(strings.TrimPrefix(lines.Text(), "\uFEFF"), "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row, wrong := p.row(strings.Split(line, "\t"))
		if wrong != "" {
			mistakes = append(mistakes, fmt.Errorf("%s:%d: %s", p.File, n, wrong))
		}
		rows = append(rows, row)
	}

	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		wrong := fmt.Sprintf("it is longer than %d KiB; a line has one domain, with tabs between", bufio.MaxScanTokenSize>>10)
		mistakes = append(mistakes, fmt.Errorf("%s:%d: %s", p.File, n, wrong))
	case err != nil:
		return nil, fmt.Errorf("read import: %w", err)
	}
	return rows, errors.Join(mistakes...)
}

func (p *importDomainCommand) row(cells []string) (api.ImportRow, string) {
	cell := func(i int, otherwise string) string {
		if i < len(cells) && strings.TrimSpace(cells[i]) != "" {
			return strings.TrimSpace(cells[i])
		}
		return otherwise
	}

	row := api.ImportRow{Domain: cell(0, ""), PaidTill: cell(1, ""), Customer: cell(2, p.Customer), Handle: cell(3, p.Handle)}
	if _, err := input.ACE(row.Domain); err != nil {
		return row, fmt.Sprintf("%q is not a domain name", row.Domain)
	}
	if d, err := registrar.ParseDate(row.PaidTill); err != nil || d.IsZero() {
		return row, fmt.Sprintf("paid-till %q must be YYYY-MM-DD", row.PaidTill)
	}

	switch {
	case len(cells) > 4:
		return row, "it has more than name, paid-till, customer and handle"
	case row.Customer == "":
		return row, "the customer is missing: give it as third cell, or --customer for all"
	case row.Handle == "":
		return row, "the handle is missing: give it as fourth cell, or --handle for all"
	}

	return row, ""
}
