// Package host is a panel: it puts configuration, plugins, orders and the web together.
//
// It guarantees that one process at a time works on a data directory, that nothing is started
// before the host's part of plugin.hcl was found right, and that everything it started has
// stopped when [Host.Run] returns.
//
// An error that contains a [*config.Error] is a mistake in plugin.hcl, and says where.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/host/console"
	"registrar.panel/host/door"
	"registrar.panel/host/launch"
	"registrar.panel/host/metrics"
	"registrar.panel/host/notify"
	"registrar.panel/host/orders"
	"registrar.panel/host/staff"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web"
	"registrar.panel/host/webhook"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

// Options of a host.
type Options struct {
	ConfigPath string
	Bundled    map[string][]string // command lines of the plugins that come with the program
	// Environment takes secrets out of the process's environment; nil = they stay there.
	Environment *config.Environment
	Logger      *slog.Logger
	Level       *slog.LevelVar // of Logger, set by the host; nil = the caller sets it
	LogLevel    string         // one of [config.LogLevels]; "" = what plugin.hcl says
	Now         func() time.Time
	Version     string            // of the program
	Timing      supervisor.Timing // of the plugins' supervision; zero fields have their defaults
}

// Host is a panel that has its data directory and its address, and runs nothing yet.
type Host struct {
	log         *slog.Logger
	environment *config.Environment
	level       *slog.LevelVar // of the log
	levelName   string         // if the options give it
	path        string         // of the configuration
	config      *config.Config
	launcher    launch.Launcher
	supervisor  *supervisor.Supervisor
	board       *switchboard.Board
	orders      *orders.Service
	web         *web.Server
	teller      *webhook.Teller
	notifier    *notify.Notifier
	staff       *staff.Room
	listener    net.Listener
	verdicts    verdicts
	forgotten   []orders.Holding // what the book has of registrars that plugin.hcl did not name at the start
	copying     chan struct{}    // held while a backup is made
	closers     []func() error   // in the order of opening
}

// Open reads the configuration and takes what it names: the data directory, the address, the
// database. It starts no process. The caller ends with Run or Close.
func Open(ctx context.Context, o Options) (*Host, error) {
	c, err := config.LoadServing(o.ConfigPath, o.Environment)
	if err != nil {
		return nil, err
	}
	warn(c, o.Logger)
	h := &Host{log: o.Logger, environment: o.Environment, level: o.Level, levelName: o.LogLevel, path: o.ConfigPath, config: c, copying: make(chan struct{}, 1)}
	h.setLevel(c)
	if err := h.open(ctx, o); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *Host) open(ctx context.Context, o Options) error {
	launcher, release, err := launch.Open(launch.Options{Config: h.config, Bundled: o.Bundled, Logger: o.Logger, Look: look(o.Environment)})
	if err != nil {
		return err
	}

	// From here on no other panel works on the data directory. What is opened is noted at once, and closed by Open if a
	// later step fails.
	h.launcher = launcher
	h.closers = append(h.closers, release)
	if h.listener, err = door.Listen(ctx, h.config.Panel, h.log); err != nil {
		return err
	}

	h.closers = append(h.closers, h.closeListener)
	h.supervisor = supervisor.New(supervisor.Options{Plugins: h.launcher.Specs(), Logger: o.Logger, Timing: o.Timing, Session: h.session, Reread: h.reread, Told: h.tellPlugin})
	if err := h.openOrders(ctx, o); err != nil {
		return err
	}
	if err := errors.Join(h.openWebhooks(o), h.openNotices(o), h.openStaff(o)); err != nil {
		return err
	}

	credentials := h.orders.Credentials()
	h.web = web.New(web.Options{Orders: h.orders, Board: h.board, Plugins: h, Backup: h.Backup, Token: h.config.Panel.Token, Keys: credentials, Vault: credentials, Staff: h.staff, Webhooks: h.orders.Webhooks(), Teller: h.teller, Notifier: h.notifier, Version: o.Version,
		Measures: metrics.New(metrics.Options{Book: h.orders.Lists(), Plugins: h, Version: o.Version, Now: o.Now}),
		Proxies:  h.config.Panel.Proxy, Logger: h.log.With(logline.Module, "web"), Pages: func(api http.Handler) http.Handler {
			return console.New(console.Options{API: api, Now: o.Now, Logger: h.log.With(logline.Module, "console"), Phrases: h.phrases})
		}})
	return h.warnLocked(ctx, credentials)
}

// look returns the function that finds variables that are no secrets.
func look(e *config.Environment) func(string) (string, bool) {
	if e == nil {
		return os.LookupEnv
	}
	return e.Look
}

// closeListener tolerates that the web server has closed it already.
func (h *Host) closeListener() error {
	if err := h.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// openOrders opens the panel's own database, which is made only at the first start.
func (h *Host) openOrders(ctx context.Context, o Options) error {
	// At the first start the directory of the plugins' data does not exist: it is made right after the database.
	_, err := os.Stat(string(h.launcher.Data))
	log := o.Logger.With(logline.Module, "orders")
	h.board = switchboard.New(switchboard.Options{
		Plugins: h.supervisor, Names: h.names(false), Retired: h.names(true), Zones: h.config.Zones(), Route: h.config.Route, Serves: h.config.Serves, Logger: log,
	})
	service, err := orders.Open(ctx, orders.Options{
		Dir: h.config.Panel.Data, Server: h.config.Panel.Store, Create: errors.Is(err, os.ErrNotExist), Board: h.board, Logger: log, Now: o.Now, Unpaid: h.config.Panel.Unpaid,
		Keep: orders.Keep(h.config.Panel.Keep),
	})
	if err != nil {
		return err
	}

	h.orders = service
	h.closers = append(h.closers, service.Close)

	// Only now: a panel that dies before this may make its database anew, but one that finds none afterwards has lost it.
	if err := os.MkdirAll(string(h.launcher.Data), 0o700); err != nil {
		return fmt.Errorf("make the plugins' directory: %w", err)
	}

	return h.recall(ctx)
}

// names lists the registrars that are run, or those that are retired.
func (h *Host) names(retired bool) []string {
	var names []string
	for _, r := range h.config.Registrars {
		if r.Retired == retired {
			names = append(names, r.Name)
		}
	}
	return names
}

// session follows a plugin's events while it is at work.
func (h *Host) session(ctx context.Context, name string, r registrar.Service) error {
	return h.orders.Follow(ctx, name, r)
}

// URL returns where a client reaches the API: http://HOST:PORT or unix://PATH.
func (h *Host) URL() string {
	p := h.config.Panel
	if _, isSocket := p.Socket(); !isSocket {
		p.Listen = h.listener.Addr().String()
	}
	return p.URL()
}

// Close gives back what Open took. Run does so itself when it ends.
func (h *Host) Close() error {
	var faults []error
	for _, closer := range slices.Backward(h.closers) {
		faults = append(faults, closer())
	}
	h.closers = nil
	return errors.Join(faults...)
}

// Run serves until ctx ends. It is not ended by a plugin's failure, nor by a mistake in one plugin's
// part of plugin.hcl: such a plugin is disabled, which log and Action Log report, and tried again.
// Run returns mistakes only if they keep every registrar from working from the beginning.
func (h *Host) Run(ctx context.Context) error {
	caller := ctx
	ctx, end := context.WithCancelCause(ctx)
	h.verdicts.end = end

	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{h.supervisor.Run, h.orders.Run, h.teller.Run, h.notifier.Run, h.serve} {
		parts.Go(func() {
			// If one part can't go on, all end: a panel that serves and submits nothing would look well.
			if err := part(ctx); err != nil && ctx.Err() == nil {
				end(err)
			}
		})
	}

	<-ctx.Done()
	parts.Wait()

	fault := context.Cause(ctx)
	if caller.Err() != nil {
		fault = nil
	}

	end(nil)
	return errors.Join(fault, h.Close())
}

// closing is how long requests under way may take when the panel stops.
const closing = 5 * time.Second

// serve answers requests until ctx ends.
func (h *Host) serve(ctx context.Context) error {
	limited := door.New(h.listener)
	server := &http.Server{
		Handler:           h.web, // which limits the reading of a body and the writing of an answer
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         limited.Moved,
		ConnContext:       door.WithPeer,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // a log that is followed ends with the panel
		ErrorLog:          slog.NewLogLogger(h.log.With(logline.Module, "web").Handler(), slog.LevelDebug),
	}

	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		// ctx has ended, and requests under way get a time limit of their own.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	})

	h.log.Info("panel serves", "url", h.URL())
	err := server.Serve(limited)
	// Nothing has asked the server to end, so it ended by itself.
	if stop() {
		return fmt.Errorf("serve the API: %w", err)
	}

	// Requests that have not ended in time are cut off.
	if err := <-stopped; err != nil {
		server.Close()
	}

	return nil
}
