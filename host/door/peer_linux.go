package door

import "golang.org/x/sys/unix"

// peerUser returns the user at the other end of a connected Unix socket.
func peerUser(fd int) (uid uint32, err error) {
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return peer.Uid, nil
}
