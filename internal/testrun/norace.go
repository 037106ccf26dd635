//go:build !race

package testrun

// watched is true if this program runs under the race detector.
const watched = false
