package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// openProgram opens and verifies the program. It returns the file that was verified: running the
// file, and not the path, leaves no time to replace it.
func openProgram(spec Spec) (*os.File, error) {
	path := spec.Command[0]
	if spec.Foreign {
		if err := checkPath(path); err != nil {
			return nil, refused(path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hold us up
	if err != nil {
		return nil, fmt.Errorf("open program: %w", err)
	}
	if err := verify(f, spec); err != nil {
		f.Close()
		return nil, refused(path, err)
	}
	return f, nil
}

func refused(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open program: %w", err)
	}
	return permanentError{fmt.Errorf("verify program %s: %w", path, err)}
}

func verify(f *os.File, spec Spec) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}

	// The host's own program is as safe as the host itself. Any other could be changed after it was verified, by users
	// who can write to its file.
	if spec.Foreign || spec.SHA256 != "" {
		if err := checkFile(info); err != nil {
			return err
		}
	}

	if spec.SHA256 == "" {
		return nil
	}

	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}

	if have := hex.EncodeToString(hash.Sum(nil)); !strings.EqualFold(have, spec.SHA256) {
		return fmt.Errorf("its sha256 is %s, and %s is expected", have, spec.SHA256)
	}

	return nil
}

func checkFile(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is no regular file but has mode %s", info.Mode())
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("it has mode %s: others can change it; chmod go-w it", info.Mode())
	}
	return checkOwner(info)
}

// checkPath refuses a path on which others could place another program: a symbolic link at its end, or on the way a
// directory that others can write to. A directory with the sticky bit, such as /tmp, protects what its owner put there.
func checkPath(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}

	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		return fmt.Errorf("it is a symbolic link: name the program itself, %s", target)
	}

	// With links resolved: it is the real directories in which a program could be exchanged.
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return err
	}

	for {
		if err := checkDir(dir); err != nil {
			return err
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("the directory %s has mode %s: others can exchange what is in it; chmod go-w it", dir, info.Mode())
	}
	if err := checkOwner(info); err != nil {
		return fmt.Errorf("the directory %s: %w", dir, err)
	}
	return nil
}

func checkOwner(info fs.FileInfo) error {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return errors.New("it belongs to another user; it must be root's or the panel's own")
	}
	return nil
}
