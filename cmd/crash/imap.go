//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strings"
	"sync"
)

// The points of an IMAP dialogue.
const (
	imapOpened        point = "imap opened"
	imapFetchAsked    point = "imap FETCH asked"
	imapFetchAnswered point = "imap FETCH answered"
	imapStoreAsked    point = "imap STORE asked"
	imapStoreAnswered point = "imap STORE answered"
	imapMoveAsked     point = "imap MOVE asked"
	imapMoveAnswered  point = "imap MOVE answered"
)

// imapPoints returns the points at which a command is asked and answered.
func imapPoints(verb string) (asked, answered point) {
	switch verb {
	case "FETCH":
		return imapFetchAsked, imapFetchAnswered
	case "STORE":
		return imapStoreAsked, imapStoreAnswered
	case "MOVE":
		return imapMoveAsked, imapMoveAnswered
	}
	return "", ""
}

// imapDialogue relays one connection, both ways at once. pass reports whether to go on.
func imapDialogue(client, server net.Conn, pass func(point) bool) {
	if !pass(imapOpened) {
		return
	}
	w := &imapWatch{pass: pass, waiting: map[string]point{}}
	var relays sync.WaitGroup
	for _, r := range []struct {
		from, to net.Conn
		at       func(line []byte) bool
	}{{client, server, w.asked}, {server, client, w.answered}} {
		// When one direction has ended, the other must end, too, which only closing its connection brings about.
		relays.Go(func() {
			defer client.Close()
			defer server.Close()
			relay(r.from, r.to, r.at)
		})
	}
	relays.Wait()
}

// relay copies pieces of lines; at sees the beginning of each piece before it goes on.
func relay(from, to net.Conn, at func([]byte) bool) {
	in := bufio.NewReaderSize(from, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 && !at(line) {
			return
		}
		if _, failed := to.Write(line); failed != nil || err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// imapWatch knows to which command an answer belongs.
type imapWatch struct {
	pass func(point) bool

	mu      sync.Mutex
	waiting map[string]point // by tag
}

func (w *imapWatch) asked(line []byte) bool {
	words := strings.Fields(string(line[:min(len(line), 64)]))
	if len(words) < 2 {
		return true
	}
	verb := words[1]
	if verb == "UID" && len(words) > 2 {
		verb = words[2]
	}
	asked, answered := imapPoints(verb)
	if asked == "" {
		return true
	}
	// The answer will have the tag of its command: RFC 9051, 2.2.1.
	w.mu.Lock()
	w.waiting[words[0]] = answered
	w.mu.Unlock()
	return w.pass(asked)
}

func (w *imapWatch) answered(line []byte) bool {
	tag, _, _ := bytes.Cut(line[:min(len(line), 64)], []byte(" "))
	w.mu.Lock()
	answered, ok := w.waiting[string(tag)]
	delete(w.waiting, string(tag))
	w.mu.Unlock()
	return !ok || w.pass(answered)
}
