package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"registrar.panel/cmd/panel/command"
)

// password is one of the secrets, and the file that contains it.
type password struct{ of, file string }

func (a Answers) passwords() []password {
	list := []password{{"of R01's mail interface", a.R01Secret}, {"of the mailbox", a.IMAPSecret}}
	if a.SMTPUser != none {
		list = append(list, password{"at the relay", a.SMTPSecret})
	}
	return list
}

// storeSecrets asks for the passwords whose files don't exist, and writes these files.
// Without a person it returns which are missing. Existing files stay as they are.
func (a Answers) storeSecrets(dir string, person *interview) (missing []Finding, err error) {
	for _, p := range a.passwords() {
		path := p.file
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}

		if _, err := os.Stat(path); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look for the password %s: %w", p.of, err)
		}

		if person == nil {
			missing = append(missing, finding("password", fmt.Errorf("there is no file %s with the password %s", path, p.of),
				"Write the password into that file, one line, readable by the panel's user only; then: panel check"))
			continue
		}

		fmt.Fprintf(person.out, "%s: ", command.Say(person.out, fmt.Sprintf("The password %s; it is not shown, and goes to %s", p.of, path)))
		text, err := person.hidden()
		// Only the line's end is cut off, because a password may begin or end with a blank.
		if text = strings.TrimRight(text, "\r\n"); err != nil || text == "" {
			return nil, fmt.Errorf("read the password %s: %w", p.of, errors.Join(err, errNoAnswer))
		}

		if err := storeSecret(path, text); err != nil {
			return nil, err
		}
	}

	return missing, nil
}

// storeSecret writes a file for its owner alone. In a directory that passes its group
// on, such as that of a package, the group, which is the panel's, may read it, too.
func storeSecret(path, text string) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(filepath.Dir(path)); err == nil && info.Mode()&fs.ModeSetgid != 0 {
		mode = 0o640
	}

	// The mode is set again below, because the umask restricts this one.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	_, err = f.WriteString(text + "\n")
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	return nil
}
