package registrarrpc

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

const (
	// LifelineEnv names the environment variable with the number of an inherited descriptor: the read end of
	// a pipe whose write end only the host holds. Its end of file means that the host has ended. Without the
	// variable the host is not watched.
	LifelineEnv = "REGISTRAR_LIFELINE_FD"
	// LogLevelEnv names the environment variable with the level to log at: trace, debug, info, warn, error.
	// Without it, or with another word, the level is info.
	LogLevelEnv = "REGISTRAR_LOG_LEVEL"

	// farewell is the time that a plugin has to drain after its host has ended.
	farewell = 15 * time.Second
)

// ServeOptions is what a plugin's main passes to Serve.
type ServeOptions struct {
	Plugin registrar.Plugin
	Logger *slog.Logger // from Logger
}

// Logger returns the logger of a plugin: JSON lines on stderr, which the host reads, from the level that the
// host asks for. Call it before Serve, which redirects stderr.
func Logger(name string) *slog.Logger {
	return logline.New(os.Stderr, logline.Options{Name: name, JSON: true, Level: askedLevel(os.Getenv(LogLevelEnv))})
}

// Serve runs a plugin from its main, which should return when Serve does: the host has ended the plugin. If
// the host has died, or on SIGTERM, Serve drains the plugin and exits the process by itself; it leaves SIGINT
// and SIGHUP to the host. Started by hand, it says what it is and exits with 1.
func Serve(o ServeOptions) { newService(o).serve() }

func (s *service) serve() {
	// When the host dies, the pipe of stderr breaks. A plugin that logs after that must live on, to drain.
	signal.Ignore(syscall.SIGPIPE)

	// A terminal interrupts the whole group; the host has to drain its plugins. go-plugin ignores these
	// signals only after the handshake, and the host may be interrupted before.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGHUP)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)

	orphaned, err := lifeline(os.Getenv(LifelineEnv))
	if err != nil {
		s.log.Error("lifeline unusable", "err", err)
		os.Exit(1)
	}

	go func() { // lives as long as the process
		select {
		case <-orphaned:
			s.leave("the host is gone")
		case <-terminated:
			s.leave("terminated")
		}
	}()

	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: versioned(s.glue()),
		GRPCServer:       s.grpcServer,
		Logger:           s.machineLog(),
	})
}

// machineLog returns the logger of go-plugin itself.
func (s *service) machineLog() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "go-plugin", Output: os.Stderr, JSONFormat: true, Level: hclog.LevelFromString(logline.LevelOf(s.log))})
}

func askedLevel(name string) slog.Level {
	if level, ok := logline.ParseLevel(name); ok {
		return level
	}
	return slog.LevelInfo
}

// lifeline returns a channel that closes at the end of file of the descriptor; with "" it never closes.
func lifeline(fd string) (<-chan struct{}, error) {
	gone := make(chan struct{})

	if fd == "" {
		return gone, nil
	}

	// 0 to 2 are the standard descriptors; the host's pipe is none of them.
	n, err := strconv.Atoi(fd)
	if err != nil || n < 3 {
		return nil, fmt.Errorf("%s: want the number of an inherited descriptor, not %q", LifelineEnv, fd)
	}

	syscall.CloseOnExec(n) // children must not hold it
	pipe := os.NewFile(uintptr(n), "lifeline")
	if _, err := pipe.Stat(); err != nil {
		return nil, fmt.Errorf("%s: %w", LifelineEnv, err)
	}

	go func() { // lives as long as the process
		_, _ = io.Copy(io.Discard, pipe) // an error means the end of it, too
		close(gone)
	}()
	return gone, nil
}

// service is one plugin being served.
type service struct {
	plugin registrar.Hosted
	log    *slog.Logger
}

func newService(o ServeOptions) *service {
	return serviceOf(Gate(o.Plugin), o.Logger)
}

func serviceOf(p registrar.Hosted, log *slog.Logger) *service { return &service{plugin: p, log: log} }

func (s *service) glue() *glue { return &glue{plugin: s.plugin} }

// leave drains and exits the process.
func (s *service) leave(why string) {
	s.log.Info("plugin leaving", "reason", why)
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()

	// Exits even if draining has failed: unfinished work is durable, and the next start concludes it.
	if err := s.drainBy(ctx); err != nil {
		s.log.Error("drain failed", "err", err)
	}
	os.Exit(0)
}

// drainBy drains until ctx ends at the latest, even if the plugin ignores ctx.
func (s *service) drainBy(ctx context.Context) error {
	drained := make(chan error, 1)
	go func() { drained <- s.plugin.Drain(ctx) }() // outlives drainBy only if the process is about to exit
	select {
	case err := <-drained:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *service) grpcServer(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options,
		grpc.MaxRecvMsgSize(MaxMessage),
		grpc.MaxSendMsgSize(MaxMessage),
		grpc.ChainUnaryInterceptor(s.unary),
		grpc.ChainStreamInterceptor(s.stream),
	)...)
}

// ours reports whether a service is ours and not go-plugin's own.
func ours(method string) bool { return strings.HasPrefix(method, "/panel.registrar.") }

// unary handles a call: it recovers a panic, and translates the error by statusCodes.
func (s *service) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
	if !ours(info.FullMethod) {
		return handle(ctx, req)
	}
	defer s.recovered(info.FullMethod, &err)
	if resp, err = handle(ctx, req); err != nil {
		return nil, toStatus(ctx, err)
	}
	return resp, nil
}

// stream is unary for streams.
func (s *service) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	if !ours(info.FullMethod) {
		return handle(srv, stream)
	}
	defer s.recovered(info.FullMethod, &err)
	if err := handle(srv, stream); err != nil {
		return toStatus(stream.Context(), err)
	}
	return nil
}

// recovered turns a panic into an error that says where to look. The panic's value may hold data of an order,
// so only its type is logged, unless the runtime raised it.
func (s *service) recovered(method string, err *error) {
	thrown := recover()
	if thrown == nil {
		return
	}

	incident := rand.Text()[:8]
	cause := reflect.TypeOf(thrown).String()
	if fault, ok := thrown.(runtime.Error); ok {
		cause = fault.Error()
	}
	s.log.Error("call panicked", "incident", incident, "method", method, "cause", cause, "stack", string(debug.Stack()))
	*err = toStatus(context.Background(), registrar.Errorf(registrar.Internal, "the plugin failed; its log has incident %s", incident))
}
