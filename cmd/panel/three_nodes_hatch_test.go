package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// hatch passes connections on to R01's relay, and knows which have ended. It
// can hold back DATA, so that a mail has been claimed and R01 never gets it.
type hatch struct {
	address string // HOST:PORT
	to      string
	conns   sync.WaitGroup

	mu   sync.Mutex
	last int           // the number of the last connection
	live map[int]bool  // by their numbers
	came chan struct{} // closed when a DATA is held back; nil = everything passes
	end  chan struct{} // closed when the connections that were held back must end
}

// startHatch runs a hatch until the test ends.
func startHatch(t *testing.T, to string) *hatch {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	h := &hatch{address: l.Addr().String(), to: to, live: map[int]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	h.conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			number := h.enter()
			h.conns.Go(func() {
				h.serve(ctx, conn)
				h.leave(number)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		h.conns.Wait()
	})
	return h
}

// shut holds back every DATA from now on. The channel that it returns is closed when the first one has come.
func (h *hatch) shut() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.came, h.end = make(chan struct{}), make(chan struct{})
	return h.came
}

// open ends the connections whose DATA was held back, and lets all others pass.
func (h *hatch) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.end != nil {
		close(h.end)
	}
	h.came, h.end = nil, nil
}

// keeps returns the channel that is closed when a connection that is held back may end; nil = it passes.
func (h *hatch) keeps(sent []byte) (end <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// DATA comes in a read of its own, because the claim lies between it and what was sent before.
	if h.came == nil || !bytes.HasPrefix(bytes.ToUpper(sent), []byte("DATA\r\n")) {
		return nil
	}
	select {
	case <-h.came:
	default:
		close(h.came)
	}
	return h.end
}

func (h *hatch) enter() (number int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.live[h.last] = true
	return h.last
}

func (h *hatch) leave(number int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.live, number)
}

// latest returns the number of the last connection so far.
func (h *hatch) latest() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// ended reports whether the connections up to a number have ended, so that R01 gets nothing more from them.
func (h *hatch) ended(number int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n := range h.live {
		if n <= number {
			return false
		}
	}
	return true
}

// serve returns when R01 has ended the connection, which it does after it has read everything that was sent.
func (h *hatch) serve(ctx context.Context, from net.Conn) {
	defer from.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", h.to)
	if err != nil {
		return
	}
	to := conn.(*net.TCPConn)
	defer to.Close()
	defer context.AfterFunc(ctx, func() { from.Close(); to.Close() })()

	var answers sync.WaitGroup
	answers.Go(func() {
		io.Copy(from, to)
		io.Copy(io.Discard, to) // the sender is dead, and R01 still reads
		from.Close()
	})

	h.pass(ctx, from, to)
	from.Close()
	to.CloseWrite()
	answers.Wait()
}

// pass copies what is sent until it ends or is held back.
func (h *hatch) pass(ctx context.Context, from io.Reader, to io.Writer) {
	sent := make([]byte, 32<<10)
	for {
		n, err := from.Read(sent)
		if end := h.keeps(sent[:n]); end != nil {
			select {
			case <-end:
			case <-ctx.Done():
			}
			return
		}
		if _, failed := to.Write(sent[:n]); failed != nil || err != nil {
			return
		}
	}
}
