//go:build race

package testrun

// watched: this program runs under the race detector.
const watched = true
