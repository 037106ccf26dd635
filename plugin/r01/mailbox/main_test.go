package mailbox

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"registrar.panel/internal/pace"
)

// TestMain fails when a session has left a goroutine of the library behind.
func TestMain(m *testing.M) {
	code := m.Run()
	for began := time.Now(); code == 0 && leaked(); time.Sleep(time.Millisecond) {
		if waited := time.Since(began); waited > 5*time.Second && waited > pace.Scale(30*time.Second) {
			fmt.Println("a goroutine of imapclient is still there")
			code = 1
		}
	}
	os.Exit(code)
}

func leaked() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("imapclient."))
}
