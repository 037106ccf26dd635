package mailbox

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// occupy takes a name that only one process of this machine can have at a time, and that the
// system takes back when the process ends: that of an abstract socket. A name that another user
// of the machine has taken holds nothing up, because other users are not trusted.
func occupy(place string) (io.Closer, error) {
	name := "@registrar-r01-mailbox-" + place
	l, err := net.Listen("unix", name)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) && isOurs(name) {
			return nil, errShared
		}
		return free{}, nil
	}

	o := &occupied{listener: l, ended: make(chan struct{})}
	go o.answer()
	return o, nil
}

// occupied is a folder that only this process reads.
type occupied struct {
	listener net.Listener
	ended    chan struct{}
}

// answer lets others check who holds the name, until it is closed.
func (o *occupied) answer() {
	defer close(o.ended)
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		conn.Close()
	}
}

// Close implements io.Closer.
func (o *occupied) Close() error {
	err := o.listener.Close()
	<-o.ended
	return err
}

// isOurs reports whether a process of this user holds a name.
func isOurs(name string) bool {
	conn, err := net.Dial("unix", name)
	if err != nil {
		return false
	}
	defer conn.Close()

	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return false
	}
	var peer *unix.Ucred
	asked := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	return asked == nil && err == nil && int(peer.Uid) == os.Getuid()
}
