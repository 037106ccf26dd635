package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A secret's variable is gone from the environment once it was read, and is read again from
// where it is kept; others stay.
func TestSecretsLeaveTheEnvironment(t *testing.T) {
	t.Setenv("CONFIG_TEST_TOKEN", tokenValue)
	t.Setenv("CONFIG_TEST_OTHER", "x")
	path := filepath.Join(t.TempDir(), file)

	text := `panel { token = secret("env", "CONFIG_TEST_TOKEN") }
registrar "a" {
  tlds = ["ru"]
  env  = ["CONFIG_TEST_OTHER"]
}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	var e Environment
	for range 2 {
		c, err := LoadServing(path, &e)
		if err != nil || c.Panel.Token.Reveal() != tokenValue || len(c.Warnings) != 0 {
			t.Fatalf("%v, warnings %v", err, c.Warnings)
		}
	}

	if slices.Contains(os.Environ(), "CONFIG_TEST_TOKEN="+tokenValue) {
		t.Error("the secret is still in the environment")
	}
	if os.Getenv("CONFIG_TEST_OTHER") != "x" {
		t.Error("what is no secret was taken away")
	}
	if value, ok := e.Look("CONFIG_TEST_TOKEN"); !ok || value != tokenValue {
		t.Errorf("looked up: %q, %v", value, ok)
	}
}
