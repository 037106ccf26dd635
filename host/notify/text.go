package notify

import (
	"fmt"
	"strings"
	"time"
)

// mostLines is how many items of a sort a message lists.
const mostLines = 50

// subject is the message in one line.
func (m Message) subject() string {
	switch {
	case m.TestBy != "":
		return "[panel] test"
	case len(m.New) == 1:
		return "[panel] " + m.New[0].What
	case len(m.New) > 1:
		return fmt.Sprintf("[panel] %d new: %s …", len(m.New), m.New[0].What)
	case m.AllClear():
		return "[panel] all clear"
	case m.Digest && len(m.Standing) == 0 && !m.More:
		return "[panel] this morning: nothing needs a person"
	case m.Digest:
		return fmt.Sprintf("[panel] this morning: %s need a person", m.count())
	case len(m.Over) > 0:
		return fmt.Sprintf("[panel] over: %d, %s still need a person", len(m.Over), m.count())
	}
	return fmt.Sprintf("[panel] %s still need a person", m.count())
}

// count is how many things stand.
func (m Message) count() string {
	n := fmt.Sprint(len(m.New) + len(m.Standing))
	if m.More {
		return "more than " + n
	}
	return n
}

// text is the message for people.
func (m Message) text(url string, zone *time.Location) string {
	var t strings.Builder
	if m.TestBy != "" {
		fmt.Fprintf(&t, "%s has asked the panel for this message, to see that it arrives.\n", m.TestBy)
		return t.String()
	}

	list(&t, "New", m.New, url, zone)
	list(&t, "Over", m.Over, "", zone)
	list(&t, "Still", m.Standing, url, zone)
	if m.More {
		t.WriteString("There is more: panel todo lists all.\n\n")
	}
	if m.AllClear() {
		t.WriteString("Nothing needs a person any more.\n\n")
	}
	if m.Digest {
		t.WriteString("The panel this morning:\n")
		for _, line := range m.Summary {
			t.WriteString("  " + line + "\n")
		}
		t.WriteString("\n")
	}

	t.WriteString("What to do about each: panel todo")
	if url != "" {
		t.WriteString(", or " + strings.TrimSuffix(url, "/") + "/")
	}
	t.WriteString("\n")
	return t.String()
}

func list(t *strings.Builder, title string, items []Item, url string, zone *time.Location) {
	if len(items) == 0 {
		return
	}

	fmt.Fprintf(t, "%s:\n", title)
	for _, i := range items[:min(len(items), mostLines)] {
		t.WriteString("  " + i.What)
		if !i.Since.IsZero() {
			t.WriteString(", since " + i.Since.In(zone).Format("2006-01-02 15:04 MST"))
		}
		t.WriteString("\n")
		if url != "" && i.Page != "" {
			t.WriteString("    " + strings.TrimSuffix(url, "/") + i.Page + "\n")
		}
	}
	if more := len(items) - mostLines; more > 0 {
		fmt.Fprintf(t, "  and %d more\n", more)
	}
	t.WriteString("\n")
}
