package access

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRights(t *testing.T) {
	t.Parallel()

	got, err := ParseRights([]string{"look", " order", "look"})
	if err != nil || !slices.Equal(got, []Right{Look, Order}) {
		t.Errorf("%v, %v", got, err)
	}

	for _, wrong := range [][]string{nil, {""}, {"all"}, {"look", "Money"}} {
		if _, err := ParseRights(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}

	for _, one := range Rights() {
		c := Caller{Rights: []Right{one}}
		for _, other := range Rights() {
			if c.May(other) != (one == other) {
				t.Errorf("%s gives %s: %v", one, other, c.May(other))
			}
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		token, err := NewToken(rand.Reader)
		if err != nil || len(token) < 50 || seen[token] || strings.Contains(Digest(token), token) || Digest(token) == Digest(token+"x") {
			t.Fatalf("%d characters, %v", len(token), err)
		}
		seen[token] = true
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{"billing": true, "anna.k": true, "web-2": true, "": false, "Anna": false, "a b": false, "panel": false,
		"registrar": false, "root": false, "a\x1b": false, strings.Repeat("a", 33): false, "анна": false} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCredentialsEnd(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		Credential
		valid bool
	}{
		{Credential{}, true},
		{Credential{ExpiresAt: now.Add(1)}, true},
		{Credential{ExpiresAt: now}, false},
		{Credential{RevokedAt: now}, false},
	} {
		if c.Valid(now) != c.valid {
			t.Errorf("%+v: valid = %v", c.Credential, !c.valid)
		}
	}
}

// A guesser waits longer and longer, others do not wait for him, and he is forgotten.
func TestGuessesAreSlowed(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		g := NewGuesses(nil)
		wait := func(address string) time.Duration {
			began := time.Now()
			g.Wrong(t.Context(), address)
			return time.Since(began)
		}

		began := time.Now()
		for range 100 {
			wait("203.0.113.7")
		}

		if took := time.Since(began); took < 10*time.Minute {
			t.Errorf("100 guesses took %s", took)
		}
		if got := wait("203.0.113.8"); got != firstDelay {
			t.Errorf("another waits %s", got)
		}

		time.Sleep(forgotten)
		if got := wait("203.0.113.7"); got != firstDelay {
			t.Errorf("after a while he waits %s", got)
		}
	})
}

// However many guess at a time, few wait, and their number is bounded.
func TestGuessersAreFew(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		g := NewGuesses(nil)
		ctx, cancel := context.WithCancel(t.Context())
		refused := make(chan bool, 1000)
		for range 1000 {
			go func() {
				_, ok := g.Wrong(ctx, "203.0.113.7")
				refused <- !ok
			}()
		}

		synctest.Wait()
		if len(refused) != 1000-mostWaiting {
			t.Errorf("%d were refused at once", len(refused))
		}

		cancel()
		synctest.Wait()

		if _, ok := g.Wrong(t.Context(), "203.0.113.9"); !ok {
			t.Error("nobody waits, and it is refused")
		}
	})
}
