//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintln(os.Stderr, "crash: it needs the mounts, limits and signals of Linux, and this is "+runtime.GOOS)
	os.Exit(2)
}
