package mailauth

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"registrar.panel/internal/testrun"
)

// nameServer answers every question in one way, by UDP only.
func nameServer(t *testing.T, answer func(*dnsmessage.Message) []byte) *net.Resolver {
	t.Helper()

	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	var served sync.WaitGroup
	served.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}

			var q dnsmessage.Message
			if q.Unpack(buf[:n]) != nil {
				continue
			}

			q.Response, q.RecursionAvailable, q.Additionals = true, true, nil
			if raw := answer(&q); raw != nil {
				_, _ = conn.WriteTo(raw, from)
			}
		}
	})
	t.Cleanup(func() { conn.Close(); served.Wait() })

	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, conn.LocalAddr().String())
	}}
}

func pack(t *testing.T, m *dnsmessage.Message) []byte {
	raw, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return raw
}

// What DNS does, and whether another look may end otherwise. That there is no key, or another,
// is an answer; everything else passes.
func TestTemporaryIsExact(t *testing.T) {
	t.Parallel()

	code := func(c dnsmessage.RCode) func(*dnsmessage.Message) []byte {
		return func(m *dnsmessage.Message) []byte { m.RCode = c; return pack(t, m) }
	}

	text := func(records ...string) func(*dnsmessage.Message) []byte {
		return func(m *dnsmessage.Message) []byte {
			for _, r := range records {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name,
					Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET, TTL: 60}, Body: &dnsmessage.TXTResource{TXT: []string{r}}})
			}
			return pack(t, m)
		}
	}

	const silence = "no answer" // the one that a resolver waits for
	for name, c := range map[string]struct {
		answer    func(*dnsmessage.Message) []byte
		verified  bool
		temporary bool
	}{
		"the key":          {text(edRecord()), true, false},
		"no such name":     {code(dnsmessage.RCodeNameError), false, false},
		"a name, no texts": {code(dnsmessage.RCodeSuccess), false, false},
		"another text":     {text("v=spf1 -all"), false, false},
		"no text at all":   {text(""), false, false},
		"a revoked key":    {text("v=DKIM1; p="), false, false},
		"two keys":         {text(edRecord(), edRecord()), false, false},
		"SERVFAIL":         {code(dnsmessage.RCodeServerFailure), false, true},
		"REFUSED":          {code(dnsmessage.RCodeRefused), false, true},
		"FORMERR":          {code(dnsmessage.RCodeFormatError), false, true},
		"NOTIMP":           {code(dnsmessage.RCodeNotImplemented), false, true},
		silence:            {func(*dnsmessage.Message) []byte { return nil }, false, true},
		"cut, and no TCP":  {func(m *dnsmessage.Message) []byte { m.Truncated = true; return pack(t, m) }, false, true},
		"cut in the middle": {func(m *dnsmessage.Message) []byte {
			raw := text(edRecord())(m)
			return raw[:len(raw)-20]
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within := testrun.Limit(t)
			if name == silence {
				within = time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			got := New(byDKIM, nameServer(t, c.answer)).Verify(ctx, []byte(sign(t, letter, nil)))
			if got.Verified != c.verified || got.Temporary != c.temporary {
				t.Errorf("%+v", got)
			}
		})
	}

	t.Run("no server", func(t *testing.T) {
		t.Parallel()
		gone := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:1")
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if got := New(byDKIM, gone).Verify(ctx, []byte(sign(t, letter, nil))); !got.Temporary || !strings.Contains(got.Reason, "DNS did not answer") {
			t.Errorf("%+v", got)
		}
	})
}
