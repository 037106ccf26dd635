package operator

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/host/backup"
)

// Backup writes everything that the panel keeps into one archive.
type Backup struct {
	File string `arg:"" placeholder:"FILE" help:"The archive to write; it must not exist. Or a directory: a new archive is written there, named by the time."`
	Keep int    `placeholder:"N" help:"Of the archives in the directory that are named so, leave the latest N and remove the others."`
}

// archiveView describes an archive.
type archiveView struct {
	File    string    `json:"file"`
	MadeAt  time.Time `json:"made_at"`
	Files   int       `json:"files"`
	Keys    []string  `json:"keys"`
	Wrapped bool      `json:"keys_wrapped"`
	Missing []string  `json:"missing"`               // registrars whose stores are not in it
	Aside   *string   `json:"moved_aside,omitempty"` // restore: where the old data directory is now
	Removed []string  `json:"removed,omitempty"`     // backup: older archives
}

func viewOf(file string, m backup.Manifest) archiveView {
	v := archiveView{File: file, MadeAt: m.MadeAt, Files: len(m.Files), Keys: append([]string{}, m.Keys...), Wrapped: m.Wrapped, Missing: []string{}}
	for _, r := range m.Missing {
		v.Missing = append(v.Missing, r.Registrar)
	}
	return v
}

// lacking returns the result of a backup without the stores of some registrars.
func lacking(m backup.Manifest) error {
	var lines []string
	for _, r := range m.Missing {
		lines = append(lines, fmt.Sprintf("the store of registrar %s is NOT in this backup: %s", r.Registrar, r.Reason))
	}
	if len(lines) == 0 {
		return nil
	}
	return command.Waiting(strings.Join(lines, "\n"))
}

// Run writes the archive and reads it back. It removes old archives only if the new one is
// complete. If the archive lacks the store of a registrar, a person has to look at the result.
func (p *Backup) Run(c *command.Call) error {
	shelf, err := p.shelf()
	if err != nil {
		return command.Usage(err)
	}

	client, server, err := c.Client()
	if err != nil {
		return err
	}

	if err := download(p.File, func(w io.Writer) error { return client.Backup(c.Ctx, w) }); err != nil {
		return command.Explain(err, server)
	}

	// Read back from the disk, so that a damaged archive is found now and not when it is needed.
	m, err := backup.Inspect(p.File)
	if err != nil {
		return fmt.Errorf("the backup is damaged: %w", err)
	}

	if !m.Wrapped {
		command.Complain(c.Stderr, "the keys are NOT in this backup, and without them it can't be read. Keep copies of them elsewhere, or set panel.backup_recipients:")
		for _, key := range m.Keys {
			command.Complain(c.Stderr, "  "+key)
		}
	}

	v := viewOf(p.File, m)

	if len(m.Missing) == 0 { // or a complete archive would make room for an incomplete one
		if v.Removed, err = shelf.prune(); err != nil {
			return err
		}
	}

	if err := c.Show(v, func(w io.Writer) {
		command.Fact(w, "written", v.File)
		command.Fact(w, "files", v.Files)
		command.Fact(w, "keys", command.Said(map[bool]string{true: "encrypted to panel.backup_recipients", false: "left out"}[v.Wrapped]))
		for _, old := range v.Removed {
			command.Fact(w, "removed", old)
		}
	}); err != nil {
		return err
	}

	return lacking(m)
}

// download writes a new file that is either complete, and on the disk, or does not exist.
func download(file string, fetch func(io.Writer) error) error {
	if _, err := os.Lstat(file); err == nil {
		return command.Usage(fmt.Errorf("%s exists already", file))
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".backup-*")
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	defer os.Remove(tmp.Name())
	err = fetch(tmp)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); err != nil { // a link never replaces a file
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// Restore unpacks such an archive as a data directory.
type Restore struct {
	File     string `arg:"" placeholder:"FILE" help:"An archive that panel backup wrote."`
	Identity string `placeholder:"FILE" help:"The age identity that opens its keys."`
	Keys     string `placeholder:"DIR" help:"A data directory, or a copy of one, to take keys from that the archive does not hold."`
	Replace  bool   `help:"Move a data directory that holds something aside."`
}

// Run moves the panel's data aside and puts those of an archive in their place. Existing data without --replace and
// missing keys are mistakes of the command line; if the archive lacks a store, a person has to look at the result.
func (p *Restore) Run(c *command.Call) error {
	m, aside, err := host.Restore(host.Restoration{ConfigPath: c.Config, Archive: p.File, Identity: p.Identity,
		Keys: p.Keys, Replace: p.Replace, Now: time.Now})
	switch {
	case errors.Is(err, backup.ErrNotEmpty):
		return command.Usage(fmt.Errorf("%w; give --replace to move it aside", err))
	case errors.Is(err, backup.ErrKeys):
		return command.Usage(fmt.Errorf("%w (--identity FILE, or --keys DIR)", err))
	case err != nil:
		return command.Unreadable(err)
	}

	v := viewOf(p.File, m)
	if aside != "" {
		v.Aside = &aside
	}

	if err := c.Show(v, func(w io.Writer) {
		command.Fact(w, "restored", command.Said("as of "+m.MadeAt.Format(time.RFC3339)))
		command.Fact(w, "files", v.Files)
		if aside != "" {
			command.Fact(w, "the old data", aside)
		}
		command.Fact(w, "next", command.Said("panel serve; what was sent since is held, see docs/reliability.md"))
	}); err != nil {
		return err
	}

	command.Hint(c.Stderr, "personal data that were erased since the backup was made are back: erase them again (panel customer erase)")
	return lacking(m)
}
