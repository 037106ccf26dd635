package pgtest

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// If another program has the port and says nothing, the server's end is noticed all the same.
func TestSilenceOnThePort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes the connection, and nothing answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	gone := &process{t: t, name: "postgres", log: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	close(gone.ended)
	began, hangs := time.Now(), testrun.Limit(t)
	if err := gone.answers(at(l.Addr().String(), admin)); err == nil || !strings.HasPrefix(err.Error(), "postgres has ended") {
		t.Errorf("of a server that has ended: %v", err)
	}
	if took := time.Since(began); took > hangs/2 {
		t.Errorf("it took %s, as if the silence were waited for to its end", took)
	}
}
