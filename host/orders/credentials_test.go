package orders

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/host/access"
	"registrar.panel/shared/registrar"
)

func TestCredentials(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	at := start
	b.now = func() time.Time { return at }

	keys := b.Credentials()
	billing := access.Credential{Name: "billing", Digest: access.Digest("one"), Rights: []access.Right{access.Look, access.Order}, CreatedBy: "ann", ExpiresAt: start.Add(time.Hour)}
	if err := keys.Add(t.Context(), billing); err != nil {
		t.Fatal(err)
	}

	wantCode(t, keys.Add(t.Context(), billing), registrar.Conflict, "there is a credential billing already")
	wantCode(t, keys.Add(t.Context(), access.Credential{Name: "x", Digest: "d"}), registrar.Invalid, "rights: ")
	wantCode(t, keys.Add(t.Context(), access.Credential{Name: "cron", Digest: "d", Rights: access.Rights()}), registrar.Invalid, "name: ")
	wantCode(t, keys.Add(t.Context(), access.Credential{Name: "x", Digest: "d", Rights: access.Rights(), ExpiresAt: start}), registrar.Invalid, "expires: ")

	want := billing
	want.CreatedAt = start

	found, ok, err := keys.Find(t.Context(), access.Digest("one"))
	if diff := cmp.Diff(want, found); diff != "" || !ok || err != nil {
		t.Errorf("%v, %v (-want +got):\n%s", ok, err, diff)
	}

	if _, ok, err := keys.Find(t.Context(), access.Digest("two")); ok || err != nil {
		t.Errorf("found what is not there: %v, %v", ok, err)
	}

	for _, after := range []time.Duration{0, time.Second, time.Minute - 2*time.Second} { // its use is known to the minute
		at = at.Add(after)
		found, _, _ = keys.Find(t.Context(), access.Digest("one"))
		if err := keys.Used(t.Context(), found); err != nil {
			t.Fatal(err)
		}
	}

	if found, _, _ = keys.Find(t.Context(), access.Digest("one")); !found.LastUsed.Equal(start) {
		t.Errorf("last used %s", found.LastUsed)
	}

	if changed, err := keys.Revoke(t.Context(), "billing"); !changed || err != nil {
		t.Errorf("revoked: %v, %v", changed, err)
	}
	if changed, err := keys.Revoke(t.Context(), "billing"); changed || err != nil {
		t.Errorf("again: %v, %v", changed, err)
	}

	_, err = keys.Revoke(t.Context(), "nobody-here")
	wantCode(t, err, registrar.NotFound, "nobody-here")

	if found, _, _ := keys.Find(t.Context(), access.Digest("one")); found.Valid(at) {
		t.Error("a revoked credential is valid")
	}

	again := billing
	again.Digest = access.Digest("three")
	if err := keys.Add(t.Context(), again); err != nil {
		t.Errorf("its name again: %v", err)
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 1 || !list[0].Valid(at) {
		t.Errorf("list %+v, %v", list, err)
	}
}
