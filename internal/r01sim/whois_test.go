package r01sim

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestSimulator_whois(t *testing.T) {
	t.Parallel()

	o := testOptions()
	o.Now = func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

	s := start(t, o)
	if got := askWhois(t, s, "newtime.ru"); !strings.Contains(got, "No entries found for the selected source(s).") {
		t.Errorf("a free name is answered\n%s", got)
	}

	mustSubmit(t, s, requestFor(t, testPerson, testDomain))
	answers(t, s, 4)

	got := askWhois(t, s, "NEWTIME.RU")
	for _, want := range []string{
		"domain:        NEWTIME.RU\r\n",
		"nserver:       ns1.newtime.ru. 192.0.2.1\r\n",
		"nserver:       ns2.hoster.example.\r\n",
		"state:         REGISTERED, DELEGATED, VERIFIED\r\n",
		"registrar:     R01-RU\r\n",
		"created:       2026-11-24T12:00:00Z\r\n",
		"paid-till:     2027-11-23T21:00:00Z\r\n", // midnight of 24 November in Moscow
		"free-date:     2027-12-25\r\n",
		"source:        TCI\r\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("whois does not say %q in\n%s", want, got)
		}
	}
}

func askWhois(t *testing.T, s *Simulator, name string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.Addresses().Whois)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, name+"\r\n")
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
