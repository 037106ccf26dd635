package sqldb

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registrar.panel/internal/testrun"
)

// step is something a traced writer asked of the disk, or told the world.
type step struct {
	kind  kind
	file  string // its base name
	at    int64  // write: offset; truncate: size
	data  []byte
	began int // sync: how many steps it can vouch for
}

type kind int

const (
	writes kind = iota
	syncs
	syncsDir
	creates
	truncates
	unlinks
	acks // data holds the line
)

// record runs a command under strace and returns its steps below a directory, in order.
func record(t *testing.T, dir string, cmd *exec.Cmd) []step {
	t.Helper()

	testrun.NeedsServers(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("this test needs strace: make setup installs it")
	}

	trace := filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-y", "-xx", "-s", "1000000", "--seccomp-bpf", "-e", "signal=none", "-o", trace,
		"-e", "trace=open,openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,unlinkat"}
	traced := exec.CommandContext(t.Context(), strace, append(args, cmd.Args...)...)
	traced.Env, traced.Stderr = cmd.Env, os.Stderr

	pipe, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	traced.Stdout = pipe

	if err := traced.Run(); err != nil {
		t.Fatalf("run under strace: %v", err)
	}

	return readTrace(t, trace, dir)
}

func readTrace(t *testing.T, trace, dir string) []step {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr := tracer{dir: dir, open: map[string]call{}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		thread, text, _ := strings.Cut(lines.Text(), " ")
		tr.line(thread, strings.TrimSpace(text))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return tr.steps
}

// tracer reads strace's output. A write counts from when it is asked for, because from then
// on some of it may reach the disk; a sync counts once it has returned.
type tracer struct {
	dir   string
	open  map[string]call // calls that have not returned, by thread
	steps []step
}

type call struct {
	text  string
	began int
}

func (tr *tracer) line(thread, text string) {
	if head, ok := strings.CutSuffix(text, " <unfinished ...>"); ok {
		tr.open[thread] = call{head, len(tr.steps)}
		tr.ask(head)
		return
	}
	if _, rest, ok := strings.Cut(text, " resumed>"); ok && strings.HasPrefix(text, "<... ") {
		c := tr.open[thread]
		tr.answer(c.text+rest, c.began)
		return
	}
	began := len(tr.steps)
	tr.ask(text)
	tr.answer(text, began)
}

// ask takes what has an effect, or may have, as soon as it is asked for.
func (tr *tracer) ask(text string) {
	name, args, _ := strings.Cut(text, "(")
	file, known := tr.base(args)
	switch {
	case name == "write" && strings.HasPrefix(args, "1<"):
		tr.add(step{kind: acks, data: literal(args)})
	case !known:
	case name == "pwrite64":
		numbers := strings.Split(args[strings.LastIndex(args, `"`)+1:], ",") // "", length, offset) …
		tr.add(step{kind: writes, file: file, at: number(numbers[2]), data: literal(args)})
	case name == "ftruncate":
		tr.add(step{kind: truncates, file: file, at: number(args[strings.LastIndex(args, ">")+2:])})
	case name == "unlink" || name == "unlinkat":
		tr.add(step{kind: unlinks, file: file})
	case (name == "open" || name == "openat") && strings.Contains(args, "O_CREAT"):
		tr.add(step{kind: creates, file: file})
	}
}

// answer takes what counts once it has succeeded.
func (tr *tracer) answer(text string, began int) {
	name, args, _ := strings.Cut(text, "(")
	if name != "fsync" && name != "fdatasync" || !strings.HasSuffix(text, " = 0") {
		return
	}
	if file, known := tr.base(args); known {
		tr.add(step{kind: syncs, file: file, began: began})
	} else if path, ok := between(args, "<", ">"); ok && string(unhex(path)) == tr.dir {
		tr.add(step{kind: syncsDir, began: began})
	}
}

func (tr *tracer) add(s step) { tr.steps = append(tr.steps, s) }

// base finds the database's file that a call is about: its descriptor's path, or its path.
func (tr *tracer) base(args string) (string, bool) {
	for _, mark := range [][2]string{{"<", ">"}, {`"`, `"`}} {
		text, ok := between(args, mark[0], mark[1])
		path := string(unhex(text))
		if ok && filepath.Dir(path) == tr.dir && strings.HasPrefix(filepath.Base(path), "a.db") && !strings.HasSuffix(path, "-shm") {
			return filepath.Base(path), true
		}
	}
	return "", false
}

func between(s, open, close string) (string, bool) {
	_, s, ok := strings.Cut(s, open)
	if !ok {
		return "", false
	}
	s, _, ok = strings.Cut(s, close)
	return s, ok
}

// literal reads the first string of a call's arguments.
func literal(args string) []byte {
	text, _ := between(args, `"`, `"`)
	return unhex(text)
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	if err != nil {
		return nil
	}
	return b
}

func number(text string) int64 {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		text = text[:end]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("a number in strace's output: %q", text))
	}
	return n
}

// disk is what is certainly on it, and what may be.
type disk struct {
	files   map[string]*file
	pending []numbered // creations and removals that no sync of the directory vouches for
	acked   []string
}

type file struct {
	exists  bool // durably
	content []byte
	pending []numbered
}

type numbered struct {
	step
	number int
}

func (d *disk) of(name string) *file {
	if d.files[name] == nil {
		d.files[name] = &file{}
	}
	return d.files[name]
}

func (d *disk) do(n int, s step) {
	switch s.kind {
	case acks:
		d.acked = append(d.acked, strings.TrimSpace(string(s.data)))
	case writes, truncates:
		f := d.of(s.file)
		f.pending = append(f.pending, numbered{s, n})
	case syncs:
		f := d.of(s.file)
		f.pending = settled(f.pending, s.began, func(p step) { f.content = applied(f.content, p, func(int) bool { return true }) })
	case creates, unlinks:
		d.of(s.file)
		d.pending = append(d.pending, numbered{s, n})
	case syncsDir:
		d.pending = settled(d.pending, s.began, d.name)
	}
}

// settled carries out the steps that a sync vouches for, and returns the others.
func settled(pending []numbered, before int, do func(step)) []numbered {
	return slices.DeleteFunc(pending, func(p numbered) bool {
		if p.number < before {
			do(p.step)
		}
		return p.number < before
	})
}

// name makes a creation or a removal last.
func (d *disk) name(s step) {
	f := d.of(s.file)
	f.exists = s.kind == creates
	if s.kind == unlinks {
		f.content, f.pending = nil, nil
	}
}

// sector is what a disk writes whole.
const sector = 512

// applied changes a file's content, by those sectors that reach the disk.
func applied(content []byte, s step, reaches func(sector int) bool) []byte {
	if s.kind == truncates {
		if !reaches(0) {
			return content
		}
		return resized(content, s.at)
	}
	for from := 0; from < len(s.data); {
		at := s.at + int64(from)
		to := min(len(s.data), from+sector-int(at%sector))
		if reaches(from / sector) {
			content = resized(content, max(int64(len(content)), s.at+int64(to)))
			copy(content[at:], s.data[from:to])
		}
		from = to
	}
	return content
}

func resized(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// cut switches the power off: of what no sync vouches for, chance keeps some sectors.
func (d *disk) cut(dir string, chance *rand.Rand) error {
	keep := []float64{0, 0.1, 0.5, 0.9, 1}[chance.IntN(5)]
	reaches := func(int) bool { return chance.Float64() < keep }

	exists := map[string]bool{}
	for name, f := range d.files {
		exists[name] = f.exists
	}

	for _, p := range d.pending {
		if reaches(0) {
			exists[p.file] = p.kind == creates
		}
	}

	for name, f := range d.files {
		if !exists[name] {
			continue
		}

		content := bytes.Clone(f.content)
		for _, p := range f.pending {
			content = applied(content, p.step, reaches)
		}

		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}

	return nil
}
