//go:build linux

package main

import (
	"fmt"
	"strconv"

	"registrar.panel/internal/r01sim"
)

// company says who is beside R01 in a round.
type company string

const (
	honest   company = "honest"   // no liar
	stranger company = "stranger" // a liar whom no panel may believe, whatever it requires of replies
	insider  company = "insider"  // a liar who knows the thread of open requests, too; the panel asks for a proof of the sender
)

// lieRate is the mean number of lies for each template that reaches R01.
const lieRate = 0.4

// receiver is the name that the callback's mail server writes into Authentication-Results.
const receiver = "mx.panel.example"

// companyOf alternates, in another rhythm than the copies of requests.
func companyOf(round int, liar bool) company {
	switch {
	case !liar:
		return honest
	case (round+round/2)%2 == 0:
		return stranger
	}
	return insider
}

// args returns the arguments for the simulator.
func (c company) args() []string {
	rate := "--liar-rate=" + strconv.FormatFloat(lieRate, 'g', -1, 64)
	switch c {
	case stranger:
		return []string{"--liar", rate}
	case insider:
		return []string{"--liar=all", rate, "--authserv-id=" + receiver}
	}
	return nil
}

// replies returns the block of plugin.hcl that says whose replies are believed.
func (c company) replies() string {
	if c != insider {
		return ""
	}
	return fmt.Sprintf("    replies {\n      from        = [\"robot@registrar.example\"]\n      require     = \"authentication-results\"\n      authserv_id = %q\n    }\n", receiver)
}

// lieOf finds the lie with these bytes; ok is false for a mail that
// R01 wrote itself, even if the liar has repeated it byte for byte.
func (m memory) lieOf(raw string) (l r01sim.Lie, ok bool) {
	if m.wrote[raw] {
		return l, false
	}
	l, ok = m.lied[raw]
	return l, ok
}

// listen sorts the mails that went to the callback mailbox.
func (m *memory) listen() {
	m.wrote, m.lied = map[string]bool{}, map[string]r01sim.Lie{}
	for _, raw := range m.sent {
		m.wrote[string(raw)] = true
	}
	for _, l := range m.lies {
		m.lied[string(l.Raw)] = l
	}
}
