package pgtest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy passes connections on to a server, and can cut them as a broken
// network does: nothing arrives any more, and neither end gets an error.
type Proxy struct {
	Address string // HOST:PORT

	to    string
	conns sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
	cut  bool
	heal chan struct{} // closed while the proxy is not cut
}

// StartProxy runs a proxy until the test ends.
func StartProxy(t testing.TB, to string) *Proxy {
	t.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	p := &Proxy{Address: l.Addr().String(), to: to, open: map[net.Conn]bool{}, heal: make(chan struct{})}
	close(p.heal)

	p.conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.conns.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		// Connections that wait until the proxy is healed must end, too, or Wait would block.
		p.Heal()
		p.mu.Lock()
		for conn := range p.open {
			conn.Close()
		}
		p.open = nil
		p.mu.Unlock()
		p.conns.Wait()
	})

	return p
}

// Cut stops everything that is under way, in both directions.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.cut {
		p.cut, p.heal = true, make(chan struct{})
	}
}

// Heal lets everything pass again.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		p.cut = false
		close(p.heal)
	}
}

// whole waits until the proxy is not cut.
func (p *Proxy) whole() {
	p.mu.Lock()
	heal := p.heal
	p.mu.Unlock()
	<-heal
}

// track remembers a connection, to close it at the end. It reports false if the end has come.
func (p *Proxy) track(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) serve(from net.Conn) {
	defer from.Close()
	p.whole()

	to, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer to.Close()

	if !p.track(from) || !p.track(to) {
		return
	}

	// When one direction has ended, the other must end, too, which only closing its connection brings about.
	var ways sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		ways.Go(func() {
			p.pass(way[1], way[0])
			way[1].Close()
		})
	}

	ways.Wait()
}

// pass copies until one side ends.
func (p *Proxy) pass(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.whole() // also after an error, because while it is cut the end of a connection does not arrive either
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
