package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Another user of the machine gets no access: neither through the
// socket, whatever the directories permit, nor through the port.
func TestOtherUsersOfTheMachine(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root; without it there is one user only")
	}
	w := oneManual(t, "")
	w.servePlugins("manual")
	if err := os.Chmod(w.dir, 0o711); err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[int]error{65534: syscall.EACCES, 0: nil} {
		if err := connectAs(uid, filepath.Join(w.dir, "panel.sock")); !errors.Is(err, want) {
			t.Errorf("user %d: %v, want %v", uid, err, want)
		}
	}
}

// connectAs opens a socket with another user's rights to files.
func connectAs(uid int, path string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, so the thread ends with the goroutine
		if _, _, errno := unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0); errno != 0 {
			done <- errno
			return
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
			unix.Close(fd)
		}
		done <- err
	}()
	return <-done
}
