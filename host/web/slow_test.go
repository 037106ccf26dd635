package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// slowCaller sends this and no more, and reads nothing by itself.
func slowCaller(t *testing.T, b *bench, request string) net.Conn {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // before the server, which waits for it
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

// A backup whose reader has stopped ends, and with it what it holds.
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

	b.Server.log = slog.New(slog.DiscardHandler)
	b.Server.piece = 200 * time.Millisecond
	slowCaller(t, b, "POST /api/v1/backup HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")

	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(testrun.Limit(t)):
		t.Error("it goes on")
	}
}

// A body that never comes is given up, by a caller with and without a right to send it.
func TestBodyThatNeverComes(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "letmein"} {
		b := newBench(t, token)
		b.Server.send = 200 * time.Millisecond
		c := slowCaller(t, b, "POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
		c.SetReadDeadline(time.Now().Add(testrun.Limit(t)))
		if _, err := io.ReadAll(c); err != nil {
			t.Errorf("token %q: the connection stays open: %v", token, err)
		}
	}
}
