//go:build !linux

package door

import (
	"errors"
	"runtime"
)

// peerUser fails, because the user is known on Linux only: elsewhere a caller on the socket needs a credential.
func peerUser(int) (uid uint32, err error) {
	return 0, errors.New("the user at the other end of a socket is not known on " + runtime.GOOS)
}
