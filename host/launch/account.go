package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"registrar.panel/host/config"
	"registrar.panel/host/supervisor"
)

// account finds the user that a plugin's process runs as, and makes sure that this user can reach the
// plugin's data, its sockets and the working directory. It grants only the right to pass, and only on
// the panel's own directories. nil = the panel's own user, which must not be root for a foreign plugin.
func (l Launcher) account(r config.Registrar, workingDir string) (*supervisor.Account, error) {
	if r.User == "" && r.Path != "" && !r.Dev && os.Geteuid() == 0 {
		return nil, r.PathAt.Errorf(`the panel runs as root, and a plugin that is not bundled gets no such rights: give it a user of its own, made with useradd --system, as user = "NAME"`)
	}
	if r.User == "" {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, r.UserAt.Errorf("user = %q: only a panel that runs as root can start a plugin as another user", r.User)
	}

	found, err := user.Lookup(r.User)
	if err != nil {
		return nil, r.UserAt.Errorf("there is no user %q on this machine; make it first: useradd --system %[1]s", r.User)
	}

	uid, err1 := strconv.Atoi(found.Uid)
	gid, err2 := strconv.Atoi(found.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("find user %s: %w", r.User, err)
	}

	if uid == 0 {
		return nil, r.UserAt.Errorf("the user %q is root: name a user without its rights", r.User)
	}

	a := &supervisor.Account{Name: r.User, UID: uid, GID: gid}

	// The panel's own directories are opened for passing; the operator decides about all others.
	for _, own := range []string{l.Top, l.RunDir} {
		if err := allowTraversal(own); err != nil {
			return nil, err
		}
	}

	for _, end := range []string{l.Top, l.RunDir, workingDir} {
		if closed, err := firstInaccessible(a, end); err != nil {
			return nil, err
		} else if closed != "" {
			return nil, r.UserAt.Errorf("the user %q may not enter the directory %s, which leads to %s; chmod o+x it, or keep the panel's files elsewhere", r.User, closed, end)
		}
	}

	return a, nil
}

// allowTraversal makes a directory that other users may pass through but not read. Every file in it
// has a mode of its own.
func allowTraversal(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("let plugins pass: %w", err)
	}
	if info.Mode().Perm()&0o011 == 0o011 {
		return nil
	}
	if err := os.Chmod(dir, info.Mode().Perm()|0o011); err != nil {
		return fmt.Errorf("let plugins pass: %w", err)
	}
	return nil
}

// firstInaccessible returns the first directory on the way that an account may not enter; "" = none.
func firstInaccessible(a *supervisor.Account, end string) (string, error) {
	dir, err := filepath.Abs(end)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", end, err)
	}

	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return "", fmt.Errorf("look at directory: %w", err)
		}

		// As the kernel decides: only the first of owner, group and others that matches counts.
		need := fs.FileMode(0o001)
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == a.UID {
			need = 0o100
		} else if ok && int(owner.Gid) == a.GID {
			need = 0o010
		}

		if info.Mode().Perm()&need == 0 {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", nil
		}
	}
}

// chownTree gives a plugin's data directory, with everything in it, to the plugin's account. It
// follows no links and never leaves the directory.
func chownTree(dir string, a *supervisor.Account) error {
	if a == nil {
		return nil
	}
	if err := allowTraversal(filepath.Dir(dir)); err != nil {
		return err
	}

	// The account can write there: a plain path would follow a link that it laid to a file of the panel's.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("give %s to user %s: %w", dir, a.Name, err)
	}
	defer root.Close()

	err = fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(name, a.UID, a.GID)
	})
	if err != nil {
		return fmt.Errorf("give %s to user %s: %w", dir, a.Name, err)
	}

	return nil
}
