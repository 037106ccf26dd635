package setup

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
)

// Answers are the values for the configuration. An empty one has a default, or is missing.
type Answers struct {
	Agreement string `placeholder:"NUMBER" help:"The agreement with R01, such as RP/01/00."`
	Robot     string `placeholder:"ADDRESS" help:"The mail address of R01's robot."`
	Callback  string `placeholder:"ADDRESS" help:"Our address, which R01's answers come to; a contact address under the agreement."`
	Prefix    string `help:"What the handles of new clients begin with: 1 to 20 of A-Z, 0-9 and _ (PANEL)."`

	SMTP     string `name:"smtp" placeholder:"HOST:PORT" help:"The relay that takes our mail."`
	SMTPTLS  string `name:"smtp-tls" enum:",none,starttls,implicit" default:"" help:"none, starttls or implicit; by the port: 465 is implicit."`
	SMTPUser string `name:"smtp-user" placeholder:"NAME" help:"The user at the relay; none = no login."`
	IMAP     string `name:"imap" placeholder:"HOST:PORT" help:"The server of the mailbox that the answers come to."`
	IMAPTLS  string `name:"imap-tls" enum:",none,starttls,implicit" default:"" help:"none, starttls or implicit; by the port: 143 is starttls."`
	IMAPUser string `name:"imap-user" placeholder:"NAME" help:"The user of the mailbox (the callback address)."`
	Mailbox  string `placeholder:"FOLDER" help:"The folder that they come to (INBOX)."`
	Proof    string `enum:",none,dkim,authentication-results" default:"" help:"How a reply proves its sender: dkim, authentication-results or none (dkim)."`
	Whois    string `placeholder:"HOST:PORT" help:"The registry's whois, or none (whois.tcinet.ru:43)."`
	Renewal  string `enum:",auto,manual" default:"" help:"Whether new domains renew by themselves, which spends money: auto or manual (manual)."`
	Data     string `placeholder:"DIR" help:"Where the panel keeps its data (data, or /var/lib/panel for the system's configuration)."`
	Listen   string `placeholder:"ADDRESS" help:"Where the panel listens (a socket in its data, or /run/panel/panel.sock)."`

	R01Secret    string `name:"r01-password-file" placeholder:"FILE" help:"The file with the password of R01's mail interface (r01.password)."`
	SMTPSecret   string `name:"smtp-password-file" placeholder:"FILE" help:"The file with the password at the relay (smtp.password)."`
	IMAPSecret   string `name:"imap-password-file" placeholder:"FILE" help:"The file with the password of the mailbox (imap.password)."`
	systemConfig bool
}

const none = "none"

// question asks for one value.
type question struct {
	flag  string
	about string // what the value is and where to find it
	value func(*Answers) *string
	usual func(Answers) string // the default; "" = there is none
	right func(string) error
	host  func(string) string // the part that DNS must know; nil = none
}

func always(text string) func(Answers) string { return func(Answers) string { return text } }

// questions lists the questions in the order in which they are asked.
var questions = []question{
	{"agreement", "The number of your agreement with R01", func(a *Answers) *string { return &a.Agreement }, always(""), line, nil},
	{"robot", "The mail address of R01's robot; R01 tells it with the mail interface", func(a *Answers) *string { return &a.Robot }, always(""), address, nil},
	{"callback", "Your address for R01's answers; it must be a contact address under the agreement, and its mailbox the panel's alone", func(a *Answers) *string { return &a.Callback }, always(""), address, nil},
	{"prefix", "What the handles of new clients begin with", func(a *Answers) *string { return &a.Prefix }, always("PANEL"), handlePrefix, nil},
	{"smtp", "The relay, HOST:PORT; it must offer 8BITMIME", func(a *Answers) *string { return &a.SMTP }, always(""), hostPort, hostOf},
	{"smtp-tls", "Its transport security: starttls, implicit, or none on this machine", func(a *Answers) *string { return &a.SMTPTLS }, func(a Answers) string { return security(a.SMTP) }, oneOf(none, "starttls", "implicit"), nil},
	{"smtp-user", "The user at the relay, or none", func(a *Answers) *string { return &a.SMTPUser }, always(none), line, nil},
	{"imap", "The server of the mailbox, HOST:PORT", func(a *Answers) *string { return &a.IMAP }, always(""), hostPort, hostOf},
	{"imap-tls", "Its transport security: starttls, implicit, or none on this machine", func(a *Answers) *string { return &a.IMAPTLS }, func(a Answers) string { return security(a.IMAP) }, oneOf(none, "starttls", "implicit"), nil},
	{"imap-user", "The user of the mailbox", func(a *Answers) *string { return &a.IMAPUser }, func(a Answers) string { return cmp.Or(a.Callback, none) }, line, nil},
	{"mailbox", "The folder that R01's answers come to", func(a *Answers) *string { return &a.Mailbox }, always("INBOX"), line, nil},
	{"proof", "How a reply proves that R01 has sent it: dkim, authentication-results or none", func(a *Answers) *string { return &a.Proof }, always("dkim"), oneOf(none, "dkim", "authentication-results"), nil},
	{"whois", "The registry's whois, HOST:PORT, or none", func(a *Answers) *string { return &a.Whois }, always("whois.tcinet.ru:43"), orNone(hostPort), hostOf},
	{"renewal", "Whether new domains renew by themselves, which spends money: auto or manual", func(a *Answers) *string { return &a.Renewal }, always("manual"), oneOf("auto", "manual"), nil},
	{"data", "Where the panel keeps its data", func(a *Answers) *string { return &a.Data }, dataOf, line, nil},
	{"listen", "Where the panel listens: a socket, or HOST:PORT with credentials", func(a *Answers) *string { return &a.Listen }, listenOf, line, nil},
	{"r01-password-file", "The file for the password of R01's mail interface", func(a *Answers) *string { return &a.R01Secret }, always("r01.password"), line, nil},
	{"imap-password-file", "The file for the password of the mailbox", func(a *Answers) *string { return &a.IMAPSecret }, always("imap.password"), line, nil},
	{"smtp-password-file", "The file for the password at the relay", func(a *Answers) *string { return &a.SMTPSecret }, always("smtp.password"), line, nil},
}

// fill fills in the defaults. The error names every flag that is missing or wrong.
func (a *Answers) fill() error {
	var faults []string
	for _, q := range questions {
		v := q.value(a)
		if *v == "" {
			*v = q.usual(*a)
		}
		if *v == "" {
			faults = append(faults, fmt.Sprintf("--%s is missing: %s", q.flag, q.about))
		} else if err := q.right(*v); err != nil {
			faults = append(faults, fmt.Sprintf("--%s: %s", q.flag, err))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("the input is no terminal, so flags must say everything:\n%s", strings.Join(faults, "\n"))
	}
	return nil
}

func dataOf(a Answers) string {
	if a.systemConfig {
		return "/var/lib/panel"
	}
	return "data"
}

func listenOf(a Answers) string {
	if a.systemConfig {
		return "unix:///run/panel/panel.sock"
	}
	return "unix://" + a.Data + "/panel.sock"
}

// security returns the transport security that is usual on a port.
func security(hostPort string) string {
	host, port, err := net.SplitHostPort(hostPort)
	ip := net.ParseIP(host)
	switch {
	case err != nil: // a wrong address is asked for again anyway
		return "starttls"
	case port == "465" || port == "993":
		return "implicit"
	case host == "localhost" || ip != nil && ip.IsLoopback():
		return none
	}
	return "starttls"
}

func hostOf(hostPort string) string {
	host, _, _ := net.SplitHostPort(hostPort)
	return host
}

func domainOf(address string) string { return address[strings.LastIndex(address, "@")+1:] }

func line(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) {
		return fmt.Errorf("must be one line of text")
	}
	return nil
}

var (
	addressForm = regexp.MustCompile(`^[^\s@<>"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	prefixForm  = regexp.MustCompile(`^[0-9A-Z_]{1,20}$`)
	hostForm    = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?$`)
)

func address(s string) error {
	if !addressForm.MatchString(s) || line(s) != nil {
		return fmt.Errorf("must be a mail address, user@host, the host in its xn-- form; it is %q", s)
	}
	return nil
}

func handlePrefix(s string) error {
	if !prefixForm.MatchString(s) {
		return fmt.Errorf("must be 1 to 20 of A-Z, 0-9 and _; it is %q", s)
	}
	return nil
}

func hostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	n, notNumber := strconv.Atoi(port)
	if err != nil || notNumber != nil || n < 1 || n > 65535 || net.ParseIP(host) == nil && !hostForm.MatchString(host) {
		return fmt.Errorf("must be HOST:PORT, such as mail.example:465; it is %q", s)
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		for _, w := range words {
			if s == w {
				return nil
			}
		}
		return fmt.Errorf("must be one of %s; it is %q", strings.Join(words, ", "), s)
	}
}

func orNone(right func(string) error) func(string) error {
	return func(s string) error {
		if s == none {
			return nil
		}
		return right(s)
	}
}
