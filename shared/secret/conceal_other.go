//go:build !linux

package secret

import (
	"errors"
	"runtime"
)

// Conceal works on Linux only.
func Conceal() error {
	return errors.New("the memory of a process is concealed on Linux only, and this is " + runtime.GOOS)
}
