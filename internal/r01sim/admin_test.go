package r01sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func call(t *testing.T, s *Simulator, method, path, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+s.Addresses().Admin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func mustCall(t *testing.T, s *Simulator, method, path, body string, into any) {
	t.Helper()
	status, answer := call(t, s, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

func TestAdmin_session(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	var held struct{ Held int }
	var nothing struct{}
	mustCall(t, s, "POST", "/hold", "", &held)
	mustCall(t, s, "POST", "/policy", `{"layout": "prose"}`, new(Policy))
	mustCall(t, s, "POST", "/domains", `{"name": "old.ru", "paid_till": "2030-01-02", "handle": "A-R01", "registrar": "OTHER-RU"}`, &nothing)
	mustCall(t, s, "POST", "/balance", `{"real": 1000, "bonus": 2000}`, new(Balance))
	mustCall(t, s, "POST", "/password", `{"password": "other"}`, &nothing)

	request := koi8(t, replaced("password: secret", "password: other"))
	mustSubmit(t, s, request)
	eventually(t, "four answers held", func() bool {
		mustCall(t, s, "GET", "/held", "", &held)
		return held.Held == 4
	})

	var history []Entry
	mustCall(t, s, "GET", "/history", "", &history)
	if len(history) != 1 || !bytes.Equal(history[0].Raw, request) || history[0].Subject != "New client [t1]" ||
		history[0].MessageID != "<t1@panel.example>" || history[0].Action != ActionNew || len(history[0].Objects) != 2 {
		t.Errorf("history %+v", history)
	}

	var state State
	mustCall(t, s, "GET", "/state", "", &state)
	if len(state.Clients) != 2 || len(state.Domains) != 2 || state.Balance != (Balance{Real: 500, Bonus: 2000}) {
		t.Errorf("state %+v", state)
	}
	if d := state.Domains[1]; d.Name != "old.ru" || d.Registrar != "OTHER-RU" || d.PaidTill.String() != "2030-01-02" {
		t.Errorf("adopted %+v", d)
	}

	var tasks []Task
	mustCall(t, s, "GET", "/tasks", "", &tasks)
	if len(tasks) != 2 || tasks[1].Object != "newtime.ru" || tasks[1].Status != TaskSuccess || tasks[1].ID != firstTask+1 {
		t.Errorf("tasks %+v", tasks)
	}

	mustCall(t, s, "POST", "/release?n=3", "", &held)
	if held.Held != 1 {
		t.Errorf("%d held", held.Held)
	}

	mustCall(t, s, "POST", "/release", "", &held)
	mustCall(t, s, "POST", "/inject", "Subject: odd\r\n\r\n1\r\n", new(struct{ Bytes int }))
	var sent [][]byte
	eventually(t, "five mails", func() bool {
		mustCall(t, s, "GET", "/sent", "", &sent)
		return len(sent) == 5
	})

	if got := parseAnswer(t, sent[0]).text; !strings.Contains(got, "put in the queue") {
		t.Errorf("the layout is still %q", got)
	}
}

func TestAdmin_refuses(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	for reason, row := range map[string]struct{ path, body string }{
		"unknown knob":    {"/policy", `{"chaos": true}`},
		"no number":       {"/release?n=all", ""},
		"zero":            {"/release?n=0", ""},
		"unknown key":     {"/password", `{"pass": "x"}`},
		"no name":         {"/domains", `{"paid_till": "2030-01-02"}`},
		"date not a date": {"/domains", `{"name": "old.ru", "paid_till": "soon"}`},
		"balance in text": {"/balance", `{"real": "much"}`},
	} {
		status, answer := call(t, s, "POST", row.path, row.body)
		if status != http.StatusBadRequest || !strings.Contains(answer, `"error"`) {
			t.Errorf("%s: %d %s", reason, status, answer)
		}
	}

	if s.Policy() != testOptions().Policy {
		t.Error("a refused patch changed the policy")
	}
}
