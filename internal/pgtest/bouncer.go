package pgtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Bouncer is a PgBouncer in transaction mode: every transaction may use
// another connection to the server, and no state of a session stays.
type Bouncer struct {
	Address string // HOST:PORT
}

// StartBouncer runs a PgBouncer in front of a server until the test ends, with a few connections to each
// database. Like a service manager it starts a PgBouncer that has died again: version 1.18, which Debian
// 12 has, ends with "bad client state" if a client goes away while its request to cancel is passed on.
func StartBouncer(t testing.TB, s *Server) *Bouncer {
	t.Helper()

	dir := directory(t)
	port := freePort(t)
	ini := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
unix_socket_dir =
`, s.port, role, Password, port)

	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := own(file); err != nil {
		t.Fatal(err)
	}

	p := run(t, dir, "/usr/sbin/pgbouncer", file)
	b := &Bouncer{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	if err := p.answers(at(b.Address, admin)); err != nil {
		t.Fatal(err)
	}

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // until the test ends
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-p.ended:
				p = run(t, dir, "/usr/sbin/pgbouncer", file)
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		p.bury()
	})

	return b
}
