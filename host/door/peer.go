package door

import (
	"context"
	"net"
	"os/user"
	"strconv"

	"registrar.panel/host/access"
)

// WithPeer returns a context that names the user at the other end of a Unix socket. The mode of
// the socket decides who may open it, so no credential is asked for.
func WithPeer(ctx context.Context, c net.Conn) context.Context {
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return ctx
	}
	var uid uint32
	var fault error
	err = raw.Control(func(fd uintptr) { uid, fault = peerUser(int(fd)) })
	// A caller whose user is not known needs a credential, as on TCP.
	if err != nil || fault != nil {
		return ctx
	}
	return access.With(ctx, access.Caller{Name: userName(uid), Rights: access.Rights()})
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}
