package pgtest

import (
	"sync"
	"testing"
)

// Shared is one instance for all tests of a package that ask for it. Each has its own databases
// there and must break nothing. It runs while one of them does. The zero value is ready to use.
type Shared struct {
	mu     sync.Mutex
	server *Server
	keeper *keeper
	users  int
}

// Use starts the instance, unless it runs. The returned server belongs to t, which may call its Database and Address.
func (s *Shared) Use(t testing.TB) *Server {
	t.Helper()

	s.mu.Lock()
	defer s.mu.Unlock()

	if s.server == nil {
		s.keeper = &keeper{TB: t}
		s.server = start(s.keeper, "scram-sha-256")
	}

	// The server outlives the test that started it: it ends with the last test that uses it.
	s.users++
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.users--; s.users == 0 {
			s.keeper.TB = t // t still runs
			s.keeper.end()
			s.server = nil
		}
	})

	server := *s.server
	server.t = t
	return &server
}

// keeper takes the place of the test that started the shared instance:
// that test's cleanups run when the last user of the instance ends.
type keeper struct {
	testing.TB
	cleanups []func()
}

func (k *keeper) Cleanup(f func()) { k.cleanups = append(k.cleanups, f) }

func (k *keeper) end() {
	for i := len(k.cleanups) - 1; i >= 0; i-- {
		k.cleanups[i]()
	}
}
