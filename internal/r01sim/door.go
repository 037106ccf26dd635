package r01sim

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// door is a listener that can be shut together with all its connections,
// and that knows when their servers have finished with them.
type door struct {
	net.Listener

	mu     sync.Mutex
	shut   bool
	guests map[*guest]struct{}
	inside sync.WaitGroup
}

type guest struct {
	net.Conn
	door *door
	once sync.Once
}

// openDoor binds an address: a loopback one, unless remote ones are allowed.
func openDoor(address string, remote bool) (*door, error) {
	if err := checkLoopback(address); err != nil && !remote {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &door{Listener: l, guests: map[*guest]struct{}{}}, nil
}

// checkLoopback refuses every address that is not on this machine.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("read address %q: want HOST:PORT", address)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("use address %s: the simulator keeps to loopback unless told otherwise", address)
}

// Accept waits for a guest.
func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}

	// close sets shut under the same lock, and then waits for the guests inside: none may come in after that.
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		c.Close()
		return nil, net.ErrClosed
	}
	g := &guest{Conn: c, door: d}
	d.guests[g] = struct{}{}
	d.inside.Add(1)
	return g, nil
}

// Close is called by a server that has finished with a guest.
func (g *guest) Close() error {
	g.once.Do(func() {
		g.door.mu.Lock()
		delete(g.door.guests, g)
		g.door.mu.Unlock()
		g.door.inside.Done()
	})
	return g.Conn.Close()
}

// close refuses new connections, closes the others and waits until they are gone.
func (d *door) close() {
	d.mu.Lock()
	d.shut = true
	d.Listener.Close()
	for g := range d.guests {
		g.Conn.Close()
	}
	d.mu.Unlock()
	d.inside.Wait()
}
