// Package systemd reports the state of the program to a service manager, by
// the protocol of sd_notify(3). Without a service manager it does nothing.
package systemd

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"
)

// States that a service manager understands.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	alive    = "WATCHDOG=1"
)

// Manager is the service manager that has started the program. The zero value ignores every report.
type Manager struct {
	socket string
	within time.Duration // between two signs of life; 0 = the manager wants none
}

// FromEnvironment reads the environment for the service manager of the process pid.
func FromEnvironment(look func(name string) (string, bool), pid int) Manager {
	var m Manager
	m.socket, _ = look("NOTIFY_SOCKET")
	text, _ := look("WATCHDOG_USEC")
	usec, err := strconv.ParseInt(text, 10, 64)
	if err != nil || usec <= 0 {
		return m
	}
	if whose, named := look("WATCHDOG_PID"); named && whose != strconv.Itoa(pid) {
		return m
	}
	m.within = time.Duration(usec) * time.Microsecond
	return m
}

// Tell reports the state of the program: Ready, Stopping or "STATUS=" and a text of one line.
func (m Manager) Tell(state string) error {
	if m.socket == "" {
		return nil
	}
	// A name that begins with @ is in the abstract name space, which net.Dial understands.
	conn, err := net.Dial("unixgram", m.socket)
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// Watch gives signs of life until ctx ends, as long as healthy returns. The
// manager kills and restarts a program that hangs, because it gives none.
func (m Manager) Watch(ctx context.Context, healthy func()) error {
	if m.socket == "" || m.within == 0 {
		return nil
	}
	ticks := time.NewTicker(m.within / 3)
	defer ticks.Stop()
	for {
		healthy()
		if err := m.Tell(alive); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}
