package manual

import (
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// free matches the answers of registries about a name that is not registered.
const free = `(?im)^\W*(no match|not found|no entries found|no data found|no object found|domain not found|status:\s*(free|available))`

const (
	whoisWithin = 5 * time.Second
	whoisMost   = 64 << 10 // bytes of an answer
)

// whoisServer is a whois block of the settings: the server that answers for the registry of a TLD.
type whoisServer struct {
	TLD    string `json:"tld"`
	Server string `json:"server"`
	Free   string `json:"free"`
}

func whoisBlock() registrar.Block {
	return registrar.Block{Name: "whois", Labels: []string{"tld"}, Repeated: true, Description: "where to look a TLD's names up", Schema: registrar.Schema{
		Attributes: []registrar.Attribute{
			{Name: "server", Type: registrar.TypeString, Required: true, Description: "HOST:PORT"},
			{Name: "free", Type: registrar.TypeString, Default: free, Description: "RE2 that matches the answer for a free name"},
		}}}
}

// checkWhois reports mistakes that the schema can't express.
func checkWhois(c config) []registrar.Problem {
	var problems []registrar.Problem
	if c.Lookup == byWhois && len(c.Whois) == 0 {
		problems = append(problems, registrar.Problem{Path: "whois", Message: `lookup = "whois" needs a block whois "TLD" with the server`})
	}
	for _, w := range c.Whois {
		if _, port, err := net.SplitHostPort(w.Server); err != nil || port == "" {
			problems = append(problems, registrar.Problem{Path: fmt.Sprintf("whois[%q].server", w.TLD), Message: "must be HOST:PORT"})
		}
		if _, err := regexp.Compile(w.Free); err != nil || w.Free == "" {
			problems = append(problems, registrar.Problem{Path: fmt.Sprintf("whois[%q].free", w.TLD), Message: "must be an RE2 pattern"})
		}
	}
	return problems
}

// lookUp asks the registry about a name. Only its own words make a name available or taken; if it is silent,
// busy or unknown, the name is neither.
func (c config) lookUp(ctx context.Context, name string) (registrar.AvailabilityStatus, string) {
	var zones []string
	for _, w := range c.Whois {
		zones = append(zones, w.TLD)
	}

	zone := registrar.ZoneOf(name, zones)
	for _, w := range c.Whois {
		if w.TLD == zone {
			answer, err := w.ask(ctx, name)
			if err != nil {
				return registrar.AvailabilityUnknown, "the whois server did not answer"
			}
			return w.read(name, answer)
		}
	}
	return registrar.AvailabilityUnknown, "no whois server is configured for the TLD"
}

// read returns "taken" only if the answer mentions the name.
func (w whoisServer) read(name, answer string) (registrar.AvailabilityStatus, string) {
	switch {
	case regexp.MustCompile(w.Free).MatchString(answer):
		return registrar.Available, ""
	case strings.Contains(strings.ToLower(answer), name):
		return registrar.Taken, ""
	}
	return registrar.AvailabilityUnknown, "the whois server's answer says neither that the name is free nor whose it is"
}

// ask makes one whois query (RFC 3912).
func (w whoisServer) ask(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, whoisWithin)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", w.Server)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := fmt.Fprintf(conn, "%s\r\n", name); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, whoisMost))
	if err == nil && len(answer) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return string(answer), err
}

// probe reports whether the server can be reached; it sends no query.
func (w whoisServer) probe(ctx context.Context) registrar.Component {
	ctx, cancel := context.WithTimeout(ctx, whoisWithin)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", w.Server)
	if err != nil {
		return registrar.Component{Name: "whois " + w.TLD, Detail: "can't reach " + w.Server}
	}
	conn.Close()
	return registrar.Component{Name: "whois " + w.TLD, OK: true, Detail: w.Server}
}
