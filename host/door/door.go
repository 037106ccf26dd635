// Package door is the way in to the panel: its address, a Unix socket or TCP with TLS; how many
// connections may be open at a time; and who is at the other end of a socket.
package door

import (
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Door is a listener that limits the number of connections. When the limit is reached, it closes the
// connection that has been idle for longest to let the next one in: idle connections keep no user out.
type Door struct {
	net.Listener
	most int

	mu   sync.Mutex
	idle map[net.Conn]time.Time // the open ones that are idle, and since when
	busy map[net.Conn]bool
	left *sync.Cond // a connection has become idle or was closed
}

// New limits the connections of a listener to a number that the process can handle.
func New(l net.Listener) *Door { return limit(l, connections()) }

func limit(l net.Listener, most int) *Door {
	d := &Door{Listener: l, most: most, idle: map[net.Conn]time.Time{}, busy: map[net.Conn]bool{}}
	d.left = sync.NewCond(&d.mu)
	return d
}

// Accept implements [net.Listener].
func (d *Door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// If all are busy, a new connection waits until one of them ends or has been answered.
	for len(d.idle)+len(d.busy) >= d.most && !d.makeRoom() {
		d.left.Wait()
	}
	d.idle[c] = time.Now()
	return c, nil
}

// makeRoom closes the connection that has been idle for longest.
func (d *Door) makeRoom() bool {
	var oldest net.Conn
	for c, since := range d.idle {
		if oldest == nil || since.Before(d.idle[oldest]) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	delete(d.idle, oldest)
	oldest.Close()
	return true
}

// Moved follows a connection's state; it is an [http.Server.ConnState].
func (d *Door) Moved(c net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, wasIdle := d.idle[c]
	if !wasIdle && !d.busy[c] {
		return // it had to make room
	}
	delete(d.idle, c)
	delete(d.busy, c)
	switch state {
	case http.StateActive:
		d.busy[c] = true
	case http.StateNew, http.StateIdle:
		d.idle[c] = time.Now()
	}

	// Accept may be waiting for a connection that ends, or that falls idle and can make room.
	d.left.Signal()
}

// Limits of a door, in connections.
const (
	mostConnections   = 1024
	fewestConnections = 8
)

// connections returns how many connections may be open at a time: a part of the descriptors that
// the process may have, because plugins, databases and answers need theirs.
func connections() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return fewestConnections
	}
	return int(max(fewestConnections, min(limit.Cur/4, mostConnections)))
}
