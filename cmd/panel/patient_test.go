package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A reader that has stopped blocks nothing; the lines that it missed are counted when it goes on.
func TestLogIsNeverWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		p := newPatient(write, missedText)
		go p.run()
		line := append(bytes.Repeat([]byte("x"), 1<<10), '\n')
		began := time.Now()
		for range mostBytes/len(line) + 100 {
			if n, err := p.Write(line); n != len(line) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("writing took %s", took)
		}
		dropped := p.dropped.Load()
		if dropped < 100 || p.waiting.Load() > mostBytes {
			t.Errorf("dropped %d, %d bytes wait", dropped, p.waiting.Load())
		}
		var text strings.Builder
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.Copy(&text, read)
		}()
		synctest.Wait()
		p.Write([]byte("after\n"))
		p.end()
		write.Close()
		<-done
		if got := text.String(); !strings.Contains(got, "did not keep up: lines=") || !strings.HasSuffix(got, "after\n") {
			t.Errorf("the reader got %d bytes that end with %q", len(got), got[max(0, len(got)-200):])
		}
	})
}

// A reader that never reads again does not keep the panel from ending.
func TestLogOfNoReaderEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		p := newPatient(write, missedText)
		go p.run()
		p.Write([]byte("never read\n"))
		began := time.Now()
		p.end()
		if took := time.Since(began); took != lastWords {
			t.Errorf("ending took %s", took)
		}
		read.Close()
		<-p.written
	})
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestLogOfABrokenPipe(t *testing.T) {
	t.Parallel()
	p := newPatient(broken{}, missedText)
	go p.run()
	for range 3 {
		if n, err := p.Write([]byte("x\n")); n != 2 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	p.end()
}
