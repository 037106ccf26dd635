// Package pgtest supports tests: it runs a real PostgreSQL, and PgBouncer in front of
// it, as Debian packages them, as private instances that a test can break on purpose.
//
// An instance has its own directory and its own port on loopback, asks for a password (unless a suite
// connects a thousand times), and syncs as a server should. It ends with its test, or with the test's
// process, however that ends. As root it runs as the user postgres, because PostgreSQL refuses root.
//
// [Again] runs a package's whole suite once more on a server, with samples of similar
// cases: its tests ask [Database] for a database, and get none without a server. If
// an instance can't do what it was told, the test fails; no test is ever skipped.
package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"registrar.panel/internal/testrun"
)

// Password is the password of every instance. A text that shows it has shown a secret.
const Password = "pg-password-5432"

const (
	role     = "tester"
	admin    = "postgres" // the database that always exists
	prepared = "prepared" // the database that is copied for each test of a suite
)

// Server is an instance of PostgreSQL. Its methods are for the test that started it.
type Server struct {
	t        testing.TB
	dir      string
	port     int
	settings []string // in addition to those of every instance
	hurried  bool     // see StartHurried
	process  *process
}

// Start makes an instance and runs it until the test ends.
func Start(t testing.TB) *Server { t.Helper(); return start(t, "scram-sha-256") }

// StartHurried makes an instance for a test that runs very many statements and does not test
// how the server is reached. The instance takes any password and keeps no statistics, and the
// URLs of its databases lead to its socket, by connections that prepare what they run again.
func StartHurried(t testing.TB) *Server {
	t.Helper()
	s := start(t, "trust", unwatched...)
	s.hurried = true
	return s
}

func start(t testing.TB, auth string, settings ...string) *Server {
	t.Helper()

	testrun.NeedsServers(t)
	s := &Server{t: t, dir: directory(t), settings: settings}
	s.initialize(auth)
	t.Cleanup(func() {
		if s.process != nil {
			s.process.bury()
		}
	})

	for tries := 1; ; tries++ {
		s.port = freePort(t)
		err := s.run()
		if err == nil {
			break
		}
		if tries == 3 { // another program may have been faster to take the port
			t.Fatalf("start PostgreSQL: %v", err)
		}
		s.process.end(syscall.SIGQUIT)
	}

	return s
}

// initialize makes the instance's files. initdb takes a second of processor time; to
// copy the files that another test of the run has made takes a twentieth of that.
func (s *Server) initialize(auth string) {
	s.t.Helper()
	made := testrun.Once(s.t, "initdb-"+auth, func(dir string) {
		if err := own(dir); err != nil {
			s.t.Fatal(err)
		}
		s.initdb(filepath.Join(dir, "data"), auth)
	})

	if made == "" {
		s.initdb(s.data(), auth)
		return
	}
	if out, err := exec.Command("cp", "-a", filepath.Join(made, "data"), s.data()).CombinedOutput(); err != nil {
		s.t.Fatalf("copy what initdb has made: %v: %s", err, out)
	}
}

func (s *Server) initdb(data, auth string) {
	s.t.Helper()
	password := filepath.Join(s.dir, "password")
	if err := errors.Join(os.WriteFile(password, []byte(Password), 0o600), own(password)); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(program(s.t, "initdb"), "--pgdata", data, "--username", role, "--pwfile", password,
		"--auth", auth, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: unprivileged(s.t)}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("initdb: %v: %s", err, out)
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) run() error {
	s.t.Helper()
	args := []string{"-D", s.data()}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port),
		"unix_socket_directories=" + s.dir, "max_connections=200", "shared_buffers=16MB", "max_wal_size=256MB",
		"autovacuum=off"}, // it would visit each of a thousand databases, ten a second
		s.settings...) {
		args = append(args, "-c", setting)
	}
	s.process = run(s.t, s.dir, program(s.t, "postgres"), args...)
	return s.process.answers(s.url(admin))
}

// Address returns where it listens, HOST:PORT.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *Server) url(database string) string { return at(s.Address(), database) }

// at returns the URL of a database, for an instance that is reached at an address.
func at(address, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, Password), Host: address, Path: "/" + database,
		RawQuery: "sslmode=disable"}
	return u.String()
}

// near returns the URL of a database by the instance's socket, which takes half the time of loopback.
func (s *Server) near(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, Password), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}, "port": {strconv.Itoa(s.port)}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// Via returns the URL of a database by another address: a proxy's or a pool's.
func Via(address, database string) string {
	u, err := url.Parse(database)
	if err != nil {
		panic(err) // can't happen: the URL is one of ours
	}
	u.Host = address
	return u.String()
}

// Database makes an empty database and returns its URL.
func (s *Server) Database() string {
	s.t.Helper()
	server := s.url(admin)
	if s.hurried {
		server = s.near(admin) + "&" + prepareStatements
	}
	return create(s.t, server, "template0")
}

// Kill ends the server as a crash would: nothing is finished. Restart brings it back.
func (s *Server) Kill() {
	s.t.Helper()
	s.process.end(syscall.SIGQUIT)
}

// Restart runs a killed server again, at the same address.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.run(); err != nil {
		s.t.Fatalf("restart PostgreSQL: %v", err)
	}
}

// create makes a database on a server, given its administrator's URL. The database is removed with the server.
func create(t testing.TB, server, template string) string {
	t.Helper()
	name, statement := creation(template)
	exchange(t, server, statement)
	return sibling(t, server, name)
}

// creation returns a new name, and the statement that makes a database of that name.
func creation(template string) (name, statement string) {
	name = "t" + strings.ToLower(rand.Text())
	return name, "create database " + name + " template " + template + " strategy file_copy"
}

// sibling returns the URL of another database of a server.
func sibling(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Copy copies a database, to which no connection may be open, and returns the URL of the copy.
func Copy(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	from := strings.TrimPrefix(u.Path, "/")
	u.Path = "/" + admin
	return create(t, u.String(), from)
}

// Exec runs a statement.
func Exec(t testing.TB, database, statement string) {
	t.Helper()
	exchange(t, database, statement)
}

// Dump returns everything that a database holds, with binary values also decoded; nothing for "".
func Dump(t testing.TB, database string) []byte {
	t.Helper()
	if database == "" {
		return nil
	}
	plain := strings.Replace(database, "&"+prepareStatements, "", 1) // pg_dump knows only its own parameters
	out, err := exec.Command(program(t, "pg_dump"), "--data-only", plain).CombinedOutput()
	if err != nil {
		t.Fatalf("pg_dump: %v: %s", err, out)
	}
	for _, digits := range hexadecimal.FindAll(out, -1) {
		raw := make([]byte, hex.DecodedLen(len(digits)))
		if _, err := hex.Decode(raw, digits); err == nil {
			out = append(out, raw...)
		}
	}
	return out
}

// hexadecimal matches bytes as a dump writes them.
var hexadecimal = regexp.MustCompile(`(?:[0-9a-f]{2}){8,}`)

// exchange runs one statement and returns the first value of its answer.
func exchange(t testing.TB, database, statement string) string {
	t.Helper()

	ctx, cancel := context.WithTimeout(context.Background(), testrun.Limit(t))
	defer cancel()

	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var answer string

	rows, err := conn.Query(ctx, statement, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}

	for rows.Next() {
		answer = string(bytes.Clone(rows.RawValues()[0]))
	}

	rows.Close()
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}

	return answer
}
