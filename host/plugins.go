package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/host/config"
	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

// inherited lists what a plugin sees of the host's environment: clock, language, trust in
// certificates, where temporary files go, where tests collect coverage, and what plugin.hcl
// names.
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

// pluginsDir holds the plugins' data, in the data directory.
const pluginsDir = "plugins"

// plugins makes the supervisor's specifications from the configuration.
type plugins struct {
	config  *config.Config
	bundled map[string][]string
	log     hclog.Logger
	top     string // the panel's own directory, which holds the next two or leads to them
	dir     string // holds a directory for each plugin's data
	runDir  string
	applied *applied // nil = is not remembered
	look    func(name string) (string, bool)
}

// specs plans the process of every registrar that is run. What is wrong with one registrar is
// a fault of its specification, and no error.
func (p plugins) specs() ([]supervisor.Spec, error) {
	root, err := filepath.Abs(p.config.Dir())
	if err != nil {
		return nil, fmt.Errorf("find the configuration's directory: %w", err)
	}
	var specs []supervisor.Spec
	for _, r := range p.config.Registrars {
		if !r.Retired {
			specs = append(specs, p.spec(r, root))
		}
	}
	return specs, nil
}

func (p plugins) spec(r config.Registrar, root string) supervisor.Spec {
	spec := supervisor.Spec{
		Name: r.Name, Env: inherited(p.look, r.Env), Dir: root, SHA256: r.SHA256, RunDir: filepath.Join(p.runDir, r.Name),
		Foreign: r.Path != "", PlainText: r.PlainText, Fault: r.Fault(),
	}
	if spec.Fault != nil {
		return spec
	}
	var noCommand, noAccount error
	spec.Command, noCommand = p.command(r)
	spec.Account, noAccount = p.account(r, root)
	spec.Fault = errors.Join(noCommand, noAccount)
	spec.Configure = func(ctx context.Context, plugin registrar.Plugin, d registrar.Description) error {
		return p.configure(ctx, r, spec.Account, plugin, d)
	}
	return spec
}

func (p plugins) command(r config.Registrar) ([]string, error) {
	if r.Path == "" {
		command, ok := p.bundled[r.Name]
		if !ok {
			return nil, r.At.Errorf("registrar %q is not bundled with this panel: give its path", r.Name)
		}
		return command, nil
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

// configure reads a plugin's settings by its schema and hands them over. What the plugin
// finds wrong comes back with its place in the file.
func (p plugins) configure(ctx context.Context, r config.Registrar, account *supervisor.Account, plugin registrar.Plugin, d registrar.Description) error {
	for _, tld := range r.TLDs {
		if len(d.TLDs) > 0 && !slices.Contains(d.TLDs, tld) {
			return r.TLDsAt.Errorf("registrar %s does not serve the TLD %s; it serves %s", r.Name, tld, strings.Join(d.TLDs, ", "))
		}
	}
	s, err := p.config.Settings(r.Name, d.Schema)
	if err != nil {
		return err
	}
	for _, w := range s.Warnings {
		p.log.Warn("configuration", "place", w.Position.String(), "warning", w.Message)
	}
	p.applied.set(r.Name, fingerprint(r, s.Config))
	dir, err := p.dataDir(r.Name)
	if err != nil {
		return err
	}
	if err := give(dir, account); err != nil {
		return err
	}
	err = plugin.Configure(ctx, registrar.Settings{Config: s.Config, DataDir: dir, Create: !p.hasStarted(r.Name)})
	var refusal *registrar.Error
	if errors.As(err, &refusal) && refusal.Code == registrar.Invalid && len(refusal.Problems) > 0 {
		return s.Locate(refusal.Problems)
	}
	return err
}

func (p plugins) dataDir(name string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(p.dir, name))
	if err != nil {
		return "", fmt.Errorf("find data directory of %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data directory of %s: %w", name, err)
	}
	return dir, nil
}

// mark is a file beside a plugin's data directory. It says that the plugin has been at work:
// from then on a missing store is a loss, not a fresh start.
func (p plugins) mark(name string) string { return filepath.Join(p.dir, name+".started") }

func (p plugins) hasStarted(name string) bool {
	_, err := os.Stat(p.mark(name))
	return err == nil
}

func (p plugins) setStarted(name string) error {
	if p.hasStarted(name) {
		return nil
	}
	if err := os.WriteFile(p.mark(name), nil, 0o600); err != nil {
		return fmt.Errorf("mark %s as started: %w", name, err)
	}
	return nil
}

// runDir chooses where the plugins' sockets are: in the data directory if its path leaves
// room for them, else in a temporary directory. remove deletes it.
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
