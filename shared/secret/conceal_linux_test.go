package secret

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The test binary, run with this variable, conceals itself or does not, and waits.
const role = "SECRET_TEST_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "concealed":
		err = Conceal()
	}
	var core unix.Rlimit
	err = errors.Join(err, unix.Getrlimit(unix.RLIMIT_CORE, &core))
	fmt.Println(err, core.Cur, core.Max)
	select {}
}

// What another process of the same user would read is closed to it.
func TestConceal(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be another user")
	}
	for part, closed := range map[string]bool{"concealed": true, "open": false} {
		pid, said := waiting(t, part)
		if closed && said != "<nil> 0 0\n" {
			t.Errorf("%s says %q", part, said)
		}
		if err := readAs(nobody, fmt.Sprintf("/proc/%d/environ", pid)); errors.Is(err, syscall.EACCES) != closed {
			t.Errorf("%s: its environment: %v", part, err)
		}
		if err := readAs(nobody, fmt.Sprintf("/proc/%d/mem", pid)); closed && !errors.Is(err, syscall.EACCES) {
			t.Errorf("%s: its memory: %v", part, err)
		}
	}
}

const nobody = 65534

// waiting starts a part as the user "nobody" and returns its output.
func waiting(t *testing.T, part string) (pid int, said string) {
	t.Helper()

	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = []string{role + "=" + part, "PASSWORD=CANARY"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}

	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}

	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	var line [100]byte
	n, err := out.Read(line[:])
	if err != nil {
		t.Fatal(err)
	}

	return cmd.Process.Pid, string(line[:n])
}

// readAs reads a file as another user does, and finds the password in it.
func readAs(uid int, path string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread ends with the goroutine

		for _, call := range []uintptr{unix.SYS_SETFSGID, unix.SYS_SETFSUID} {
			unix.RawSyscall(call, uintptr(uid), 0, 0)
		}

		fd, err := unix.Open(path, unix.O_RDONLY, 0)
		if err == nil {
			buf := make([]byte, 1<<12)
			n, _ := unix.Read(fd, buf)
			if !strings.Contains(string(buf[:max(n, 0)]), "CANARY") {
				err = errors.New("it can be read, and the password is not there")
			}
			unix.Close(fd)
		}

		done <- err
	}()

	return <-done
}
