package endpoint

import (
	"slices"
	"testing"
)

func TestProblems(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		why       string
		address   string
		tls       TLS
		plaintext bool
		paths     []string
	}{
		{"submission", "mail.example.com:587", Start, false, nil},
		{"implicit, IPv6", "[2001:db8::1]:465", Implicit, false, nil},
		{"plain on loopback", "127.0.0.1:2525", None, false, nil},
		{"plain on loopback, IPv6", "[::1]:2525", None, false, nil},
		{"plain on localhost", "localhost:2525", None, false, nil},
		{"plain and permitted", "10.0.0.1:25", None, true, nil},
		{"plain to another machine", "10.0.0.1:25", None, false, []string{"tls"}},
		{"plain to a lookalike", "localhost.example.com:25", None, false, []string{"tls"}},
		{"no port", "mail.example.com", Start, false, []string{"address"}},
		{"port 0", "mail.example.com:0", Start, false, []string{"address"}},
		{"port out of range", "mail.example.com:65536", Start, false, []string{"address"}},
		{"no host", ":25", Start, false, []string{"address"}},
		{"opportunistic", "127.0.0.1:25", "maybe", false, []string{"tls"}},
		{"nothing at all", "", "", false, []string{"address", "tls"}},
	} {
		var paths []string
		for _, p := range Problems(c.address, c.tls, c.plaintext) {
			paths = append(paths, p.Path)
		}
		if !slices.Equal(paths, c.paths) {
			t.Errorf("%s: problems at %v, want %v", c.why, paths, c.paths)
		}
	}
}

func TestClientTLS(t *testing.T) {
	t.Parallel()
	if c := ClientTLS("mail.example.com:465", "", nil); c.ServerName != "mail.example.com" || c.InsecureSkipVerify {
		t.Errorf("the certificate is checked for %q", c.ServerName)
	}
	if c := ClientTLS("127.0.0.1:465", "mail.example.com", nil); c.ServerName != "mail.example.com" {
		t.Errorf("the certificate is checked for %q", c.ServerName)
	}
}
