package notify

import (
	"strings"
	"time"

	"registrar.panel/host/wording"
)

// mostLines is how many items of a sort a message lists.
const mostLines = 50

// letter is a message as people read it, in one language.
type letter struct {
	Message
	words  *wording.Language
	panel  *wording.Sayings // for what needs a person
	digest *wording.Sayings
}

// in returns the message in a language.
func (m Message) in(lang string) letter {
	words := wording.Of(lang)
	return letter{m, words, words.Sayings(nil, wording.Panel), words.Sayings(nil, wording.Digest)}
}

// subject returns the message in one line.
func (l letter) subject() string {
	switch {
	case l.TestBy != "":
		return l.headed("test")
	case len(l.New) == 1:
		return "[panel] " + l.panel.Line(l.New[0].What)
	case len(l.New) > 1:
		return l.headed("new", "Count", len(l.New), "What", l.panel.Line(l.New[0].What))
	case l.AllClear():
		return l.headed("clear")
	case l.Digest && len(l.Standing) == 0 && !l.More:
		return l.headed("morning-clear")
	case l.Digest:
		return l.headed("morning", "Count", l.count())
	case len(l.Over) > 0:
		return l.headed("over", "Over", len(l.Over), "Count", l.count())
	}
	return l.headed("still", "Count", l.count())
}

func (l letter) headed(code string, pairs ...any) string {
	return "[panel] " + l.words.Text("notify.subject."+code, pairs...)
}

// count returns how many things stand.
func (l letter) count() string {
	n := l.words.Number(len(l.New) + len(l.Standing))
	if l.More {
		return l.words.Text("notify.more-than", "Count", n)
	}
	return n
}

// text returns the message for people.
func (l letter) text(url string, zone *time.Location) string {
	if l.TestBy != "" {
		return l.words.Text("notify.test", "Who", l.TestBy) + "\n"
	}

	var t strings.Builder
	l.list(&t, "notify.new", l.New, url, zone)
	l.list(&t, "notify.over", l.Over, "", zone)
	l.list(&t, "notify.still", l.Standing, url, zone)
	if l.More {
		t.WriteString(l.words.Text("notify.more") + "\n\n")
	}
	if l.AllClear() {
		t.WriteString(l.words.Text("notify.clear") + "\n\n")
	}
	if l.Digest {
		t.WriteString(l.words.Text("notify.morning") + "\n")
		for _, line := range l.Summary {
			t.WriteString("  " + l.digest.Line(line) + "\n")
		}
		t.WriteString("\n")
	}

	t.WriteString(l.words.Text("notify.what-to-do"))
	if url != "" {
		t.WriteString(l.words.Text("notify.or", "Page", strings.TrimSuffix(url, "/")+"/"))
	}
	t.WriteString("\n")
	return t.String()
}

func (l letter) list(t *strings.Builder, title string, items []Item, url string, zone *time.Location) {
	if len(items) == 0 {
		return
	}

	t.WriteString(l.words.Text(title) + "\n")
	// The rest is only counted here; the pages show it.
	for _, i := range items[:min(len(items), mostLines)] {
		t.WriteString("  " + l.panel.Line(i.What))
		if !i.Since.IsZero() {
			t.WriteString(l.words.Text("notify.since", "Time", i.Since.In(zone).Format("2006-01-02 15:04 MST")))
		}
		t.WriteString("\n")
		if url != "" && i.Page != "" {
			t.WriteString("    " + strings.TrimSuffix(url, "/") + i.Page + "\n")
		}
	}
	if more := len(items) - mostLines; more > 0 {
		t.WriteString("  " + l.words.Text("notify.and-more", "Count", l.words.Number(more)) + "\n")
	}
	t.WriteString("\n")
}
