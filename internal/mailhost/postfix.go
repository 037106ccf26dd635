package mailhost

import (
	"bytes"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
)

// PostfixOptions shape an instance.
type PostfixOptions struct {
	// Dovecot gets the mails for its users. Submission is then only for
	// them, after a login; nil = submission needs no login and offers none.
	Dovecot *Dovecot
	// Routes are the SMTP servers, HOST:PORT, that take the mails to other domains.
	Routes map[string]string
	// Sinks are domains whose mails it accepts and throws away.
	Sinks []string
	// Without names extensions that the instance does not offer, such as "8bitmime" or "starttls".
	Without []string
	// Certificate is shared by instances that have the same; nil = a new one.
	Certificate *Certificate
}

// PostfixAddresses are where an instance listens, HOST:PORT.
type PostfixAddresses struct {
	SMTP        string // as other servers reach it: no login, and STARTTLS is optional
	Submission  string // STARTTLS is required
	Submissions string // TLS from the first byte
}

// Postfix is an instance that relays to Dovecot and to the routes,
// and nowhere else. Its methods belong to the test that started it.
type Postfix struct {
	Addresses   PostfixAddresses
	Certificate *Certificate

	t      testing.TB
	dir    string
	daemon *daemon
	values postfixValues
}

// StartPostfix runs an instance until the test ends.
func StartPostfix(t testing.TB, o PostfixOptions) *Postfix {
	t.Helper()

	require(t, "postfix", "postconf")
	p := &Postfix{t: t, dir: directory(t)}
	p.daemon = &daemon{name: master(t), args: []string{"-c", p.dir, "-s"}, log: filepath.Join(p.dir, "log")}
	p.daemon.attend(t)

	if p.Certificate = o.Certificate; p.Certificate == nil {
		p.Certificate = NewCertificate(t)
	}

	p.makeQueue()
	p.values = postfixValues{Dir: p.dir, Cert: p.Certificate.File, Key: p.Certificate.key, Without: strings.Join(o.Without, ", "),
		Routes: map[string]string{}}
	for domain, address := range o.Routes {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		p.values.Routes[domain] = "smtp:[" + host + "]:" + port
	}

	for _, domain := range o.Sinks {
		p.values.Routes[domain] = "discard:"
	}

	if o.Dovecot != nil {
		p.values.Auth = filepath.Join(o.Dovecot.dir, "auth")
		for user := range maps.Keys(o.Dovecot.Users) {
			_, domain, _ := strings.Cut(user, "@")
			p.values.Routes[domain] = "lmtp:inet:" + o.Dovecot.Addresses.LMTP
		}
	}

	start(t, p.daemon, p.listen)
	return p
}

// master finds the server itself. The program postfix is a script around the server that
// takes seconds to look for mistakes in an installation, and stays between us and the server.
func master(t testing.TB) string {
	t.Helper()
	return filepath.Join(strings.TrimSpace(command(t, "postconf", "-h", "daemon_directory")), "master")
}

// makeQueue makes the directories that the script would make. postfix-files(5)
func (p *Postfix) makeQueue() {
	p.t.Helper()
	ownedDir(p.t, p.dir, "data", "postfix", "", 0o700)
	ownedDir(p.t, p.dir, "queue", "", "", 0o755)
	for _, name := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		ownedDir(p.t, p.dir, "queue/"+name, "postfix", "", 0o700)
	}
	ownedDir(p.t, p.dir, "queue/pid", "", "", 0o755)
	ownedDir(p.t, p.dir, "queue/maildrop", "postfix", "postdrop", 0o730)
	ownedDir(p.t, p.dir, "queue/public", "postfix", "postdrop", 0o710)
}

// listen starts the server on new ports.
func (p *Postfix) listen() error {
	ports := freePorts(p.t, 3)
	p.daemon.ports = ports
	p.values.SMTP, p.values.Submission, p.values.Submissions = ports[0], ports[1], ports[2]
	p.Addresses = PostfixAddresses{SMTP: loopback(ports[0]), Submission: loopback(ports[1]), Submissions: loopback(ports[2])}
	for name, file := range map[string]*template.Template{"main.cf": postfixMain, "master.cf": postfixMaster, "transport": postfixTransport} {
		var text bytes.Buffer
		if err := file.Execute(&text, p.values); err != nil {
			return err
		}
		write(p.t, p.dir, name, text.String())
	}
	return p.run()
}

func (p *Postfix) run() error {
	if err := p.daemon.start(); err != nil {
		return err
	}
	return greets(p.t, p.daemon, p.values.SMTP, filepath.Base(p.dir))
}

// Stop ends the server; Start brings it back on the same ports, with its queue.
func (p *Postfix) Stop() {
	p.t.Helper()
	p.daemon.stop(p.t)
	p.daemon.leave(p.t)
}

// Start brings a stopped server back.
func (p *Postfix) Start() {
	p.t.Helper()
	if err := p.run(); err != nil {
		p.t.Fatalf("start postfix again: %v", err)
	}
}

// Freeze makes the server hang: connections stay, and requests get no answer.
func (p *Postfix) Freeze() { p.daemon.signal(p.t, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (p *Postfix) Thaw() { p.daemon.signal(p.t, syscall.SIGCONT) }

// Queued counts the mails that it has accepted and not yet handed on.
func (p *Postfix) Queued() (n int) {
	p.t.Helper()
	for _, name := range []string{"incoming", "active"} {
		entries, err := os.ReadDir(filepath.Join(p.dir, "queue", name))
		if err != nil {
			p.t.Fatal(err)
		}
		n += len(entries)
	}
	return n
}

// Log returns the end of the server's log.
func (p *Postfix) Log() string { return p.daemon.said() }
