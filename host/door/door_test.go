package door

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// behindDoor serves on a port with so many connections at most; the path /slow answers when
// the test says so.
func behindDoor(t *testing.T, most int) (address string, entered, release chan struct{}) {
	t.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	d := limit(l, most)
	entered, release = make(chan struct{}), make(chan struct{})
	server := &http.Server{ConnState: d.Moved, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-release
		}
		fmt.Fprint(w, "ok")
	})}

	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(d)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})

	return l.Addr().String(), entered, release
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(testrun.Limit(t))); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask makes a request on a connection and waits for the answer.
func ask(t *testing.T, c net.Conn) error {
	t.Helper()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	_, err = io.ReadAll(r.Body)
	return err
}

// Many times more idle connections than the door has room for keep no caller out, whether or
// not they have asked something.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()

	address, _, _ := behindDoor(t, 8)
	var held []net.Conn
	for i := range 60 {
		c := dial(t, address)
		held = append(held, c)
		if i%2 == 0 {
			if err := ask(t, c); err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
		}
	}

	if err := ask(t, dial(t, address)); err != nil {
		t.Errorf("a newcomer: %v", err)
	}

	testrun.Until(t, "all but eight of the idle to be closed", func() (bool, string) {
		open := 0
		for _, c := range held {
			c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			var n net.Error
			if errors.As(err, &n) && n.Timeout() {
				open++
			}
		}
		return open <= 8, fmt.Sprintf("%d are open", open)
	})
}

// A request that is being answered is never broken off to make room; who comes waits.
func TestBusyConnectionsStay(t *testing.T) {
	t.Parallel()

	address, entered, release := behindDoor(t, 2)
	answers := make(chan error, 2)
	for range 2 {
		c := dial(t, address)
		if _, err := io.WriteString(c, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}

		go func() {
			r, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err == nil {
				r.Body.Close()
			}
			answers <- err
		}()

		<-entered
	}

	late := make(chan error, 1)
	newcomer := dial(t, address)
	go func() { late <- ask(t, newcomer) }()
	close(release)

	for range 2 {
		if err := <-answers; err != nil {
			t.Errorf("broken off: %v", err)
		}
	}

	if err := <-late; err != nil {
		t.Errorf("the newcomer: %v", err)
	}
}
