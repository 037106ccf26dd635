package main

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// patient is a log's writer that never blocks its callers. Lines wait in memory
// while the reader has stopped; if too many wait, further ones are dropped and
// counted. If the reader has gone, its lines are lost, and nothing else happens.
type patient struct {
	out     io.Writer
	missed  func(n int64) string // reports that n lines are missing
	lines   chan []byte
	waiting atomic.Int64 // bytes in lines
	dropped atomic.Int64
	written chan struct{} // closed when run has returned
}

// Limits of what may wait.
const (
	mostLines = 8192
	mostBytes = 4 << 20
)

func newPatient(out io.Writer, missed func(n int64) string) *patient {
	return &patient{out: out, missed: missed, lines: make(chan []byte, mostLines), written: make(chan struct{})}
}

// Write implements io.Writer for one line at a time.
func (p *patient) Write(line []byte) (int, error) {
	if p.waiting.Add(int64(len(line))) > mostBytes {
		p.drop(len(line))
		return len(line), nil
	}
	select {
	case p.lines <- bytes.Clone(line):
	default:
		p.drop(len(line))
	}
	return len(line), nil
}

func (p *patient) drop(size int) {
	p.waiting.Add(-int64(size))
	p.dropped.Add(1)
}

// run writes until end is called.
func (p *patient) run() {
	defer close(p.written)
	for line := range p.lines {
		p.out.Write(line) // a reader that has gone does not concern us
		p.waiting.Add(-int64(len(line)))
		if n := p.dropped.Swap(0); n > 0 {
			fmt.Fprintln(p.out, p.missed(n))
		}
	}
}

// lastWords is how long a reader has for the lines that are left at the end.
const lastWords = time.Second

// end writes the lines that are left, if they are read. Write must not be called any more.
func (p *patient) end() {
	close(p.lines)
	select {
	case <-p.written:
	case <-time.After(lastWords):
	}
}
