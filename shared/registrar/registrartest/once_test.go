package registrartest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/kit"
	"registrar.panel/shared/registrar"
)

// client is a plugin for the Fake, made with the kit. What is altered of it makes it break a rule.
type client struct {
	fake   string // its address
	ledger *Ledger

	send  func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error)
	ask   func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error)
	heard func(o kit.Order, answers int) // how many answers came at once
}

func (c *client) Describe() registrar.Description {
	return registrar.Description{Name: "client", Title: "A client of the fake", Version: "1.0.0", TLDs: []string{"example"},
		Kinds: registrar.OperationKinds(), Registrants: registrar.RegistrantKinds()}
}

func (c *client) Form(q registrar.FormQuery) []registrar.Field {
	if !q.Kind.NeedsRegistrant() {
		return nil
	}
	return []registrar.Field{{Key: "name", Label: map[string]string{"en": "Name"}, Type: registrar.FieldText, Required: true, Example: "Sidor Sidorov", Class: registrar.DataPersonal}}
}

func (c *client) Configure(json.RawMessage) (kit.Remote, error) { return c, nil }

func (c *client) Check(context.Context, []string) ([]registrar.Availability, error) { return nil, nil }

func (c *client) Send(ctx context.Context, o kit.Order) (kit.Answer, error) { return c.send(ctx, c, o) }

func (c *client) Ask(ctx context.Context, o kit.Order) (kit.Answer, error) { return c.ask(ctx, c, o) }

func (c *client) Read(ctx context.Context, domain string) (kit.Facts, error) {
	status, a, err := c.request(ctx, http.MethodGet, "/domains/"+domain, nil, kit.Order{})
	if err != nil || status == http.StatusNotFound {
		return kit.Facts{}, err
	}
	return kit.Facts{Held: true, PaidTill: a.PaidTill}, nil
}

// request reads all that the fake says to one request, and goes by the first of it.
func (c *client) request(ctx context.Context, method, path string, body any, o kit.Order) (status int, a FakeAnswer, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.fake)
	if err != nil {
		return 0, a, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	text, err := json.Marshal(body)
	if err != nil {
		return 0, a, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.fake+path, bytes.NewReader(text))
	if err != nil {
		return 0, a, err
	}
	r.Header.Set("Authorization", "Bearer x")
	r.Close = true
	if err := r.Write(conn); err != nil {
		return 0, a, err
	}

	n := 0
	for in := bufio.NewReader(conn); ; n++ {
		answer, err := http.ReadResponse(in, r)
		if err != nil && n == 0 {
			return 0, a, fmt.Errorf("read answer: %w", err)
		}
		if err != nil {
			break
		}
		var one FakeAnswer
		err = json.NewDecoder(answer.Body).Decode(&one)
		answer.Body.Close()
		if n == 0 {
			status, a = answer.StatusCode, one
			if status == http.StatusOK && err != nil {
				return 0, a, err
			}
		}
	}
	if c.heard != nil {
		c.heard(o, n)
	}
	return status, a, nil
}

func post(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
	return understood(hand(ctx, c, o))
}

func hand(ctx context.Context, c *client, o kit.Order) (status int, a FakeAnswer, err error) {
	body := FakeOrder{ID: string(o.ID), Kind: o.Kind, Domain: o.Domain, AuthCode: string(o.AuthCode), PaidTill: o.PaidTill.String()}
	for _, ns := range o.Nameservers {
		body.Nameservers = append(body.Nameservers, ns.Host)
	}
	return c.request(ctx, http.MethodPost, "/orders", body, o)
}

func look(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
	status, a, err := c.request(ctx, http.MethodGet, "/orders/"+string(o.ID), nil, o)
	if status == http.StatusServiceUnavailable {
		return kit.Answer{}, kit.ErrStatus(status) // that it does not say is no "never got it"
	}
	return understood(status, a, err)
}

func understood(status int, a FakeAnswer, err error) (kit.Answer, error) {
	switch {
	case err != nil:
		return kit.Answer{}, err
	case status == http.StatusOK:
		return kit.Done(kit.Facts{Held: true, PaidTill: a.PaidTill, AuthCode: registrar.AuthCode(a.AuthCode)}), nil
	case status == http.StatusAccepted:
		return kit.Pending(a.Reference), nil
	case status == http.StatusUnprocessableEntity:
		return kit.Refused(a.Reason), nil
	case status == http.StatusNotFound, status == http.StatusServiceUnavailable:
		return kit.NotSent("it says so"), nil
	}
	return kit.Answer{}, kit.ErrStatus(status)
}

// aboutOnce reports whether a rule needs a witness.
func aboutOnce(r Rule) bool { return slices.Contains(r.Needs, NeedWitness) }

// onceSubject is a client of a fake, with that as its witness.
func onceSubject(t *testing.T, alter func(c *client, wrap *wrapping)) Subject {
	t.Helper()
	fake := NewFake()
	server := httptest.NewServer(fake)
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)

	return Subject{Config: json.RawMessage(`{}`), Witness: server.URL + "/witness", Patience: 2 * testPatience(),
		Open: InProcess(func(log *slog.Logger) registrar.Plugin {
			c := &client{fake: server.Listener.Addr().String(), ledger: &fake.Ledger, send: post, ask: look}
			wrap := wrapping(func(r *kit.Registrar) registrar.Registrar { return r })
			if alter != nil {
				alter(c, &wrap)
			}
			p := kit.New(c, kit.Options{Logger: log, NoHandles: true, NoRecords: true, Timing: kit.Timing{First: 2 * time.Millisecond, Most: 20 * time.Millisecond, Settle: time.Hour}})
			return wrapped{p, wrap}
		})}
}

// wrapping makes another registrar of one at work.
type wrapping func(*kit.Registrar) registrar.Registrar

// wrapped is a plugin whose registrar at work is another.
type wrapped struct {
	registrar.Plugin
	wrap wrapping
}

func (w wrapped) Start(ctx context.Context) (registrar.Registrar, error) {
	r, err := w.Plugin.Start(ctx)
	if err != nil {
		return nil, err
	}
	return w.wrap(r.(*kit.Registrar)), nil
}

// retold is a registrar that shows its operations otherwise.
type retold struct {
	*kit.Registrar
	change func(op *registrar.Operation)
}

func (r retold) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	op, err := r.Registrar.Operation(ctx, id)
	r.change(&op)
	return op, err
}

// brokenClients break each rule that needs a witness, and no other of them.
var brokenClients = map[string]func(c *client, wrap *wrapping){
	"once/kinds": func(c *client, _ *wrapping) { // renews for sure
		c.send = func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
			if o.Kind == registrar.KindRenew {
				_, _ = post(ctx, c, o)
			}
			return post(ctx, c, o)
		}
	},
	"once/lost": func(c *client, _ *wrapping) { // an error means that it was not sent
		c.send = func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
			how, _ := c.ledger.Behaves(o.Domain)
			a, err := post(ctx, c, o)
			if err != nil && how == LosesAnswers { // and not while it crashes: that is another rule's
				a, err = post(ctx, c, o)
			}
			return a, err
		}
	},
	"once/crash": func(c *client, _ *wrapping) { // what this life has not sent is sent
		var mu sync.Mutex
		mine := map[registrar.OrderID]bool{}
		c.send = func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
			mu.Lock()
			mine[o.ID] = true
			mu.Unlock()
			return post(ctx, c, o)
		}
		c.ask = func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
			mu.Lock()
			sent := mine[o.ID]
			mu.Unlock()
			if !sent {
				return c.send(ctx, c, o)
			}
			return look(ctx, c, o)
		}
	},
	"once/late": func(c *client, _ *wrapping) { // what is not done yet is sent again
		c.ask = func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
			if o.Reference != "" {
				return post(ctx, c, o)
			}
			return look(ctx, c, o)
		}
	},
	"once/double": func(c *client, wrap *wrapping) { // each answer is noted
		var mu sync.Mutex
		twice := map[registrar.OrderID]bool{}
		c.heard = func(o kit.Order, answers int) {
			mu.Lock()
			defer mu.Unlock()
			twice[o.ID] = twice[o.ID] || answers > 1
		}
		*wrap = func(r *kit.Registrar) registrar.Registrar {
			return retold{r, func(op *registrar.Operation) {
				mu.Lock()
				defer mu.Unlock()
				if n := len(op.History); n > 0 && twice[op.Order] && op.State.Final() {
					op.History = append(op.History, op.History[n-1])
				}
			}}
		}
	},
	"once/down": func(c *client, _ *wrapping) { // what is not taken has failed
		c.send = func(ctx context.Context, c *client, o kit.Order) (kit.Answer, error) {
			status, a, err := hand(ctx, c, o)
			if status == http.StatusServiceUnavailable {
				return kit.Refused("the registrar is down"), nil
			}
			return understood(status, a, err)
		}
	},
	"once/refused": func(c *client, wrap *wrapping) { // says nothing
		*wrap = func(r *kit.Registrar) registrar.Registrar {
			return retold{r, func(op *registrar.Operation) { op.Error = "" }}
		}
	},
}

func TestAGoodClientSendsOnce(t *testing.T) {
	t.Parallel()
	report, err := examine(t.Context(), onceSubject(t, nil), onceChecks)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.Outcome != Passed {
			t.Errorf("%s is %s: %s %v", r.ID, r.Outcome, r.Reason, r.Findings)
		}
	}
}

// Every rule that needs a witness has a plugin that breaks it, and no other of them.
func TestEachWitnessRuleCatchesWhatNoOtherDoes(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)

	for _, c := range onceChecks {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if brokenClients[c.ID] == nil {
				t.Fatal("no plugin breaks it")
			}
			report, err := examine(t.Context(), onceSubject(t, brokenClients[c.ID]), onceChecks)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Results {
				if (r.Outcome == Broken) != (r.ID == c.ID) {
					t.Errorf("%s is %s: %s %q", r.ID, r.Outcome, r.Reason, r.Findings)
				}
			}
		})
	}
}

// A witness that lacks a behaviour has the rule skipped, and says so; one that is not there leaves it
// without a judgement.
func TestWitnessThatCanNot(t *testing.T) {
	t.Parallel()
	s := onceSubject(t, nil)
	counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			http.Error(w, "it only counts", http.StatusNotImplemented)
		}
	}))
	defer counting.Close()

	late := onceChecks[3:4]
	for url, want := range map[string]struct {
		outcome Outcome
		reason  string
	}{
		counting.URL:                {Skipped, "it only counts"},
		counting.URL + "/a/%zz":     {NotJudged, "ask the witness"},
		"":                          {Skipped, "no witness is given"},
		"http://127.0.0.1:1/nobody": {NotJudged, "ask the witness"},
	} {
		s.Witness = url
		report, err := examine(t.Context(), s, late)
		if err != nil {
			t.Fatal(err)
		}
		if r := report.Results[0]; r.Outcome != want.outcome || !strings.Contains(r.Reason, want.reason) {
			t.Errorf("%q: %s is %s: %q", url, r.ID, r.Outcome, r.Reason)
		}
	}
}

// A ledger counts what arrives while it is up, by kind, and refuses to behave in ways it does not know.
func TestLedger(t *testing.T) {
	t.Parallel()
	f := NewFake()
	server := httptest.NewServer(f)
	defer server.Close()
	w := bystander{server.URL + "/witness"}

	for _, b := range Behaviours() {
		if err := w.behave(t.Context(), "a.example", b); err != nil {
			t.Fatal(err)
		}
		if got := f.Ledger.Arrived(registrar.KindRegister, "a.example"); got != b {
			t.Errorf("told to be %s it is %s", b, got)
		}
	}
	f.Ledger.Arrived(registrar.KindRenew, "a.example")
	if n, err := w.reached(t.Context(), "a.example", registrar.KindRegister); err != nil || n != len(Behaviours())-1 {
		t.Errorf("%d have reached it, %v", n, err)
	}
	if n, err := w.reached(t.Context(), "b.example", registrar.KindRegister); err != nil || n != 0 {
		t.Errorf("%d have reached it for another name, %v", n, err)
	}
	if err := w.behave(t.Context(), "a.example", "badly"); !errors.As(err, new(notTried)) {
		t.Errorf("an unknown behaviour: %v", err)
	}
}
