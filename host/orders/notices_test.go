package orders

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What people were told is kept, on each way for itself; one panel of several tells.
func TestNotices(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	n := b.Notices()
	claim := func(name, holder string, want bool) (NoticeChannel, []Notice) {
		t.Helper()
		c, told, held, err := n.Claim(t.Context(), name, holder, n.now().Add(time.Minute), "2026-03-01")
		if err != nil || held != want {
			t.Fatalf("claimed %v, %v; want %v", held, err, want)
		}
		return c, told
	}
	c, told := claim("mail", "one", true)
	if c.Number != 0 || !c.ToldAt.IsZero() || c.DigestOn != "2026-03-01" || len(told) != 0 {
		t.Errorf("a new one: %+v, %v", c, told)
	}
	claim("mail", "two", false)
	claim("webhook ops", "two", true)

	at := b.Now()
	c.Number, c.ToldAt, c.DigestOn = 1, at, "2026-03-02"
	first := Notice{Item: "a", Severity: "error", What: "a is uncertain", Since: at.Add(-time.Hour), ToldAt: at}
	second := Notice{Item: "b", Severity: "warning", What: "b has an alarm", ToldAt: at}
	if err := n.Told(t.Context(), c, []Notice{first, second}, nil); err != nil {
		t.Fatal(err)
	}
	c.Number, first.Severity, first.ToldAt = 2, "warning", at.Add(time.Second)
	if err := n.Told(t.Context(), c, []Notice{first}, []string{"b", "unheard"}); err != nil {
		t.Fatal(err)
	}
	got, told := claim("mail", "one", true)
	got.BegunAt = time.Time{}
	c.BegunAt = time.Time{}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Errorf("the channel (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]Notice{first}, told); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	list, standing, err := n.Channels(t.Context())
	if err != nil || len(list) != 2 || standing["mail"] != 1 || standing["webhook ops"] != 0 {
		t.Errorf("channels %+v, %v, %v", list, standing, err)
	}
}
