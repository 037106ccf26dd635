package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"registrar.panel/host/config"
)

// lockFile lies in the data directory.
const lockFile = "panel.lock"

// How long a lock is waited for: a process that is just being started may hold a copy of one
// that was given back.
const (
	lockWithin = time.Second
	lockPause  = 20 * time.Millisecond
)

// lockData makes the data directory and takes it for this process; the kernel gives it back
// when the process ends, however it ends.
func lockData(p config.Panel) (*os.File, error) {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return nil, p.DataAt.Errorf("can't make the data directory: %v", err)
	}
	f, err := os.OpenFile(filepath.Join(p.Data, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, p.DataAt.Errorf("can't use the data directory: %v", err)
	}
	for patience := lockWithin; ; patience -= lockPause {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || patience <= 0 {
			break
		}
		time.Sleep(lockPause)
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, p.DataAt.Errorf("another panel is serving from %s", p.Data)
	}
	return nil, fmt.Errorf("lock data directory: %w", err)
}

// listen opens the panel's address.
func listen(ctx context.Context, p config.Panel) (net.Listener, error) {
	path, isSocket := p.Socket()
	if isSocket {
		return listenSocket(ctx, p, path)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.Listen)
	if err != nil {
		return nil, listenError(p, err)
	}
	return l, nil
}

func listenSocket(ctx context.Context, p config.Panel, path string) (net.Listener, error) {
	removeStale(path)
	// The mode is set before the socket has a name, so that at no instant others may connect.
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var fault error
		return errors.Join(c.Control(func(fd uintptr) { fault = syscall.Fchmod(int(fd), 0o600) }), fault)
	}}
	l, err := private.Listen(ctx, "unix", path)
	if err != nil {
		return nil, listenError(p, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, listenError(p, err)
	}
	return l, nil
}

// removeStale removes a socket that a killed panel left behind, and nothing else.
func removeStale(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
}

func listenError(p config.Panel, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return p.ListenAt.Errorf("panel.listen: %s is in use by another program", p.Listen)
	}
	var cause *net.OpError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return p.ListenAt.Errorf("panel.listen: can't listen on %s: %v", p.Listen, err)
}
