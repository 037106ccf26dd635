package r01sim

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/shared/registrar"
)

// inBubble runs a simulator without its listeners, in a time of its own.
func inBubble(t *testing.T, o Options, do func(t *testing.T, s *Simulator)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := New(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		do(t, s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// wait lets time pass and everything due happen.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func ask(s *Simulator, raw []byte) { s.receive(testCallback, []string{testGateway}, raw) }

func newDomain(t testing.TB, name string) []byte {
	return requestFor(t, strings.ReplaceAll(testDomain, "newtime.ru", name))
}

// withRegistrant lets the registry know the registrant of testDomain.
func withRegistrant(t *testing.T, s *Simulator) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registry.adoptClient("MYCO_1_48213-R01")
}

func sentTexts(t *testing.T, s *Simulator) []string {
	t.Helper()
	var texts []string
	for _, raw := range s.Sent() {
		texts = append(texts, parseAnswer(t, raw).text)
	}
	return texts
}

func TestMagic(t *testing.T) {
	t.Parallel()

	for name, row := range map[magic]struct {
		says       []string // what each answer says, in order
		registered bool
	}{
		"plain-":         {[]string{"TASK_QUEUED", "state: REGISTERED, DELEGATED"}, true},
		magicRefuse:      {[]string{"message: Domain name refuse-x.ru is reserved."}, false},
		magicFail:        {[]string{"TASK_QUEUED", "TASK_FAILURE"}, false},
		magicNoFunds:     {[]string{"message: Not enough funds on the account."}, false},
		magicSilent:      {nil, false},
		magicMute:        {nil, true},
		magicLate:        {nil, true},
		magicTwice:       {[]string{"TASK_QUEUED", "TASK_QUEUED", "TASK_SUCCESS", "TASK_SUCCESS"}, true},
		magicUndelegated: {[]string{"TASK_QUEUED", "state: REGISTERED, NOT DELEGATED"}, true},
		magicGarbled:     {[]string{"TASK_QUEUED", "section 7"}, true},
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()

			inBubble(t, testOptions(), func(t *testing.T, s *Simulator) {
				withRegistrant(t, s)
				ask(s, newDomain(t, string(name)+"x.ru"))
				wait(time.Minute)

				got := sentTexts(t, s)
				if len(got) != len(row.says) {
					t.Fatalf("%d answers: %q", len(got), got)
				}

				for i, want := range row.says {
					if !strings.Contains(got[i], want) {
						t.Errorf("answer %d does not say %q:\n%s", i, want, got[i])
					}
				}

				if registered := len(s.State().Domains) == 1; registered != row.registered {
					t.Errorf("registered: %v", registered)
				}
			})
		})
	}
}

func TestMagic_garbledSaysNothing(t *testing.T) {
	t.Parallel()
	for _, layout := range layouts() {
		for _, language := range languages() {
			r := reply{results: []result{{kind: KindDomain, object: "garbled-x.ru", status: TaskSuccess}}, garbled: true}
			text := r.text(Style{Layout: layout, Language: language, Quote: QuoteNone})
			if strings.Contains(text, "garbled-x.ru") || strings.Contains(text, "status") || text == "" {
				t.Errorf("%s %s says %q", layout, language, text)
			}
		}
	}
}

func TestMagic_everyName(t *testing.T) {
	t.Parallel()
	for _, m := range magics() {
		if got := magicOf(Template{Kind: KindDomain, Object: string(m) + "shop.ru"}); got != m {
			t.Errorf("%sshop.ru is taken for %q", m, got)
		}
		if got := magicOf(Template{Kind: KindDomain, Object: "shop-" + string(m) + "x.ru"}); got != "" {
			t.Errorf("shop-%sx.ru is taken for %q", m, got)
		}
	}
}

func TestMagic_lateComesAtLast(t *testing.T) {
	t.Parallel()
	inBubble(t, testOptions(), func(t *testing.T, s *Simulator) {
		withRegistrant(t, s)
		ask(s, newDomain(t, "late-x.ru"))
		wait(7 * 24 * time.Hour)
		if got := sentTexts(t, s); len(got) != 0 || s.Held() != 2 {
			t.Fatalf("%d answers after a week, %d held", len(got), s.Held())
		}
		wait(2 * 24 * time.Hour)
		if got := sentTexts(t, s); len(got) != 2 || s.Held() != 0 {
			t.Errorf("%d answers after nine days, %d held", len(got), s.Held())
		}
	})
}

func TestMagic_lateReleased(t *testing.T) {
	t.Parallel()
	inBubble(t, testOptions(), func(t *testing.T, s *Simulator) {
		withRegistrant(t, s)
		ask(s, newDomain(t, "late-x.ru"))
		wait(time.Minute)
		s.Release(1)
		wait(0)
		if got := sentTexts(t, s); len(got) != 1 || !strings.Contains(got[0], "TASK_QUEUED") {
			t.Errorf("released %q", got)
		}
		wait(30 * 24 * time.Hour)
		if got := sentTexts(t, s); len(got) != 2 {
			t.Errorf("%d answers in all", len(got))
		}
	})
}

func TestMagic_twiceHasTwoIDs(t *testing.T) {
	t.Parallel()
	inBubble(t, testOptions(), func(t *testing.T, s *Simulator) {
		withRegistrant(t, s)
		ask(s, newDomain(t, "twice-x.ru"))
		wait(time.Minute)
		seen := map[string]bool{}
		for _, raw := range s.Sent() {
			header := parseAnswer(t, raw).header
			seen[header.Get("Message-ID")] = true
		}
		if len(seen) != 4 {
			t.Errorf("%d Message-IDs: %v", len(seen), seen)
		}
	})
}

func TestMagic_renewal(t *testing.T) {
	t.Parallel()

	inBubble(t, testOptions(), func(t *testing.T, s *Simulator) {
		paidTill := s.today().AddDays(10)
		for _, name := range []string{"refuse-x.ru", "undelegated-x.ru", "plain.ru"} {
			if err := s.AddDomain(Domain{Name: name, PaidTill: paidTill, Delegated: true}); err != nil {
				t.Fatal(err)
			}
			ask(s, koi8(t, action("PROLONG", "#[DOMAIN TEMPLATE]#\ndomain: "+name+"\n")))
		}

		wait(time.Minute)
		got := map[string]registrar.Date{}
		for _, d := range s.State().Domains {
			got[d.Name] = d.PaidTill
		}

		if got["refuse-x.ru"] != paidTill || got["plain.ru"] != paidTill.AddYears(1) {
			t.Errorf("paid till %v, was %v", got, paidTill)
		}
	})
}

// timeline is all that a seed decides: what leaves, in which order, byte for byte.
func timeline(t *testing.T, seed uint64, names []string) (all []string) {
	o := testOptions()
	o.Seed, o.Policy = seed, Chaos()
	o.Policy.Lose, o.Policy.Duplicate, o.Policy.Reorder = 0.3, 0.3, 0.5
	inBubble(t, o, func(t *testing.T, s *Simulator) {
		withRegistrant(t, s)
		for _, name := range names {
			ask(s, newDomain(t, name))
		}
		wait(time.Hour)
		for _, raw := range s.Sent() {
			all = append(all, string(raw))
		}
	})
	return all
}

func TestSeed(t *testing.T) {
	t.Parallel()
	var names []string
	for c := 'a'; c <= 'z'; c++ {
		names = append(names, "shop-"+string(c)+".ru")
	}
	first := timeline(t, 7, names)
	if !slices.Equal(first, timeline(t, 7, names)) {
		t.Error("one seed gave two timelines")
	}
	if slices.Equal(first, timeline(t, 8, names)) {
		t.Error("two seeds gave one timeline")
	}
	if len(first) == 2*len(names) {
		t.Error("chance neither lost nor doubled an answer")
	}
}

// Chance about one request does not depend on what else is asked.
func TestSeed_independentOfOthers(t *testing.T) {
	t.Parallel()
	request := Request{Authorization: Authorization{Action: ActionNew}}
	draw := func(names ...string) (last fate) {
		s := New(Options{Seed: 3, Policy: Chaos()})
		for _, name := range names {
			d := s.newDossier(request, &reader{})
			last = d.fate(Template{Kind: KindDomain, Object: name})
		}
		return last
	}
	alone := draw("a.ru")
	if draw("b.ru", "c.ru", "a.ru") != alone {
		t.Error("the fate depends on other requests")
	}
	if draw("a.ru", "a.ru") == alone {
		t.Error("a request repeated has the fate of the first")
	}
}

func TestPolicy_reorderAndLose(t *testing.T) {
	t.Parallel()

	o := testOptions()
	o.Policy.Reorder = 1

	inBubble(t, o, func(t *testing.T, s *Simulator) {
		withRegistrant(t, s)
		ask(s, newDomain(t, "newtime.ru"))
		wait(time.Minute)

		got := sentTexts(t, s)
		if len(got) != 2 || !strings.Contains(got[0], "TASK_SUCCESS") || !strings.Contains(got[1], "TASK_QUEUED") {
			t.Errorf("answers in the order %q", got)
		}

		p := s.Policy()
		p.Lose = 1
		if err := s.SetPolicy(p); err != nil {
			t.Fatal(err)
		}

		ask(s, newDomain(t, "oldtime.ru"))
		wait(time.Minute)

		if n := len(s.Sent()); n != 2 || len(s.State().Domains) != 2 {
			t.Errorf("%d answers; a lost answer is about something done", n)
		}
	})
}

func TestSpeed(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Policy, o.Speed = Calm(), 100
	inBubble(t, o, func(t *testing.T, s *Simulator) {
		ask(s, requestFor(t, testPerson))
		wait(4 * time.Millisecond)
		if n := len(s.Sent()); n != 2 {
			t.Errorf("%d answers", n)
		}
	})
}

// However long chance makes the tasks of one mail take, they keep their order: the
// registrant is there before its domain.
func TestPolicy_jitterKeepsOrder(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Policy.Jitter = 50
	for o.Seed = range 20 {
		inBubble(t, o, func(t *testing.T, s *Simulator) {
			ask(s, requestFor(t, testPerson, testDomain))
			wait(time.Minute)
			for _, task := range s.State().Tasks {
				if task.Status != TaskSuccess {
					t.Errorf("seed %d: %s %s: %s", o.Seed, task.Object, task.Status, task.Message)
				}
			}
		})
	}
}

func TestPolicy_refuseClientsAndUndelegated(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Policy.RefuseClients, o.Policy.Undelegated = true, true
	inBubble(t, o, func(t *testing.T, s *Simulator) {
		ask(s, requestFor(t, testPerson))
		withRegistrant(t, s)
		ask(s, newDomain(t, "newtime.ru"))
		wait(time.Minute)
		got := strings.Join(sentTexts(t, s), "\n")
		if !strings.Contains(got, "message: The data of the registrant could not be verified.") ||
			!strings.Contains(got, "state: REGISTERED, NOT DELEGATED") {
			t.Errorf("answered\n%s", got)
		}
	})
}
