package host

import (
	"context"
	"net"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
)

// withPeer names the user at the other end of a Unix socket: nobody else can open it, so there
// is no credential to ask for.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return ctx
	}
	var peer *unix.Ucred
	var fault error
	err = raw.Control(func(fd uintptr) { peer, fault = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err != nil || fault != nil {
		return ctx
	}
	return access.With(ctx, access.Caller{Name: userName(peer.Uid), Rights: access.Rights()})
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}

// warnLocked tells that a panel on TCP has no credential yet.
func (h *Host) warnLocked(ctx context.Context, c *orders.Credentials) error {
	if _, isSocket := h.config.Panel.Socket(); isSocket || !h.config.Panel.Token.IsEmpty() {
		return nil
	}
	list, err := c.List(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		h.log.Warn("no credential opens this panel yet: make one with panel token add NAME --rights look,…")
	}
	return nil
}
