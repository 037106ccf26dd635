package mailbox

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails when a session has left a goroutine of the library behind.
func TestMain(m *testing.M) {
	code := m.Run()
	deadline := time.Now().Add(5 * time.Second)
	for code == 0 && leaked() {
		if time.Now().After(deadline) {
			fmt.Println("a goroutine of imapclient is still there")
			code = 1
		}
		time.Sleep(time.Millisecond)
	}
	os.Exit(code)
}

func leaked() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("imapclient."))
}
