// Package launch plans the processes of the plugins by the configuration: the command, the
// environment, the directories, the Unix user of each process, and the settings that it is given.
//
// A panel opens its data directory and has the plugins supervised as they are planned:
//
//	launcher, release, err := launch.Open(launch.Options{Config: c, Logger: log})
//	plugins := supervisor.New(supervisor.Options{Plugins: launcher.Specs(), Logger: log})
//
// docs/embedding.md has the whole of it.
package launch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"registrar.panel/host/config"
	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

// inherited lists what a plugin sees of the host's environment: clock, language, trust in certificates, the
// place of temporary files, the place where tests collect coverage, and the variables that plugin.hcl names.
func inherited(look func(string) (string, bool), more []string) []string {
	names := []string{"TZ", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR", "GOCOVERDIR"}
	var env []string
	for _, name := range append(names, more...) {
		if value, ok := look(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Data is the directory that holds a directory for each plugin's data.
type Data string

// DataIn returns the directory of the plugins' data in the panel's own.
func DataIn(panel string) Data { return Data(filepath.Join(panel, "plugins")) }

// Options of a launcher. [Open] chooses the directories, by the configuration.
type Options struct {
	Config  *config.Config
	Bundled map[string][]string // command lines of the plugins that come with the program
	Logger  *slog.Logger        // nil = slog.Default
	Top     string              // the panel's own directory, which contains the next two or leads to them
	Data    Data
	RunDir  string                           // for the plugins' sockets
	Look    func(name string) (string, bool) // finds a variable of the environment; nil = os.LookupEnv
}

// Launcher makes the supervisor's specifications from the configuration, and remembers the settings
// that each plugin was last configured with.
type Launcher struct {
	Options
	applied *applied
}

// Open takes the panel's data directory, and makes a launcher that keeps everything in it. If there
// is no such directory it makes one; only one process at a time may have it. release gives the
// directory back, once the plugins have stopped.
func Open(o Options) (l Launcher, release func() error, err error) {
	p := o.Config.Panel
	lock, err := Lock(p)
	if err != nil {
		return Launcher{}, nil, err
	}

	run, remove, err := runDir(p.Data, o.Config.Registrars)
	if err != nil {
		return Launcher{}, nil, errors.Join(err, lock.Close())
	}

	o.Top, o.Data, o.RunDir = p.Data, DataIn(p.Data), run
	// The lock goes last: until then no other panel has sockets there.
	return New(o), func() error { remove(); return lock.Close() }, nil
}

// New makes a launcher whose directories the options name.
func New(o Options) Launcher {
	if o.Look == nil {
		o.Look = os.LookupEnv
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return Launcher{o, &applied{by: map[string][sha256.Size]byte{}, in: map[string][]config.Setting{}}}
}

// With returns the launcher for another reading of the configuration.
func (l Launcher) With(c *config.Config) Launcher {
	l.Config = c
	return l
}

// Specs plans the process of every registrar that is run. A mistake about one registrar is a fault
// of its specification, and no error.
func (l Launcher) Specs() (specs []supervisor.Spec) {
	for _, r := range l.Config.Registrars {
		if !r.Retired {
			specs = append(specs, l.spec(r))
		}
	}
	return specs
}

func (l Launcher) spec(r config.Registrar) supervisor.Spec {
	root, noRoot := filepath.Abs(l.Config.Dir())
	spec := supervisor.Spec{
		Name: r.Name, Plugin: r.Plugin, Env: inherited(l.Look, r.Env), Dir: root, SHA256: r.SHA256, RunDir: filepath.Join(l.RunDir, r.Name),
		Foreign: r.Path != "", NoTLSReason: r.PlainText, Fault: errors.Join(r.Fault(), noRoot),
	}
	if spec.Fault != nil {
		return spec
	}

	// All mistakes are reported at once.
	var noCommand, noAccount error
	spec.Command, noCommand = l.command(r)
	spec.Account, noAccount = l.account(r, root)
	spec.Fault = errors.Join(noCommand, noAccount, l.Data.CheckPlugin(r))

	spec.Configure = func(ctx context.Context, plugin registrar.Hosted, d registrar.Description) error {
		return l.configure(ctx, r, spec.Account, plugin, d)
	}
	spec.Started = func() error { return l.Data.SetStarted(r.Name, r.Plugin) }
	return spec
}

func (l Launcher) command(r config.Registrar) ([]string, error) {
	if r.Path == "" {
		command, ok := l.Bundled[r.Plugin]
		switch {
		case ok:
			return command, nil
		case r.Plugin == r.Name:
			return nil, r.At.Errorf("registrar %q is not bundled with this panel: give its path, or name one of %s as its plugin", r.Name, strings.Join(slices.Sorted(maps.Keys(l.Bundled)), ", "))
		}

		return nil, r.PluginAt.Errorf("the plugin %q is not bundled with this panel, which has %s: give its path", r.Plugin, strings.Join(slices.Sorted(maps.Keys(l.Bundled)), ", "))
	}

	path, err := filepath.Abs(r.Path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return nil, r.PathAt.Errorf("can't run the plugin: %v", err)
	}
	return []string{path}, nil
}

// configure reads a plugin's settings by its schema and passes them on. Problems that the plugin
// finds are returned with their places in the file.
func (l Launcher) configure(ctx context.Context, r config.Registrar, account *supervisor.Account, plugin registrar.Hosted, d registrar.Description) error {
	for _, tld := range r.TLDs {
		if len(d.TLDs) > 0 && !slices.Contains(d.TLDs, tld) {
			return r.TLDsAt.Errorf("registrar %s does not serve the TLD %s; it serves %s", r.Name, tld, strings.Join(d.TLDs, ", "))
		}
	}

	s, err := l.Config.Settings(r.Name, d.Schema)
	if err != nil {
		return err
	}

	for _, w := range s.Warnings {
		l.Logger.Warn("configuration", "place", w.Position.String(), "warning", w.Message)
	}

	dir, err := l.Data.Of(r.Name)
	if err != nil {
		return err
	}

	// Each time, because root made the directory, and also the files that a restored backup put there.
	if err := chownTree(dir, account); err != nil {
		return err
	}

	// A plugin that has worked before must find its store: a new one would not know what is paid.
	err = plugin.Configure(ctx, registrar.Settings{Config: s.Config, Account: r.Name, DataDir: dir, Create: !l.Data.HasStarted(r.Name)})
	var refusal *registrar.Error
	if errors.As(err, &refusal) && refusal.Code == registrar.Invalid && len(refusal.Problems) > 0 {
		return s.Locate(refusal.Problems, d.Phrases...)
	}

	// Refused settings are not in force: in an exchange the process at work goes on with its own.
	if err == nil {
		l.applied.set(r.Name, fingerprint(r, s.Config), s.InForce)
	}
	return err
}

// Of returns the directory of one plugin's data, which it makes if there is none.
func (d Data) Of(name string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(string(d), name))
	if err != nil {
		return "", fmt.Errorf("find data directory of %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data directory of %s: %w", name, err)
	}
	return dir, nil
}

// startedFile returns the path of a file beside a plugin's data directory that names the plugin that has
// worked. From then on a missing store is a loss, not a fresh start. Panels of before left the file empty.
func (d Data) startedFile(name string) string { return filepath.Join(string(d), name+".started") }

// HasStarted reports whether a plugin has worked on its data.
func (d Data) HasStarted(name string) bool {
	_, err := os.Stat(d.startedFile(name))
	return err == nil
}

// startedAs returns the plugin that has worked on a registrar's data; "" = none, or it is not known which.
func (d Data) startedAs(name string) (plugin string, err error) {
	text, err := os.ReadFile(d.startedFile(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read which plugin has the data of %s: %w", name, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// CheckPlugin returns the mistake of a registrar whose plugin is not the one that has worked on its data; nil = it
// is, or none has. The store of the first would be left behind, with what is paid and under way.
func (d Data) CheckPlugin(r config.Registrar) error {
	before, err := d.startedAs(r.Name)
	if err != nil || before == "" || before == r.Plugin {
		return err
	}
	return r.PluginAt.Errorf("the data of registrar %s are those of the plugin %s: give the plugin %s a registrar of its own, and restart the panel", r.Name, before, r.Plugin)
}

// SetStarted records that a plugin has worked on a registrar's data.
func (d Data) SetStarted(name, plugin string) error {
	if before, err := d.startedAs(name); err != nil || before != "" {
		return err
	}
	if err := os.WriteFile(d.startedFile(name), []byte(plugin+"\n"), 0o600); err != nil {
		return fmt.Errorf("mark %s as started: %w", name, err)
	}
	return nil
}

// runDir chooses where the plugins' sockets are: in the data directory if its path leaves room for
// them, else in a temporary directory, which remove deletes.
func runDir(data string, registrars []config.Registrar) (dir string, remove func(), err error) {
	dir, err = filepath.Abs(filepath.Join(data, "run"))
	if err != nil {
		return "", nil, fmt.Errorf("find run directory: %w", err)
	}
	fits := true
	for _, r := range registrars {
		fits = fits && supervisor.FitsSockets(filepath.Join(dir, r.Name))
	}
	if !fits {
		if dir, err = os.MkdirTemp("", "panel-"); err != nil {
			return "", nil, fmt.Errorf("make run directory: %w", err)
		}
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}
