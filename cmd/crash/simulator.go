//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// simulator is R01 as a child process.
type simulator struct {
	cmd       *exec.Cmd
	addresses map[string]string
	rest      sync.WaitGroup // drains its further output
}

func startSimulator(ctx context.Context, self string, seed uint64, beside company) (*simulator, error) {
	cmd := exec.Command(self, append([]string{roleSimulator, "--smtp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--whois", "", "--admin", "127.0.0.1:0",
		"--mailbox", "answers", "--seed", strconv.FormatUint(seed, 10)}, beside.args()...)...)
	cmd.Env = append(os.Environ(), "R01_MAIL_PASSWORD="+password, "R01_IMAP_PASSWORD="+password)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}

	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}

	s := &simulator{cmd: cmd, addresses: map[string]string{}}
	// The system chooses the simulator's ports, which the simulator prints before it says that it is ready.
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		words := strings.Fields(strings.TrimPrefix(scanner.Text(), "r01sim: "))
		if len(words) == 2 {
			s.addresses[words[0]] = words[1]
		}
		if len(words) == 1 && words[0] == "ready" {
			break
		}
	}

	// A pipe that is no longer read fills up, and then blocks its writer.
	s.rest.Go(func() { io.Copy(io.Discard, lines) })

	if s.addresses["admin"] == "" {
		s.stop()
		return nil, errors.New("start the simulator: it tells no address")
	}

	return s, s.post(ctx, "/policy", chaos)
}

// chaos is the simulator at its worst, but quick.
const chaos = `{"queued":"30ms","done":"90ms","jitter":3,"vary":0.5,"duplicate":0.1,"reorder":0.1,"lose":0.005,"defer":0.005,"drop":0.02,"price":1}`

func (s *simulator) stop() {
	s.cmd.Process.Kill() // it keeps nothing
	s.rest.Wait()
	s.cmd.Wait()
}

func (s *simulator) post(ctx context.Context, path, body string) error {
	return s.ask(ctx, http.MethodPost, path, body, nil)
}

func (s *simulator) get(ctx context.Context, path string, into any) error {
	return s.ask(ctx, http.MethodGet, path, "", into)
}

// asks is how often the simulator is asked before a failure counts as trouble of the program's own.
const asks = 100

// ask calls the simulator. A frozen simulator does not answer, and a busy one cuts
// off slow callers: then it is asked again. Every request to it may be repeated.
func (s *simulator) ask(ctx context.Context, method, path, body string, into any) (err error) {
	for range asks {
		var refused *refusal
		err = s.exchange(ctx, method, path, body, into)
		if err == nil || errors.As(err, &refused) || ctx.Err() != nil || gone(s.cmd.Process.Pid) {
			break
		}
		pause(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("ask the simulator: %s %s: %w", method, path, err)
	}
	return nil
}

// refusal is the simulator's answer to a request that it does not carry out.
type refusal struct{ status, text string }

func (r *refusal) Error() string { return r.status + ": " + r.text }

func (s *simulator) exchange(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()

	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.addresses["admin"]+path, strings.NewReader(body))
	if err != nil {
		return err
	}

	req.Close = true // a kept connection may be closed just when it is used again
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}

	if resp.StatusCode != http.StatusOK {
		return &refusal{resp.Status, string(text)}
	}
	if into == nil {
		return nil
	}

	return json.Unmarshal(text, into)
}
