package setup

import (
	"errors"
	"regexp"
)

// Finding is the state of a part that the configuration names.
type Finding struct {
	Component string `json:"component"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`
	Remedy    string `json:"remedy,omitempty"` // what to do, if the detail does not say it
}

func finding(component string, err error, remedy string) Finding {
	return Finding{Component: component, Detail: err.Error(), Remedy: remedy}
}

// look checks what no login shows: whether DNS knows the hosts, and where
// mail to the robot and to us goes; and whether the clock is right.
func look(a Answers, receives, resolves func(string) error, clock error) []Finding {
	var findings []Finding
	add := func(component, well string, err error) {
		if err == nil {
			findings = append(findings, Finding{Component: component, OK: true, Detail: well})
		} else {
			findings = append(findings, finding(component, err, remedy(component, err.Error())))
		}
	}

	add("robot", "DNS knows where its mail goes", receives(domainOf(a.Robot)))
	add("callback", "DNS knows where its mail comes to", receives(domainOf(a.Callback)))

	for _, address := range []string{a.SMTP, a.IMAP, a.Whois} {
		if address != none {
			host := hostOf(address)
			add("dns", host+" has an address", resolves(host))
		}
	}

	// A system that does not show how its clock is set is no finding.
	if errors.Is(clock, errUnknown) {
		return findings
	}

	add("clock", "it is set by a time server", clock)
	return findings
}

// errUnknown means that this system does not show the state of its clock.
var errUnknown = errors.New("it is not known whether the clock is right")

// errFree means that the kernel knows of no time server that sets the clock.
var errFree = errors.New("the kernel does not know that a time server sets the clock")

// remedies say what to do about certain words in a component's message;
// the first match counts. Often the message itself ends with a remedy.
var remedies = []struct{ component, words, remedy string }{
	{"robot", `.`, "Compare the address with R01's papers; look whether this machine can ask DNS (/etc/resolv.conf)."},
	{"callback", `.`, "R01 could not answer: give the domain an MX record, or correct the address."},
	{"clock", `.`, "Replies are judged by time: run chrony or systemd-timesyncd. In a container the machine's clock counts."},
	{"", `(?i)no such host|server misbehaving|lookup `, "Correct the name, or look whether this machine can ask DNS (/etc/resolv.conf)."},
	{"", `(?i)connection refused`, "Nothing listens there: compare host and port (587 or 465 for a relay, 993 or 143 for a mailbox, 43 for whois)."},
	{"", `(?i)timeout|deadline exceeded|no answer within`, "Something on the way drops it: permit outgoing connections to that port in the firewall."},
	{"", `(?i)unreachable|no route`, "This machine has no way there: look at its routes, and at IPv6."},
	{"", `(?i)certificate`, "Use the name that stands in the server's certificate, or have the certificate renewed; one of your own authority belongs into the system's store."},
	{"", `(?i)tls:|first record does not look like`, "The port speaks another transport security: 465 and 993 are implicit, 587 and 143 are starttls."},
	{"smtp", `8BITMIME`, "R01 reads 8bit only. With Postfix 8BITMIME is on unless it was turned off; other relays: docs/ops/install.md."},
	{"imap", `(?i)open folder`, "Create the folder in that mailbox, or name one that is there."},
	{"", `(?i)login|log in|username|password|535`, "Correct the user, or the password in its file."},
	{"whois", `.`, "Permit outgoing connections to port 43; the registry bans an address that asks too often for some time."},
}

func remedy(component, said string) string {
	for _, r := range remedies {
		if (r.component == "" || r.component == component) && regexp.MustCompile(r.words).MatchString(said) {
			return r.remedy
		}
	}
	return ""
}
