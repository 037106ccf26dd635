package pgtest

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"registrar.panel/internal/testrun"
)

// serverVariable names the server in the environment of a suite that runs again.
const serverVariable = "PGTEST_SERVER"

// Suite says which tests of a package run once more on a server, and how.
type Suite struct {
	Prepare func(database string) // fills the database that is copied for each test; nil = it is empty
	Skip    []string              // names of tests whose subject is the file
	// PrepareStatements makes connections prepare statements that they run again, as
	// they do without PgBouncer: for a suite that runs each statement many times.
	PrepareStatements bool
}

// unwatched are the settings of a server that keeps no statistics,
// which no test reads, and that plans prepared statements only once.
var unwatched = []string{"plan_cache_mode=force_generic_plan", "jit=off", "max_parallel_workers_per_gather=0",
	"update_process_title=off", "track_activities=off", "track_counts=off"}

// prepareStatements is the parameter of a URL that sqldb reads.
const prepareStatements = "default_query_exec_mode=cache_statement"

// Again runs the tests of t's package once more, in a process of its own,
// with databases of a new server. The test that calls it is left out.
func Again(t *testing.T, suite Suite) {
	t.Helper()
	testrun.Place(t)
	s := start(t, "trust", unwatched...)
	Exec(t, s.url(admin), "create database "+prepared+" template template0")
	if suite.Prepare != nil {
		suite.Prepare(s.url(prepared))
	}

	server := s.near(admin)
	if suite.PrepareStatements {
		server += "&" + prepareStatements
	}

	skip := "^(" + strings.Join(append(suite.Skip, t.Name()), "|") + ")$"
	cmd := exec.CommandContext(t.Context(), testrun.Suite(t), "-test.v", "-test.shuffle=on", "-test.run=^Test", "-test.skip="+skip,
		"-test.parallel="+flag.Lookup("test.parallel").Value.String(), "-test.timeout="+testrun.Remaining(t).String())
	cmd.Env = slices.Concat(testrun.Elsewhere(testrun.Within(os.Environ())), []string{serverVariable + "=" + server})

	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("on PostgreSQL: %v\n%s", err, failures(out))
	}

	// If the tests had run on files again, they would pass without having tried a server.
	if exchange(t, s.url(admin), "select count(*) from pg_database where datname ~ '^t.{26}$'") == "0" {
		t.Errorf("no test asked for a database:\n%s", out)
	}
}

// failures leaves out the lines about tests that passed.
func failures(out []byte) []byte {
	lines := bytes.SplitAfter(out, []byte("\n"))
	return bytes.Join(slices.DeleteFunc(lines, func(l []byte) bool {
		l = bytes.TrimSpace(l)
		return bytes.HasPrefix(l, []byte("=== ")) || bytes.HasPrefix(l, []byte("--- PASS"))
	}), nil)
}

// Runs reports whether this is the process that [Again] has started, in which databases are expensive.
func Runs() bool { return os.Getenv(serverVariable) != "" }

// Database makes an empty database for a test of a suite that runs
// [Again], and returns its URL; "" = the suite runs without a server.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(serverVariable)
	if server == "" {
		return ""
	}

	name, statement := creation(prepared)
	if err := administrator.exec(t, server, statement); err != nil {
		t.Fatal(err)
	}
	return sibling(t, server, name)
}

// administrator makes the suite's databases: a new connection for each would take as long as making it.
var administrator session

// session is a connection that is made when it is first used, and ends with the process.
type session struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

func (s *session) exec(t testing.TB, server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), testrun.Limit(t))
	defer cancel()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	_, err := s.conn.Exec(ctx, statement)
	return err
}
