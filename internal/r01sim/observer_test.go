package r01sim

import (
	"net/http"
	"strings"
	"testing"

	"registrar.panel/shared/registrar/registrartest"
)

// reachedBy is how often orders of each kind for a domain have reached the robot, in the witness's words.
func reachedBy(t *testing.T, s *Simulator, domain string) string {
	t.Helper()
	status, said := call(t, s, "GET", "/witness/"+domain, "")
	if status != http.StatusOK {
		t.Fatalf("the witness answers %d: %s", status, said)
	}
	return strings.TrimSpace(said)
}

func behave(t *testing.T, s *Simulator, domain string, b registrartest.Behaviour) {
	t.Helper()
	if status, said := call(t, s, "PUT", "/witness/"+domain, `{"behaviour": "`+string(b)+`"}`); status != http.StatusNoContent {
		t.Fatalf("the witness answers %d to %s: %s", status, b, said)
	}
}

// The robot treats the requests for one domain as the witness was told, and those for others as ever.
func TestWitness(t *testing.T) {
	t.Parallel()

	const once, never = `{"reached":{"register":1}}`, `{"reached":{}}`
	for behaviour, row := range map[registrartest.Behaviour]struct {
		taken   bool     // the relay says so
		reached string   // in the end
		says    []string // what each answer says, in order, before it behaves well again
		then    []string // and those that follow
	}{
		registrartest.BehavesWell:  {true, once, []string{"TASK_QUEUED", "TASK_SUCCESS"}, nil},
		registrartest.LosesAnswers: {false, once, nil, nil},
		registrartest.HoldsAnswers: {false, once, nil, []string{"TASK_QUEUED", "TASK_SUCCESS"}},
		registrartest.TakesLong:    {true, once, []string{"TASK_QUEUED"}, []string{"TASK_SUCCESS"}},
		registrartest.AnswersTwice: {true, once, []string{"TASK_QUEUED", "TASK_QUEUED", "TASK_SUCCESS", "TASK_SUCCESS"}, nil},
		registrartest.IsDown:       {false, never, nil, nil},
		registrartest.Refuses:      {true, once, []string{"is reserved"}, nil},
	} {
		t.Run(string(behaviour), func(t *testing.T) {
			t.Parallel()

			s := start(t, testOptions())
			withRegistrant(t, s)
			if behaviour != registrartest.BehavesWell {
				behave(t, s, "odd.ru", behaviour)
			}

			relayed := make(chan error, 1)
			go func() { relayed <- submit(t, s, newDomain(t, "odd.ru")) }()
			if row.reached == once {
				eventually(t, "the arrival", func() bool { return reachedBy(t, s, "odd.ru") == once })
			}
			if behaviour != registrartest.HoldsAnswers { // it does not answer yet
				if err := <-relayed; (err == nil) != row.taken {
					t.Errorf("the relay says %v", err)
				}
			}

			// What comes for another domain shows that nothing more comes for this one.
			mustSubmit(t, s, newDomain(t, "other.ru"))
			wantAnswers(t, s, "odd.ru", row.says)

			behave(t, s, "odd.ru", registrartest.BehavesWell)
			if behaviour == registrartest.HoldsAnswers {
				if err := <-relayed; err == nil {
					t.Error("the relay says that it took the mail")
				}
			}
			wantAnswers(t, s, "odd.ru", append(row.says, row.then...))
			if said := reachedBy(t, s, "odd.ru"); said != row.reached {
				t.Errorf("reached: %s, want %s", said, row.reached)
			}
			if registered := len(s.State().Domains) == 2; registered != (row.reached == once && behaviour != registrartest.Refuses) {
				t.Errorf("the registry holds %v", s.State().Domains)
			}
		})
	}
}

// wantAnswers waits for the answers about a domain, and for both about other.ru.
func wantAnswers(t *testing.T, s *Simulator, domain string, says []string) {
	t.Helper()
	var got []string
	eventually(t, "the answers", func() bool {
		got = nil
		others := 0
		for _, text := range sentTexts(t, s) {
			if strings.Contains(text, domain) {
				got = append(got, text)
			} else if strings.Contains(text, "other.ru") {
				others++
			}
		}
		return others == 2 && len(got) >= len(says)
	})
	if len(got) != len(says) {
		t.Fatalf("%d answers, want %d: %q", len(got), len(says), got)
	}
	for i, want := range says {
		if !strings.Contains(got[i], want) {
			t.Errorf("answer %d does not say %q:\n%s", i, want, got[i])
		}
	}
}

// Registrations, renewals and changes are counted apart. A mail that is not for the robot is no order.
func TestWitnessCountsByKind(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	withRegistrant(t, s)
	mustSubmit(t, s, newDomain(t, "first.ru"))
	eventually(t, "the registration", func() bool { return len(s.State().Domains) == 1 })
	mustSubmit(t, s, []byte(strings.Replace(string(newDomain(t, "first.ru")), "action: NEW", "action: UPDATE", 1)))
	mustSubmit(t, s, []byte("From: somebody@elsewhere.example\r\nSubject: hello\r\n\r\nfirst.ru\r\n"))

	if said := reachedBy(t, s, "first.ru"); said != `{"reached":{"register":1,"update":1}}` {
		t.Errorf("reached: %s", said)
	}
	if status, said := call(t, s, "PUT", "/witness/first.ru", `{"behaviour": "sulking"}`); status != http.StatusNotImplemented {
		t.Errorf("a behaviour that it lacks: %d %s", status, said)
	}
}

// What is held ends with the simulator.
func TestWitnessEndsWithTheSimulator(t *testing.T) {
	t.Parallel()
	relayed := make(chan error, 1)
	t.Cleanup(func() { // when the simulator has ended
		if err := <-relayed; err == nil {
			t.Error("the relay says that it took the mail")
		}
	})
	s := start(t, testOptions())
	withRegistrant(t, s)
	behave(t, s, "held.ru", registrartest.HoldsAnswers)
	go func() { relayed <- submit(t, s, newDomain(t, "held.ru")) }()
	eventually(t, "the arrival", func() bool { return reachedBy(t, s, "held.ru") != `{"reached":{}}` })
}
