package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is an account of every system.
var nobody = &Account{Name: "nobody", UID: 65534, GID: 65534}

// program writes a file that could be run, in a directory of its own.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("text"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A foreign program that others could have put there is not run.
func TestForeignProgram(t *testing.T) {
	t.Parallel()

	sum := sha256.Sum256([]byte("text"))
	right := hex.EncodeToString(sum[:])
	for _, test := range []struct {
		reason string
		change func(t *testing.T, path string) string // returns the path to run
		root   bool                                   // only root can set it up
		want   string                                 // "" = it is run
	}{
		{"as it should be", func(_ *testing.T, path string) string { return path }, false, ""},
		{"below a directory with the sticky bit", func(t *testing.T, path string) string {
			must(t, os.Chmod(filepath.Dir(path), 0o777|fs.ModeSticky))
			return path
		}, false, ""},
		{"through a link to its directory", func(t *testing.T, path string) string {
			link := filepath.Join(t.TempDir(), "link")
			must(t, os.Symlink(filepath.Dir(path), link))
			return filepath.Join(link, "program")
		}, false, ""},
		{"a link", func(t *testing.T, path string) string {
			must(t, os.Symlink(path, path+"-link"))
			return path + "-link"
		}, false, "it is a symbolic link: name the program itself, "},
		{"a link to a directory of others", func(t *testing.T, path string) string {
			must(t, os.Chmod(filepath.Dir(path), 0o777))
			link := filepath.Join(t.TempDir(), "link")
			must(t, os.Symlink(filepath.Dir(path), link))
			return filepath.Join(link, "program")
		}, false, "others can exchange what is in it"},
		{"writable by the group", func(t *testing.T, path string) string {
			must(t, os.Chmod(path, 0o775))
			return path
		}, false, "it has mode -rwxrwxr-x: others can change it; chmod go-w it"},
		{"writable by all", func(t *testing.T, path string) string {
			must(t, os.Chmod(path, 0o757))
			return path
		}, false, "others can change it"},
		{"in a directory that the group can write to", func(t *testing.T, path string) string {
			must(t, os.Chmod(filepath.Dir(path), 0o770))
			return path
		}, false, "has mode drwxrwx---: others can exchange what is in it; chmod go-w it"},
		{"in a directory of a directory that all can write to", func(t *testing.T, path string) string {
			below := filepath.Join(filepath.Dir(path), "below")
			must(t, os.Mkdir(below, 0o755))
			must(t, os.Rename(path, filepath.Join(below, "program")))
			must(t, os.Chmod(filepath.Dir(path), 0o777))
			return filepath.Join(below, "program")
		}, false, "others can exchange what is in it"},
		{"a directory", func(_ *testing.T, path string) string { return filepath.Dir(path) }, false, "it is no regular file"},
		{"a pipe", func(t *testing.T, path string) string {
			must(t, syscall.Mkfifo(path+"-pipe", 0o600))
			return path + "-pipe"
		}, false, "it is no regular file"},
		{"another user's", func(t *testing.T, path string) string {
			must(t, os.Chown(path, nobody.UID, nobody.GID))
			return path
		}, true, "it belongs to another user"},
		{"in a directory of another user's", func(t *testing.T, path string) string {
			must(t, os.Chown(filepath.Dir(path), nobody.UID, nobody.GID))
			return path
		}, true, "it belongs to another user"},
		{"changed", func(t *testing.T, path string) string {
			must(t, os.WriteFile(path, []byte("tekst"), 0o755))
			return path
		}, false, "and " + right + " is expected"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()

			if test.root && os.Geteuid() != 0 {
				t.Skip("needs root")
			}

			path := test.change(t, program(t))
			f, err := openProgram(Spec{Command: []string{path}, SHA256: right, Foreign: true})
			if err == nil {
				f.Close()
			}

			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (!isPermanent(err) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("openProgram = %v, want %q", err, test.want)
			}
		})
	}
}

// The rules are not waived with the checksum.
func TestUnpinnedProgramIsCheckedToo(t *testing.T) {
	t.Parallel()
	path := program(t)
	must(t, os.Chmod(path, 0o777))
	if _, err := openProgram(Spec{Command: []string{path}, Foreign: true}); !isPermanent(err) {
		t.Errorf("openProgram = %v", err)
	}
}

// Sockets lie in a directory that is closed to other users, whatever the umask.
func TestSocketsArePrivate(t *testing.T) {
	t.Parallel()

	th := open(t, nil)
	th.ready()
	sockets := 0
	err := filepath.WalkDir(filepath.Join(th.stage, "run"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}

		info, err := d.Info()
		if err != nil {
			return err
		}

		if d.IsDir() && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		if info.Mode()&fs.ModeSocket != 0 {
			sockets++
		}

		return nil
	})
	if err != nil || sockets == 0 {
		t.Errorf("%d sockets, %v", sockets, err)
	}
}

// With TLS a stranger on the socket is not answered; without, the reason is told.
func TestTLS(t *testing.T) {
	t.Parallel()
	const reason = "its language has no TLS"
	for _, why := range []string{"", reason} {
		th := open(t, func(o *Options) { o.Plugins[0].NoTLSReason = why })
		th.ready()
		if err := th.submit("good.test"); err != nil {
			t.Error(err)
		}
		if told := strings.Contains(th.log.String(), "plugin without TLS: reason=\""+reason+"\""); told != (why != "") {
			t.Errorf("reason %q, told %v:\n%s", why, told, th.log)
		}
		if answered := answersPlainly(t, th.stage); answered != (why != "") {
			t.Errorf("reason %q: a stranger without TLS is answered: %v", why, answered)
		}
	}
}

// answersPlainly greets as HTTP/2 without TLS does, and reports whether the plugin does so, too.
func answersPlainly(t *testing.T, stage string) bool {
	t.Helper()
	var socket string
	must(t, filepath.WalkDir(filepath.Join(stage, "run"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSocket != 0 {
			socket = path
		}
		return err
	}))
	conn, err := net.Dial("unix", socket)
	must(t, err)
	defer conn.Close()
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		return false
	}
	header := make([]byte, 9)
	_, err = conn.Read(header)
	return err == nil && header[3] == 4 // a frame of SETTINGS
}

// A plugin with an account of its own has that user's rights, and no more groups.
func TestAccount(t *testing.T) {
	t.Parallel()

	if os.Geteuid() != 0 {
		t.Skip("needs root; the refusal without it is tested with the host")
	}

	th := open(t, func(o *Options) {
		stage := filepath.Dir(o.Plugins[0].RunDir)
		must(t, os.Chmod(stage, 0o777))
		o.Plugins[0].Account = nobody
	})

	th.ready()
	if err := th.submit("who.test"); err != nil {
		t.Error(err)
	}
	if asked := th.asked(); asked != "configure start as-65534-65534-0" {
		t.Errorf("asked to: %s", asked)
	}

	th.stop()
	if locked(t, filepath.Join(th.stage, "alive")) {
		t.Error("the process outlives Run")
	}
}
