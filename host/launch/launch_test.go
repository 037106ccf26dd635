package launch

import (
	"os"
	"strings"
	"testing"
)

// Variables that plugin.hcl names reach the plugin, and no others.
func TestEnvironmentIsAList(t *testing.T) {
	t.Setenv("HOST_TEST_WANTED", "yes")
	t.Setenv("HOST_TEST_OTHER", "no")
	env := strings.Join(inherited(os.LookupEnv, []string{"HOST_TEST_WANTED", "HOST_TEST_UNSET"}), " ")
	if !strings.Contains(env, "HOST_TEST_WANTED=yes") || strings.Contains(env, "HOST_TEST_OTHER") || strings.Contains(env, "HOST_TEST_UNSET") || strings.Contains(env, "PATH=") {
		t.Errorf("inherited: %s", env)
	}
}
