package smtpout

import (
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/secret"
)

func TestValidate(t *testing.T) {
	t.Parallel()

	for why, c := range map[string]struct {
		config Config
		paths  []string
	}{
		"submission":               {Config{Address: "mail.example.com:587", TLS: TLSStart, Username: "u", Password: secret.New("p")}, nil},
		"implicit without login":   {Config{Address: "[2001:db8::1]:465", TLS: TLSImplicit}, nil},
		"plain on loopback":        {Config{Address: "127.0.0.1:2525", TLS: TLSNone}, nil},
		"plain on loopback 6":      {Config{Address: "[::1]:2525", TLS: TLSNone}, nil},
		"plain on localhost":       {Config{Address: "localhost:2525", TLS: TLSNone}, nil},
		"plain and permitted":      {Config{Address: "10.0.0.1:25", TLS: TLSNone, AllowPlaintext: true}, nil},
		"plain to another machine": {Config{Address: "10.0.0.1:25", TLS: TLSNone}, []string{"tls"}},
		"plain to a lookalike":     {Config{Address: "localhost.example.com:25", TLS: TLSNone}, []string{"tls"}},
		"no tls value":             {Config{Address: "127.0.0.1:25"}, []string{"tls"}},
		"opportunistic":            {Config{Address: "127.0.0.1:25", TLS: "opportunistic"}, []string{"tls"}},
		"nothing":                  {Config{}, []string{"address", "tls"}},
		"no port":                  {Config{Address: "mail.example.com", TLS: TLSStart}, []string{"address"}},
		"port 0":                   {Config{Address: "mail.example.com:0", TLS: TLSStart}, []string{"address"}},
		"port by name":             {Config{Address: "mail.example.com:smtp", TLS: TLSStart}, []string{"address"}},
		"no host":                  {Config{Address: ":25", TLS: TLSStart}, []string{"address"}},
		"no password":              {Config{Address: "a:25", TLS: TLSStart, Username: "u"}, []string{"password"}},
		"no username":              {Config{Address: "a:25", TLS: TLSStart, Password: secret.New("p")}, []string{"username"}},
		"blank in local name":      {Config{Address: "a:25", TLS: TLSStart, LocalName: "a b"}, []string{"local_name"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()

			var paths []string
			for _, p := range c.config.Validate() {
				paths = append(paths, p.Path)
				if strings.TrimSpace(p.Message) == "" {
					t.Errorf("%s has no message", p.Path)
				}
			}

			if !slices.Equal(paths, c.paths) {
				t.Errorf("problems at %q, want %q", paths, c.paths)
			}
		})
	}
}
