package supervisor

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/time/rate"

	"registrar.panel/shared/logline"
)

// maxLine is the longest part of a plugin's line that is kept, in bytes.
const maxLine = 64 << 10

// relay logs what a plugin writes to stderr, until that ends. Nothing in it can harm the host:
// lines are cut, JSON is checked, control characters are replaced.
//
// What exceeds the quota is read at a limited pace, which slows the plugin's writing, and dropped;
// the number of dropped lines is reported now and then.
func relay(r io.Reader, log *slog.Logger, w *words) {
	lines := bufio.NewReaderSize(&slow{r: r, pace: rate.NewLimiter(bytesPace, bytesBurst)}, maxLine)
	q := newQuota(log)
	defer q.close()

	panicking := false
	for {
		line, cut, err := lines.ReadLine()
		if err != nil {
			return
		}

		// The rest of a long line is read and dropped, or it would be taken for further lines.
		text := string(line)
		for cut && err == nil {
			_, cut, err = lines.ReadLine()
		}

		w.add(printable(text[:min(len(text), longestLast)]))
		// After such a line Go prints the stacks, and no JSON any more.
		panicking = panicking || strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")

		if q.admits() {
			logLine(text, panicking, log)
		}
	}
}

// What a plugin may log: in the long run, and at once.
const (
	linesPace  = 50 // a second
	linesBurst = 2000
	bytesPace  = 1 << 20 // a second
	bytesBurst = 16 << 20
	tellEvery  = 10 * time.Second
)

// quota counts the lines that are dropped.
type quota struct {
	log     *slog.Logger
	pace    *rate.Limiter
	tell    rate.Sometimes
	dropped int
}

func newQuota(log *slog.Logger) *quota {
	return &quota{log: log, pace: rate.NewLimiter(linesPace, linesBurst), tell: rate.Sometimes{Interval: tellEvery}}
}

func (q *quota) admits() bool {
	if q.pace.Allow() {
		return true
	}
	q.dropped++
	q.tell.Do(q.close)
	return false
}

// close logs how much was dropped since the last report.
func (q *quota) close() {
	if q.dropped > 0 {
		q.log.Warn("the plugin logs more than it may: lines were dropped", "lines", q.dropped)
	}
	q.dropped = 0
}

// slow reads at a pace, so that a plugin which writes without end has to wait.
type slow struct {
	r    io.Reader
	pace *rate.Limiter
}

func (s *slow) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if n > 0 {
		s.pace.WaitN(context.Background(), n) // a moment at most, because n is no more than a buffer
	}
	return n, err
}

func logLine(text string, panicking bool, log *slog.Logger) {
	level, message, pairs, ok := parseEntry(text)
	switch {
	case ok:
		log.Log(context.Background(), level, message, pairs...)
	case panicking:
		log.Error("plugin panics", "line", printable(text))
	default:
		log.Debug("plugin output", "line", printable(text))
	}
}

// parseEntry reads a line of go-hclog in JSON, as logline writes it. For anything else ok is false.
func parseEntry(text string) (level slog.Level, message string, pairs []any, ok bool) {
	var entry map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber() // or a large number would be logged as 1.7e+09
	if dec.Decode(&entry) != nil || dec.More() {
		return 0, "", nil, false
	}

	name, okLevel := entry["@level"].(string)
	message, okMessage := entry["@message"].(string)
	level, known := logline.ParseLevel(strings.TrimSpace(name))
	if !okLevel || !okMessage || !known {
		return 0, "", nil, false
	}

	// Sorted, because the order of a map changes each time.
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		if strings.HasPrefix(key, "@") {
			continue
		}
		pairs = append(pairs, printable(key), plain(entry[key]))
	}

	return level, printable(message), pairs, true
}

// plain returns a value of JSON with only printable characters.
func plain(value any) any {
	switch v := value.(type) {
	case string:
		return printable(v)
	case map[string]any, []any:
		text, err := json.Marshal(v) // the log would write a list's texts as they are
		if err != nil {
			return err
		}
		return printable(string(text))
	}
	return value
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// longestLast is how many bytes of a last line are kept.
const longestLast = 300

// words remembers the last line, for people who ask why a plugin did not start.
type words struct {
	mu   sync.Mutex
	line string
}

func (w *words) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = line
}

func (w *words) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line
}

// noise logs, within its quota, what a plugin prints although its output belongs to go-plugin.
type noise struct{ quota *quota }

func newNoise(log *slog.Logger) *noise { return &noise{newQuota(log)} }

func (n *noise) Write(b []byte) (int, error) {
	const most = 1 << 10
	if n.quota.admits() {
		n.quota.log.Debug("plugin printed", "text", printable(string(b[:min(len(b), most)])))
	}
	return len(b), nil
}
