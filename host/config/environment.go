package config

import (
	"os"
	"sync"
)

// Environment is the source of secrets of the kind secret("env", NAME). A variable that contains one is taken out of
// the process's environment when it is first read, and kept here, because the configuration is read more than once.
type Environment struct {
	mu    sync.Mutex
	taken map[string]string
}

// Take returns a variable's value, and from then on keeps it here alone.
func (e *Environment) Take(name string) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if value, ok := e.taken[name]; ok {
		return value, true
	}
	value, ok := os.LookupEnv(name)
	if !ok || os.Unsetenv(name) != nil {
		return value, ok
	}
	if e.taken == nil {
		e.taken = map[string]string{}
	}
	e.taken[name] = value
	return value, true
}

// Look returns a variable's value and leaves it where it is.
func (e *Environment) Look(name string) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if value, ok := e.taken[name]; ok {
		return value, true
	}
	return os.LookupEnv(name)
}
