package registrartest

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// opener is a function that implements Opener.
type opener func(ctx context.Context) (*Instance, error)

func (o opener) Open(ctx context.Context) (*Instance, error) { return o(ctx) }

// InProcess runs a registrar as a value in this process.
func InProcess(make func(*slog.Logger) registrar.Plugin) Opener {
	return opener(func(context.Context) (*Instance, error) {
		log, logged := newLogger()
		p := registrarrpc.Gate(make(log))
		return &Instance{Hosted: p, Close: func() {}, Crash: func() { drain(p) }, Log: logged.String}, nil
	})
}

// OverGRPC runs a registrar in this process, behind gRPC.
func OverGRPC(make func(*slog.Logger) registrar.Plugin) Opener {
	return opener(func(context.Context) (*Instance, error) {
		log, logged := newLogger()
		p, close, err := registrarrpc.Loopback(registrarrpc.ServeOptions{Plugin: make(log), Logger: log})
		if err != nil {
			return nil, err
		}
		return &Instance{Hosted: p, Close: close, Crash: func() { drain(p); close() }, Log: logged.String}, nil
	})
}

func newLogger() (*slog.Logger, *record) {
	logged := &record{}
	return logline.New(logged, logline.Options{Name: "subject", Level: logline.Trace}), logged
}

// drain ends a registrar that no process holds; another check judges whether draining works.
func drain(p registrar.Hosted) {
	ctx, cancel := context.WithTimeout(context.Background(), defaultPatience)
	defer cancel()
	_ = p.Drain(ctx)
}

// record collects what is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Clone(r.text.String())
}
