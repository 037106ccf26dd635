//go:build linux

package main

import (
	"context"
	"net"
	"sync"
	"time"
)

// weather says how a server can be reached.
type weather string

const (
	fair     weather = "fair"
	refusing weather = "refusing" // connections are closed at once
	silent   weather = "silent"   // connections are accepted and get no answer
)

// wire is the network between the plugin and one of R01's servers.
type wire struct {
	listener net.Listener
	server   string
	speak    func(client, server net.Conn, pass func(point) bool)
	pass     func(point) bool

	mu    sync.Mutex
	state weather
	open  map[net.Conn]struct{}
	work  sync.WaitGroup
}

func newWire(server string, speak func(net.Conn, net.Conn, func(point) bool), pass func(point) bool) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &wire{listener: l, server: server, speak: speak, pass: pass, state: fair, open: map[net.Conn]struct{}{}}, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

// run relays until ctx ends, and returns when every connection is closed.
func (w *wire) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		w.listener.Close()
		w.cut()
	})
	defer stop()
	for {
		client, err := w.listener.Accept()
		if err != nil {
			break
		}
		w.work.Go(func() { w.serve(ctx, client) })
	}
	w.work.Wait()
}

func (w *wire) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	state := w.enter(client)
	defer w.leave(client)
	if state == refusing || ctx.Err() != nil {
		return
	}

	if state == silent { // until it is cut
		client.Read(make([]byte, 1))
		return
	}

	server, err := net.DialTimeout("tcp", w.server, 5*time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	w.enter(server)
	defer w.leave(server)
	w.speak(client, server, w.pass)
}

func (w *wire) enter(c net.Conn) weather {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[c] = struct{}{}
	return w.state
}

func (w *wire) leave(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, c)
}

// turn changes the weather, and cuts all connections. The function that it returns turns it back.
func (w *wire) turn(to weather) (back func()) {
	w.mu.Lock()
	was := w.state
	w.state = to
	w.mu.Unlock()
	w.cut()
	return func() { w.turn(was) }
}

// quiet reports whether nothing is connected.
func (w *wire) quiet() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open) == 0
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		c.Close()
	}
}
