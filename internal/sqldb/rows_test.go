package sqldb

import "testing"

func TestWords(t *testing.T) {
	t.Parallel()
	type word string
	for _, c := range []struct {
		list []word
		want string
	}{
		{[]word{"Registered"}, "'Registered'"},
		{[]word{"register", "transfer"}, "'register', 'transfer'"},
		{[]word{"it's"}, "'it''s'"},
	} {
		if got := Words(c.list); got != c.want {
			t.Errorf("%q is %s, want %s", c.list, got, c.want)
		}
	}
}
