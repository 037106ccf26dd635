package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// A backup that nobody reads ends, and with it what it holds.
func TestBackupThatIsNotRead(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := newBench(t, "")
	b.Server.backup = func(_ context.Context, w io.Writer) error {
		piece := make([]byte, 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return err
			}
		}
	}
	b.Server.log = hclog.NewNullLogger()
	b.Server.piece = 200 * time.Millisecond
	server := httptest.NewServer(b)
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /api/v1/backup HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it goes on")
	}
}

// A body that never comes is given up, by a caller with and without a right to send it.
func TestBodyThatNeverComes(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "letmein"} {
		b := newBench(t, token)
		b.Server.send = 200 * time.Millisecond
		server := httptest.NewServer(b)
		defer server.Close()
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.ReadAll(c); err != nil {
			t.Errorf("token %q: the connection stays open: %v", token, err)
		}
	}
}
