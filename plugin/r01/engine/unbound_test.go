package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// A mail that is tied to no request goes with a customer's data if it is about the customer, in whatever
// transfer encoding and spelling; one that waits for a person stays, and is named; no other mail is touched.
func TestMailsOfNoRequestAreErased(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.settings.KeepMails = 1095 * day
	contact, err := json.Marshal(registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"name_latin": {"Fedor A Seleznyov"}, "name": {"Селезнёв Фёдор Андреевич"}, "passport": {"4510 987431", "выдан ОВД Тверского района", "30.01.2010"},
		"birth_date": {"1965-10-08"}, "postal_address": {"123007, Москва, Тестовая ул., д. 1"}, "phones": {"+7 495 7310846"},
		"emails": {"f.seleznyov@example.ru"}, "resident": {"true"}}})
	if err != nil {
		t.Fatal(err)
	}

	mails := map[string]struct {
		head, text string
		waits      bool
		goes       bool
	}{
		"from":     {"From: f.seleznyov@example.ru\nSubject: hello", "where is my domain", false, true},
		"name":     {"From: ann@other.example\nSubject: x", "about СЕЛЕЗНЕВ Федор Андреевич", false, true},
		"phone":    {"From: ann@other.example\nSubject: x", "call (495) 731-08-46", false, true},
		"passport": {"From: ann@other.example\nSubject: x", "passport 4510987431", false, true},
		"base64":   {"From: ann@other.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "RmVkb3IgQSBTZWxlem55b3Y=", false, true},
		"waits":    {"From: f.seleznyov@example.ru\nSubject: hello", "look at this", true, false},
		"namesake": {"From: ann@other.example\nSubject: x", "Seleznyov of another family, Москва, 08.10.1965, выдан ОВД Тверского района", false, false},
		"longer":   {"From: xf.seleznyov@example.ru.example\nSubject: x", "no. 145109874319", false, false},
		"other":    {"From: ann@other.example\nSubject: x", "nothing", false, false},
	}
	err = w.st.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Clients.Add(store.Client{Customer: "c1", Kind: registrar.Person, Identity: "who", Handle: "MYCO_1_A-R01", State: registrar.HandleFailed, CreatedAt: w.clock}, contact)
		for id, m := range mails {
			state := store.MailIgnored
			if m.waits {
				state = store.MailReview
			}
			raw := strings.ReplaceAll(m.head+"\n\n"+m.text+"\n", "\n", "\r\n")
			err = errors.Join(err, tx.Mails.Add(store.Mail{ID: registrar.MailID(id), Hash: id, At: w.clock, State: state}, []byte(raw)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	eraser := NewEraser(w.settings, w.st, slog.New(slog.DiscardHandler), w.now)
	done, err := eraser.Erase(t.Context(), registrar.ErasureQuery{Customer: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []registrar.Removed{{What: "contacts", Count: 1}, {What: "mails", Count: 5}}; !slices.Equal(done.Removed, want) {
		t.Errorf("removed were %v, want %v", done.Removed, want)
	}
	if len(done.Kept) != 1 || done.Kept[0].What != "mail waits" || !strings.Contains(done.Kept[0].Why, "waits for a person") {
		t.Errorf("kept are %v", done.Kept)
	}
	if beyond := strings.Join(done.Beyond, "\n"); !strings.Contains(beyond, "1095 days") || !strings.Contains(beyond, "14 days") || strings.Contains(beyond, "not searched") {
		t.Errorf("beyond reach: %s", beyond)
	}

	err = w.st.Read(t.Context(), func(tx *store.Tx) error {
		for id, m := range mails {
			_, err := tx.Mails.Raw(registrar.MailID(id))
			if gone := errors.Is(err, store.ErrRemoved); gone != m.goes || err != nil && !gone {
				t.Errorf("mail %q is gone: %v, want %v (%v)", id, gone, m.goes, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Pages follow one another, the newest mail first, and of mails of one instant none is left out.
func TestUnboundPages(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	err := w.st.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 7 {
			m := store.Mail{ID: registrar.MailID(fmt.Sprint("m", i)), Hash: fmt.Sprint(i), At: w.clock.Add(time.Duration(i/3) * time.Minute), State: store.MailIgnored}
			if err := tx.Mails.Add(m, []byte("x")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	var all []string
	err = w.st.Read(t.Context(), func(tx *store.Tx) error {
		for last := (store.Unbound{}); ; {
			page, err := tx.Erasures.Unbound(last, 2, 1)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, m := range page {
				all = append(all, string(m.ID))
			}
			last = page[len(page)-1]
		}
	})
	if want := "m6 m5 m4 m3 m2 m1 m0"; err != nil || strings.Join(all, " ") != want {
		t.Errorf("read were %v, want %s: %v", all, want, err)
	}
}
