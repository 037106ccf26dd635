package launch

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"registrar.panel/host/config"
)

// Differs reports whether a plugin was last configured with other settings, or runs another program.
func (l Launcher) Differs(r config.Registrar, settings []byte) bool {
	return !l.applied.is(r.Name, fingerprint(r, settings))
}

// Forget makes Differs report true for any settings of the plugin.
func (l Launcher) Forget(name string) { l.applied.forget(name) }

// applied remembers, by a digest, the settings that each plugin was last configured with.
type applied struct {
	mu sync.Mutex
	by map[string][sha256.Size]byte
	in map[string][]config.Setting // the settings in force
}

func (a *applied) set(name string, digest [sha256.Size]byte, settings []config.Setting) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by[name], a.in[name] = digest, settings
}

// InForce returns the settings that a plugin was last configured with, without secrets.
func (l Launcher) InForce(name string) []config.Setting {
	l.applied.mu.Lock()
	defer l.applied.mu.Unlock()
	return l.applied.in[name]
}

func (a *applied) is(name string, digest [sha256.Size]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	have, ok := a.by[name]
	return ok && have == digest
}

func (a *applied) forget(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.by, name)
}

// fingerprint returns a digest of everything that decides about a plugin's process.
func fingerprint(r config.Registrar, settings []byte) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %v %q %q %s", r.Plugin, r.Path, r.SHA256, r.Dev, r.Env, r.PlainText, settings))
}
