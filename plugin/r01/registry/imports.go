package registry

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"

	"registrar.panel/shared/registrar"
)

// Imports are two files: the names that a provider hosts, which the provider keeps, and those of them to
// import, which we write. Zone lists show the domains of all customers of a registrar; a name becomes a
// candidate because it is hosted here.
type Imports struct {
	Hosted string // path: one name for each line, in any notation; "#" begins a remark
	List   string // path: name and paid-till in each line, with a tab between
}

// Import is a domain that the provider may want to import.
type Import struct {
	Name     string // ACE
	PaidTill registrar.Date
}

func (i Imports) String() string { return i.List }

// EachHosted calls each with the names as they are written.
func (i Imports) EachHosted(each func(name string)) error {
	f, err := os.Open(i.Hosted)
	if err != nil {
		return fmt.Errorf("read hosted names: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "#")
		if name = strings.TrimSpace(name); name != "" {
			each(name)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read hosted names: %s: %w", i.Hosted, err)
	}
	return nil
}

// Listed reads the list that was last written; empty if none was.
func (i Imports) Listed() ([]Import, error) {
	text, err := os.ReadFile(i.List)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("read import list: %w", err)
	}
	var all []Import
	for line := range strings.Lines(string(text)) {
		name, till, _ := strings.Cut(strings.TrimSpace(line), "\t")
		day, err := registrar.ParseDate(till)
		if err != nil || day.IsZero() {
			return nil, fmt.Errorf("read import list: %s: the line %q is no name and date; remove it", i.List, line)
		}
		all = append(all, Import{name, day})
	}
	return all, nil
}

// Put replaces the list; a reader sees either the old one or the new one.
func (i Imports) Put(all []Import) error {
	var text bytes.Buffer
	for _, one := range all {
		fmt.Fprintf(&text, "%s\t%s\n", one.Name, one.PaidTill)
	}
	draft := i.List + ".new"
	if err := os.WriteFile(draft, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write import list: %w", err)
	}
	if err := os.Rename(draft, i.List); err != nil {
		return fmt.Errorf("write import list: %w", err)
	}
	return nil
}
