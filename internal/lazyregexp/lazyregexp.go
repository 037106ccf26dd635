// Package lazyregexp has regular expressions that are compiled when they are first used: a program
// starts without those that it does not need. Compiling all of R01's takes longer than everything
// else that a process does before it works.
//
// It is what Go's own packages use, which keep theirs internal. As there, the expressions of a test
// are compiled at once, so that a wrong one fails each test of its package.
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

// New returns an expression, which must be one: a wrong one panics when it is used.
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

// MatchString is that of [regexp.Regexp].
func (r *Regexp) MatchString(text string) bool { return r.compiled().MatchString(text) }

// Match is that of [regexp.Regexp].
func (r *Regexp) Match(text []byte) bool { return r.compiled().Match(text) }

// FindString is that of [regexp.Regexp].
func (r *Regexp) FindString(text string) string { return r.compiled().FindString(text) }

// FindStringIndex is that of [regexp.Regexp].
func (r *Regexp) FindStringIndex(text string) []int { return r.compiled().FindStringIndex(text) }

// FindStringSubmatch is that of [regexp.Regexp].
func (r *Regexp) FindStringSubmatch(text string) []string {
	return r.compiled().FindStringSubmatch(text)
}

// FindStringSubmatchIndex is that of [regexp.Regexp].
func (r *Regexp) FindStringSubmatchIndex(text string) []int {
	return r.compiled().FindStringSubmatchIndex(text)
}

// FindAllString is that of [regexp.Regexp].
func (r *Regexp) FindAllString(text string, n int) []string {
	return r.compiled().FindAllString(text, n)
}

// FindAllStringIndex is that of [regexp.Regexp].
func (r *Regexp) FindAllStringIndex(text string, n int) [][]int {
	return r.compiled().FindAllStringIndex(text, n)
}

// FindAllStringSubmatch is that of [regexp.Regexp].
func (r *Regexp) FindAllStringSubmatch(text string, n int) [][]string {
	return r.compiled().FindAllStringSubmatch(text, n)
}

// ReplaceAllString is that of [regexp.Regexp].
func (r *Regexp) ReplaceAllString(text, by string) string {
	return r.compiled().ReplaceAllString(text, by)
}

// ReplaceAllStringFunc is that of [regexp.Regexp].
func (r *Regexp) ReplaceAllStringFunc(text string, by func(string) string) string {
	return r.compiled().ReplaceAllStringFunc(text, by)
}

// ReplaceAllFunc is that of [regexp.Regexp].
func (r *Regexp) ReplaceAllFunc(text []byte, by func([]byte) []byte) []byte {
	return r.compiled().ReplaceAllFunc(text, by)
}

// Split is that of [regexp.Regexp].
func (r *Regexp) Split(text string, n int) []string { return r.compiled().Split(text, n) }
