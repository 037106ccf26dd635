// Package mailhost supports tests: it runs real mail servers, Dovecot and Postfix
// as Debian packages them, as private instances that a test can break on purpose.
//
// Each instance has its own directory, its own ports on loopback and its own
// certificate. It leaves the system's configuration alone and needs no systemd.
// It ends with its test, or with the test's process, however that ends.
//
// Parts of the servers run as other users, so tests with them run as root.
// If an instance can't do what it was told, the test fails, and the message
// says what to install or shows the server's log; no test is ever skipped.
package mailhost

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// install is the command that the message names when a server is missing.
const install = "apt-get install -y --no-install-recommends dovecot-imapd dovecot-lmtpd postfix"

// require fails the test unless the programs are installed and may be used.
func require(t testing.TB, programs ...string) {
	t.Helper()
	testrun.NeedsServers(t)
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("the real mail servers are not installed (%v): %s", err, install)
		}
	}
	if os.Geteuid() != 0 {
		t.Fatal("Dovecot and Postfix can be started by root only: run the tests as root")
	}
}

// directory makes a directory that the servers' users can enter. Its name is short,
// because sockets lie in it. It is removed after the servers in it have ended.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o644), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

// ownedDir makes a directory that belongs to a user and a group of the system; "" = ours.
func ownedDir(t testing.TB, dir, name, owner, group string, mode os.FileMode) {
	t.Helper()

	uid, gid := -1, -1
	if owner != "" {
		u, err := user.Lookup(owner)
		if err != nil {
			t.Fatal(err)
		}
		uid = number(t, u.Uid)
	}

	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			t.Fatal(err)
		}
		gid = number(t, g.Gid)
	}

	path := filepath.Join(dir, name)

	// Mkdir leaves out the bits that the umask forbids.
	if err := errors.Join(os.Mkdir(path, mode), os.Chmod(path, mode), os.Chown(path, uid, gid)); err != nil {
		t.Fatal(err)
	}
}

func number(t testing.TB, id string) int {
	t.Helper()
	n, err := strconv.Atoi(id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// freePorts picks ports that are not in use.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // after the last port is picked, so that no port is picked twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// greets waits until a server says its name on a port, or has ended.
// Another name means another server, which was faster to take the port.
func greets(t testing.TB, d *daemon, port int, name string) error {
	return testrun.Reach(t, d.name, d.ended, func(patience time.Duration) error {
		said, err := greeting(port, patience)
		if err != nil || !bytes.Contains(said, []byte(name)) {
			return fmt.Errorf("%s says %q on port %d and not %q: %v", d.name, said, port, name, err)
		}
		return nil
	})
}

func greeting(port int, patience time.Duration) ([]byte, error) {
	conn, err := net.DialTimeout("tcp", loopback(port), patience)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	buf := make([]byte, 512)
	n, err := conn.Read(buf)
	return buf[:n], err
}

// command runs a program of a server and returns what it prints.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}
