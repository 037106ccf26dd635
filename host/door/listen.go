package door

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"

	"registrar.panel/host/config"
)

// Listen opens the panel's address, with TLS if it is configured.
func Listen(ctx context.Context, p config.Panel, log *slog.Logger) (net.Listener, error) {
	l, err := listen(ctx, p)
	if err != nil {
		return nil, err
	}
	safe, err := protected(l, p, log)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return safe, nil
}

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

	// Refused means that no process listens there any more. A panel at work answers, and finds its address in use.
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
