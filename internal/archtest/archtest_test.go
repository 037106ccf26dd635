// Package archtest checks the arrows of ARCHITECTURE.md: it fails when a room imports
// what it must not, when a package has no comment, or when a cited rule does not exist.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is the path of the module.
var module = strings.TrimSuffix(reflect.TypeFor[pkg]().PkgPath(), "/internal/archtest")

// rule forbids packages that match from to import, directly, what matches forbidden and
// not except. Patterns are matched against import paths, with "ours/" for the module.
type rule struct {
	from      string
	forbidden string
	except    string
	why       string
}

var rules = []rule{
	{`^ours/shared/registrar$`, `\.|^ours/`, `^$`, "the contract imports the standard library only"},
	{`^ours/shared/`, `^ours/`, `^ours/shared/`, "shared imports nothing else of ours"},
	{`^ours/host`, `^ours/`, `^ours/(host|shared/|internal/(sqldb|seal|wake|backoff)$)`, "the host knows plugins by the contract only"},
	{`^ours/host/`, `^ours/host$`, `^$`, "host puts its rooms together, and none of them knows it"},
	{`^ours/host/(input|access|phrasebook)$`, `^ours/host/`, `^$`, "what callers may say, and may do, and other words for it, is below every other room"},
	{`^ours/host/(supervisor|switchboard)$`, `^ours/host/`, `^ours/host/input$`, "what runs, and whom to ask, knows nothing of the book"},
	{`^ours/host/orders$`, `^ours/host/`, `^ours/host/(input|access|switchboard)$`, "the book asks by the switchboard, and knows neither web nor configuration"},
	{`^ours/host/wording$`, `^ours/`, `^ours/(host/phrasebook|shared/registrar)$`, "texts are below the rooms that show them"},
	{`^ours/host/console$`, `^ours/host/`, `^ours/host/(access|input|phrasebook|web/api|wording)$`, "pages are a client of the API, and know nothing behind it"},
	{`^ours/host/web`, `^ours/host/console$`, `^$`, "pages are given to the API's server"},
	{`^ours/host/(launch|door)$`, `^ours/host/`, `^ours/host/(config|supervisor|access)$`, "how plugins start, and how the panel is reached, follows from the configuration alone"},
	{`^ours/host/metrics$`, `^ours/host/`, `^ours/host/(orders|supervisor)$`, "what is measured is read of book and supervisor, and known to neither"},
	{`^ours/host/(orders|supervisor|web|webhook|switchboard)`, `^ours/host/metrics$`, `^$`, "what is measured is read of book and supervisor, and known to neither"},
	{`^ours/host/notify$`, `^ours/host/`, `^ours/host/(orders|webhook|wording)$`, "people are told what the source says, and the book keeps what was told"},
	{`^ours/host/staff$`, `^ours/host/`, `^ours/host/(input|access)$`, "how the staff come in needs to know nothing of what they do then"},
	{`^ours/`, `golang.org/x/crypto/argon2`, `^$`, "passwords are hashed in staff"},
	{`^ours/plugin/`, `^ours/`, `^ours/(plugin/|shared/|internal/(lazyregexp|sqldb|turn|seal|wake|backoff)$)`, "a plugin knows the host by the contract only"},
	{`^ours/plugin/r01`, `^ours/plugin/`, `^ours/plugin/(r01|kit$)`, "plugins never import each other"},
	{`^ours/plugin/manual`, `^ours/plugin/`, `^ours/plugin/(manual|kit$)`, "plugins never import each other"},
	{`^ours/plugin/manual`, `^ours/internal/`, `^$`, "manual is on the kit, as a plugin of another module is"},
	{`^ours/plugin/kit`, `^ours/plugin/`, `^ours/plugin/kit`, "the kit is below the plugins"},
	{`^ours/plugin/kit/internal/`, `^ours/plugin/kit$`, `^$`, "what the kit stands on does not know it"},
	{`^ours/plugin/r01/`, `^ours/plugin/r01/gateway$`, `^$`, "only the plugin itself sees its rooms composed"},
	{`^ours/plugin/r01/`, `^ours/plugin/r01/(ordering|outbox|inbox|witness|views)$`, `^$`, "the rooms of r01 stand side by side"},
	{`^ours/plugin/r01/(lifecycle|mailform|message|term|store|registry|smtpout|mailauth|mailbox|endpoint|renewal)`, `^ours/plugin/r01/engine$`, `^$`, "what engine stands on does not know it"},
	{`^ours/plugin/r01/engine$`, `^ours/plugin/r01/(smtpout|mailauth|mailbox|endpoint)$`, `^$`, "engine moves requests and touches nothing outside"},
	{`^ours/internal/r01sim`, `^ours/plugin/`, `^$`, "the simulator reads and writes by itself, or one misreading passes on both sides"},
	{`^ours/internal/`, `^ours/(host|plugin|cmd)`, `^$`, "internal rooms are below the others"},
	{`^ours/plugin/(r01/(mailform|lifecycle|renewal/policy|term)|kit/internal/life)$`, `^(os|net|database/sql|log|log/slog|math/rand|math/rand/v2|crypto/rand|io/fs|syscall)$|go-hclog`, `^$`, "pure rooms do no I/O"},
	{`^ours/`, `^database/sql$|modernc\.org/sqlite|pressly/goose`, `^$`, "SQL lives in sqldb and the stores"},
	{`^ours/`, `jackc/pgx`, `^$`, "the PostgreSQL driver lives in sqldb and the tests' servers"},
	{`^ours/`, `^ours/internal/(pgtest|mailhost|testrun|gosource|sqldb/sqldbtest)$`, `^$`, "test support is for tests"},
	{`^ours/`, `^ours/internal/pace$`, `^$`, "only tests and campaigns are patient by measure"},
	{`^ours/`, `emersion/go-imap`, `^$`, "IMAP lives in mailbox and the simulator"},
	{`^ours/`, `wneessen/go-mail`, `^$`, "go-mail lives in smtpout and notify"},
	{`^ours/plugin/r01/registry`, `^ours/`, `^ours/(shared/registrar|plugin/r01/registry)$`, "the registry room reads and knows no operations"},
	{`^ours/plugin/r01`, `^net/http$|^compress/|golang\.org/x/time`, `^$`, "what is fetched from the registry is fetched by the registry room"},
	{`^ours/`, `prometheus/`, `^$`, "Prometheus's client lives in metrics"},
	{`^ours/`, `robfig/cron`, `^$`, "cron lives in renewal"},
	{`^ours/`, `hashicorp/go-plugin`, `^$`, "go-plugin lives in registrarrpc, registrartest and the supervisor"},
	{`^ours/(shared|plugin)/`, `hashicorp/hcl|zclconf/`, `^$`, "settings are values: how they are written is the host's affair"},
	{`^ours/`, `hashicorp/go-hclog`, `^$`, "go-hclog lives in logline, and where go-plugin asks for it"},
	{`^ours/`, `^ours/shared/registrar/registrartest$`, `^$`, "the conformance suite is for tests and the authors' tools"},
	{`^ours/cmd/panel/`, `^ours/cmd/`, `^ours/cmd/panel/(command|bundled)$`, "operator, author and demo stand side by side, on what commands have in common and the bundled plugins"},
	{`^ours/cmd/panel/(command|operator)$`, `^ours/(plugin/|internal/r01sim|cmd/panel/bundled)`, `^$`, "the operator's commands know a plugin by the panel's API only"},
	{`^ours/`, `^ours/shared/registrarrpc/registrarpb`, `^$`, "wire types stay behind registrarrpc"},
}

// allowed maps a rule about a library to the rooms that are exempt from it.
var allowed = map[string]string{
	"the rooms of r01 stand side by side":                               `^ours/plugin/r01/gateway$`,                                                           // it composes them
	"SQL lives in sqldb and the stores":                                 `^ours/(internal/sqldb|plugin/(r01/store|kit/internal/store)|host/orders|cmd/crash)$`, // crash reads the books independently
	"test support is for tests":                                         `^ours/internal/(pgtest|mailhost)$`,                                                   // they are for tests, too
	"only tests and campaigns are patient by measure":                   `^ours/(internal/testrun|cmd/crash)$`,
	"IMAP lives in mailbox and the simulator":                           `^ours/(plugin/r01/mailbox|internal/r01sim)`,
	"go-mail lives in smtpout and notify":                               `^ours/(plugin/r01/smtpout|host/notify)$`,
	"what is fetched from the registry is fetched by the registry room": `^ours/plugin/r01/registry$`,
	"Prometheus's client lives in metrics":                              `^ours/host/metrics$`,
	"passwords are hashed in staff":                                     `^ours/host/staff$`,
	"cron lives in renewal":                                             `^ours/plugin/r01/renewal$`,
	"go-plugin lives in registrarrpc, registrartest and the supervisor": `^ours/(shared/registrarrpc|shared/registrar/registrartest|host/supervisor)$`,
	"go-hclog lives in logline, and where go-plugin asks for it":        `^ours/(shared/(logline|registrarrpc|registrar/registrartest)|host/supervisor)$`,
	"the conformance suite is for tests and the authors' tools":         `^ours/(cmd/panel/author|internal/r01sim)$`, // the simulator is a witness
	"wire types stay behind registrarrpc":                               `^ours/shared/registrarrpc(/registrarpb.*)?$`,
	"the PostgreSQL driver lives in sqldb and the tests' servers":       `^ours/internal/(sqldb|pgtest)$`,
}

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()

	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Imports,GoFiles", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}

	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}

	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}

	return all
}

func short(path string) string { return strings.Replace(path, module+"/", "ours/", 1) }

// match reports whether a pattern matches. The few patterns are
// tried on each import of each package, so they are compiled once.
func match(pattern, s string) bool {
	re, ok := compiled.Load(pattern)
	if !ok {
		re, _ = compiled.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return re.(*regexp.Regexp).MatchString(s)
}

// compiled caches the patterns.
var compiled sync.Map

func (r rule) broken(from, imported string) bool {
	return match(r.from, from) && match(r.forbidden, imported) && !match(r.except, imported) &&
		(allowed[r.why] == "" || !match(allowed[r.why], from))
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for _, r := range rules {
				if r.broken(short(p.ImportPath), short(imported)) {
					t.Errorf("%s imports %s: %s", short(p.ImportPath), short(imported), r.why)
				}
			}
		}
	}
}

// Tests the rules: they must catch what they forbid, and nothing else.
func TestRulesCatch(t *testing.T) {
	t.Parallel()

	for _, c := range arrows {
		broken := slices.ContainsFunc(rules, func(r rule) bool { return r.broken(c.from, c.imported) })
		if broken != c.broken {
			t.Errorf("%s importing %s: broken = %v", c.from, c.imported, broken)
		}
	}
}

// arrows lists imports, and whether a rule forbids each.
var arrows = []struct {
	from, imported string
	broken         bool
}{
	{"ours/shared/registrar", "google.golang.org/grpc", true},
	{"ours/shared/registrar", "encoding/json", false},
	{"ours/shared/registrarrpc", "ours/internal/seal", true},
	{"ours/host/orders", "ours/plugin/r01", true},
	{"ours/host/orders", "ours/internal/sqldb", false},
	{"ours/host", "ours/internal/r01sim", true},
	{"ours/host/web", "ours/host", true},
	{"ours/host/console", "ours/host/orders", true},
	{"ours/host/console", "ours/host/web", true},
	{"ours/host/console", "ours/host/web/api", false},
	{"ours/host/web", "ours/host/console", true},
	{"ours/host/wording", "ours/host/orders", true},
	{"ours/host/wording", "ours/host/phrasebook", false},
	{"ours/host/notify", "ours/host/wording", false},
	{"ours/host/input", "ours/host/orders", true},
	{"ours/host/launch", "ours/host/orders", true},
	{"ours/host/launch", "ours/host/supervisor", false},
	{"ours/host/switchboard", "ours/host/orders", true},
	{"ours/host/switchboard", "ours/host/input", false},
	{"ours/host/orders", "ours/host/switchboard", false},
	{"ours/host/orders", "ours/host/config", true},
	{"ours/host/metrics", "ours/host/web", true},
	{"ours/host/notify", "ours/host/web", true},
	{"ours/host/staff", "ours/host/orders", true},
	{"ours/host/web", "golang.org/x/crypto/argon2", true},
	{"ours/host/notify", "github.com/wneessen/go-mail", false},
	{"ours/host/metrics", "ours/host/orders", false},
	{"ours/host/web", "ours/host/metrics", true},
	{"ours/host/web", "github.com/prometheus/client_golang/prometheus", true},
	{"ours/plugin/r01/store", "ours/host/config", true},
	{"ours/plugin/r01", "ours/plugin/manual", true},
	{"ours/plugin/manual", "ours/plugin/r01/store", true},
	{"ours/plugin/manual", "ours/plugin/kit", false},
	{"ours/plugin/manual", "ours/internal/sqldb", true},
	{"ours/plugin/manual", "database/sql", true},
	{"ours/plugin/manual", "ours/plugin/kit/internal/store", true},
	{"ours/plugin/kit", "ours/plugin/manual", true},
	{"ours/plugin/kit", "ours/host/orders", true},
	{"ours/plugin/kit", "database/sql", true},
	{"ours/plugin/kit/internal/store", "database/sql", false},
	{"ours/plugin/kit/internal/store", "ours/plugin/kit", true},
	{"ours/plugin/kit/internal/life", "os", true},
	{"ours/internal/r01sim", "ours/plugin/r01/mailform", true},
	{"ours/plugin/r01/mailform", "os", true},
	{"ours/plugin/r01/lifecycle", "database/sql", true},
	{"ours/plugin/r01/renewal/policy", "crypto/rand", true},
	{"ours/plugin/r01/renewal", "github.com/robfig/cron/v3", false},
	{"ours/plugin/r01/gateway", "github.com/robfig/cron/v3", true},
	{"ours/plugin/r01/gateway", "database/sql", true},
	{"ours/plugin/r01/store", "database/sql", false},
	{"ours/plugin/r01/outbox", "ours/plugin/r01/engine", false},
	{"ours/plugin/r01/engine", "ours/plugin/r01/outbox", true},
	{"ours/plugin/r01/engine", "ours/plugin/r01/smtpout", true},
	{"ours/plugin/r01/inbox", "ours/plugin/r01/witness", true},
	{"ours/plugin/r01/views", "ours/plugin/r01/ordering", true},
	{"ours/plugin/r01/gateway", "ours/plugin/r01/ordering", false},
	{"ours/plugin/r01/inbox", "ours/plugin/r01/gateway", true},
	{"ours/plugin/r01", "ours/plugin/r01/gateway", false},
	{"ours/plugin/r01/store", "ours/plugin/r01/engine", true},
	{"ours/plugin/r01/registry/holdings", "ours/plugin/r01/store", true},
	{"ours/plugin/r01/store", "github.com/jackc/pgx/v5", true},
	{"ours/internal/sqldb", "github.com/jackc/pgx/v5/pgconn", false},
	{"ours/host/orders", "ours/internal/pgtest", true},
	{"ours/cmd/crash", "ours/internal/testrun", true},
	{"ours/internal/mailhost", "ours/internal/testrun", false},
	{"ours/cmd/panel", "ours/internal/pace", true},
	{"ours/cmd/crash", "ours/internal/pace", false},
	{"ours/plugin/r01/gateway", "github.com/emersion/go-imap/v2", true},
	{"ours/plugin/r01/gateway", "github.com/wneessen/go-mail", true},
	{"ours/cmd/panel", "github.com/hashicorp/go-plugin", true},
	{"ours/plugin/r01/gateway", "github.com/hashicorp/go-hclog", true},
	{"ours/plugin/r01/mailform", "github.com/hashicorp/hcl/v2/hclwrite", true},
	{"ours/shared/logline", "github.com/hashicorp/go-hclog", false},
	{"ours/plugin/r01/registry", "ours/plugin/r01/lifecycle", true},
	{"ours/plugin/r01/registry", "ours/shared/registrar", false},
	{"ours/plugin/r01/gateway", "net/http", true},
	{"ours/plugin/r01/registry", "net/http", false},
	{"ours/host/web", "ours/shared/registrarrpc/registrarpb", true},
	{"ours/shared/registrar/registrartest", "ours/host/supervisor", true},
	{"ours/shared/registrar/registrartest", "ours/shared/registrarrpc", false},
	{"ours/shared/registrar", "ours/shared/registrar/registrartest", true},
	{"ours/plugin/manual", "ours/shared/registrar/registrartest", true},
	{"ours/cmd/panel", "ours/shared/registrar/registrartest", true},
	{"ours/cmd/panel/author", "ours/shared/registrar/registrartest", false},
	{"ours/cmd/panel/operator", "ours/cmd/panel/author", true},
	{"ours/cmd/panel/operator", "ours/cmd/panel/bundled", true},
	{"ours/cmd/panel/operator", "ours/cmd/panel/command", false},
	{"ours/cmd/panel/demo", "ours/cmd/panel/bundled", false},
	{"ours/cmd/panel/command", "ours/plugin/r01", true},
}

// Pure rooms read no clock and draw no random numbers.
func TestPureRoomsReadNoClock(t *testing.T) {
	t.Parallel()

	pure := regexp.MustCompile(`^ours/(shared/registrar|plugin/r01/(mailform|lifecycle|renewal/policy)|plugin/kit/internal/life)$`)
	for _, p := range packages(t) {
		if !pure.MatchString(short(p.ImportPath)) {
			continue
		}

		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}

			ast.Inspect(f, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "Sleep"}, sel.Sel.Name) {
						t.Errorf("%s/%s uses time.%s", short(p.ImportPath), file, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// Every package says what it is for.
func TestPackageComments(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		documented := false
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil && len(f.Doc.Text()) > 40 && !strings.Contains(f.Doc.Text(), "DO NOT EDIT")
		}
		if !documented && !strings.Contains(p.ImportPath, "registrarpb") {
			t.Errorf("%s has no package comment", short(p.ImportPath))
		}
	}
}

// The top level is fixed, and no room has a name that says nothing.
func TestNames(t *testing.T) {
	t.Parallel()

	top := []string{"plugin", "host", "shared", "internal", "cmd", "docs", "go.mod", "go.sum", "plugin.hcl", "README.md", "ARCHITECTURE.md", "LICENSE", "Makefile", "data", "bin"}
	root := filepath.Join("..", "..")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}

	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(top, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}

	empty := []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "models", "base"}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains(empty, d.Name()) {
			t.Errorf("%s: a room whose name says nothing", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
