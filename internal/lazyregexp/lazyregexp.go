// Package lazyregexp has regular expressions that are compiled when they are first
// used, so that a program starts without those that it does not need. Compiling all
// of R01's takes longer than everything else that a process does before it works.
//
// Go's own packages have the same, but keep it internal. As there, a test compiles
// its expressions at once, so that a wrong one fails each test of its package.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// Regexp is a regular expression. Its methods are those of [regexp.Regexp].
type Regexp struct {
	text     string
	compiled func() *regexp.Regexp
}

// New returns an expression. A text that is not a regular expression panics when it is used.
func New(text string) *Regexp {
	r := &Regexp{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
	if inTest {
		r.compiled()
	}
	return r
}

var inTest = len(os.Args) > 0 && strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test")

// String returns the text of the expression.
func (r *Regexp) String() string { return r.text }

// MatchString is like [regexp.Regexp.MatchString].
func (r *Regexp) MatchString(text string) bool { return r.compiled().MatchString(text) }

// Match is like [regexp.Regexp.Match].
func (r *Regexp) Match(text []byte) bool { return r.compiled().Match(text) }

// FindString is like [regexp.Regexp.FindString].
func (r *Regexp) FindString(text string) string { return r.compiled().FindString(text) }

// FindStringIndex is like [regexp.Regexp.FindStringIndex].
func (r *Regexp) FindStringIndex(text string) []int { return r.compiled().FindStringIndex(text) }

// FindStringSubmatch is like [regexp.Regexp.FindStringSubmatch].
func (r *Regexp) FindStringSubmatch(text string) []string {
	return r.compiled().FindStringSubmatch(text)
}

// FindStringSubmatchIndex is like [regexp.Regexp.FindStringSubmatchIndex].
func (r *Regexp) FindStringSubmatchIndex(text string) []int {
	return r.compiled().FindStringSubmatchIndex(text)
}

// FindAllString is like [regexp.Regexp.FindAllString].
func (r *Regexp) FindAllString(text string, n int) []string {
	return r.compiled().FindAllString(text, n)
}

// FindAllStringIndex is like [regexp.Regexp.FindAllStringIndex].
func (r *Regexp) FindAllStringIndex(text string, n int) [][]int {
	return r.compiled().FindAllStringIndex(text, n)
}

// FindAllStringSubmatch is like [regexp.Regexp.FindAllStringSubmatch].
func (r *Regexp) FindAllStringSubmatch(text string, n int) [][]string {
	return r.compiled().FindAllStringSubmatch(text, n)
}

// ReplaceAllString is like [regexp.Regexp.ReplaceAllString].
func (r *Regexp) ReplaceAllString(text, by string) string {
	return r.compiled().ReplaceAllString(text, by)
}

// ReplaceAllStringFunc is like [regexp.Regexp.ReplaceAllStringFunc].
func (r *Regexp) ReplaceAllStringFunc(text string, by func(string) string) string {
	return r.compiled().ReplaceAllStringFunc(text, by)
}

// ReplaceAllFunc is like [regexp.Regexp.ReplaceAllFunc].
func (r *Regexp) ReplaceAllFunc(text []byte, by func([]byte) []byte) []byte {
	return r.compiled().ReplaceAllFunc(text, by)
}

// Split is like [regexp.Regexp.Split].
func (r *Regexp) Split(text string, n int) []string { return r.compiled().Split(text, n) }
