package systemd

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// environment is variables by name.
type environment map[string]string

func (e environment) look(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		name string
		env  environment
		want Manager
	}{
		{"none", environment{}, Manager{}},
		{"no watchdog", environment{"NOTIFY_SOCKET": "/s"}, Manager{socket: "/s"}},
		{"a watchdog of the process", environment{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, Manager{"/s", 3 * time.Second}},
		{"a watchdog of any process", environment{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "1"}, Manager{"/s", time.Microsecond}},
		{"a watchdog of another process", environment{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, Manager{socket: "/s"}},
		{"no number", environment{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "soon"}, Manager{socket: "/s"}},
		{"never", environment{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "0"}, Manager{socket: "/s"}},
		{"before now", environment{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "-5"}, Manager{socket: "/s"}},
	} {
		if got := FromEnvironment(c.env.look, 7); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// listener is the manager's side.
func listener(t *testing.T) (path string, next func() string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return path, func() string {
		b := make([]byte, 100)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	path, next := listener(t)
	m := Manager{socket: path}
	for _, state := range []string{Ready, Stopping} {
		if err := m.Tell(state); err != nil {
			t.Fatal(err)
		}
		if got := next(); got != state {
			t.Errorf("told %q, want %q", got, state)
		}
	}
	if err := (Manager{socket: path + "-of-nothing"}).Tell(Ready); err == nil {
		t.Error("told what does not listen")
	}
	if err := (Manager{}).Tell(Ready); err != nil {
		t.Errorf("without a manager: %v", err)
	}
}

// Signs of life are given as long as the program is healthy, and end with it.
func TestWatch(t *testing.T) {
	t.Parallel()

	path, next := listener(t)
	ctx, cancel := context.WithCancel(t.Context())
	healthy, hangs, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Manager{socket: path, within: 3 * time.Millisecond}.Watch(ctx, func() {
			select {
			case healthy <- struct{}{}:
			case <-hangs:
			}
		})
	}()

	for range 3 {
		<-healthy
		if got := next(); got != alive {
			t.Fatalf("told %q", got)
		}
	}

	cancel()
	close(hangs)

	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := (Manager{socket: path}).Watch(t.Context(), func() { t.Error("looked, though nothing is wanted") }); err != nil {
		t.Fatal(err)
	}
}
