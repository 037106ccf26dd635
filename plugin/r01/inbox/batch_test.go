package inbox

import (
	"testing"

	"registrar.panel/plugin/r01/store"
)

// A mail that has been tried before is read alone, so that it takes no other's tries with it.
func TestReadTogether(t *testing.T) {
	t.Parallel()

	mails := func(tries ...int) (all []store.Mail) {
		for _, n := range tries {
			all = append(all, store.Mail{Tries: n})
		}
		return all
	}
	answers := make([]store.Mail, 3*answersAtOnce)
	for i := range answers {
		answers[i].Turn = store.TurnAnswer
	}
	for _, c := range []struct {
		mails []store.Mail
		want  int
	}{
		{mails(0), 1}, {mails(1, 0, 0), 1}, {mails(0, 0, 1, 0), 2}, {mails(2), 1},
		{make([]store.Mail, 3*othersAtOnce), othersAtOnce}, {answers, answersAtOnce},
	} {
		if got := batch(c.mails); got != c.want {
			t.Errorf("of %d mails, the first tried %d times, %d are read together, want %d", len(c.mails), c.mails[0].Tries, got, c.want)
		}
	}
}
