//go:build !linux

package mailhost

import (
	"errors"
	"runtime"
	"syscall"
)

// tied works only on Linux: elsewhere a server would outlive the test that started it.
func tied() (*syscall.SysProcAttr, error) {
	return nil, errors.New("servers for tests run on Linux only, which kills them with the test; this is " + runtime.GOOS)
}
