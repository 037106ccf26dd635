package supervisor

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/hashicorp/go-hclog"
)

// maxLine is the most of one line of a plugin that is kept, in bytes.
const maxLine = 64 << 10

// relay logs what a plugin writes to stderr, until it ends. Nothing that stands there can
// harm the host: lines are cut, JSON is checked, control characters are replaced.
func relay(r io.Reader, log hclog.Logger, w *words) {
	lines := bufio.NewReaderSize(r, maxLine)
	panicking := false
	for {
		line, cut, err := lines.ReadLine()
		if err != nil {
			return
		}
		text := string(line)
		for cut && err == nil {
			_, cut, err = lines.ReadLine()
		}
		w.add(printable(text))
		panicking = panicking || strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
		logLine(text, panicking, log)
	}
}

func logLine(text string, panicking bool, log hclog.Logger) {
	level, message, pairs, ok := parseEntry(text)
	switch {
	case ok:
		log.Log(level, message, pairs...)
	case panicking:
		log.Error("plugin panics", "line", printable(text))
	default:
		log.Debug("plugin output", "line", printable(text))
	}
}

// parseEntry reads an hclog line in JSON. Whatever else a plugin may write is not ok.
func parseEntry(text string) (level hclog.Level, message string, pairs []any, ok bool) {
	var entry map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber() // or a large one would be told as 1.7e+09
	if dec.Decode(&entry) != nil || dec.More() {
		return 0, "", nil, false
	}
	name, okLevel := entry["@level"].(string)
	message, okMessage := entry["@message"].(string)
	level = hclog.LevelFromString(name)
	if !okLevel || !okMessage || level == hclog.NoLevel || level == hclog.Off {
		return 0, "", nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		if strings.HasPrefix(key, "@") {
			continue
		}
		value := entry[key]
		if s, isText := value.(string); isText {
			value = printable(s)
		}
		pairs = append(pairs, printable(key), value)
	}
	return level, printable(message), pairs, true
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

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
	const most = 300
	return w.line[:min(len(w.line), most)]
}

// noise logs what a plugin prints although its output belongs to go-plugin.
type noise struct{ log hclog.Logger }

func (n noise) Write(b []byte) (int, error) {
	const most = 1 << 10
	n.log.Debug("plugin printed", "text", printable(string(b[:min(len(b), most)])))
	return len(b), nil
}
