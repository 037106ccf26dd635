//go:build !linux

package mailbox

import "io"

// claim takes nothing: this system has no names that end with their process.
func claim(string) (io.Closer, error) { return unclaimed{}, nil }
