package mailhost

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/emersion/go-smtp"

	"registrar.panel/internal/testrun"
)

// DovecotOptions shape an instance.
type DovecotOptions struct {
	// Users maps addresses to passwords. The address is also the login name.
	Users map[string]string
	// Folders exist for every user, beside INBOX.
	Folders []string
	// Certificate is shared by instances that have the same; nil = a new one.
	Certificate *Certificate
}

// DovecotAddresses are where an instance listens, HOST:PORT.
type DovecotAddresses struct {
	IMAP  string // plain, and STARTTLS
	IMAPS string
	LMTP  string
}

// Dovecot is an instance: IMAP out, LMTP in. Its methods belong to the test that
// started it: an error fails the test, and they return when their work is done.
type Dovecot struct {
	Addresses   DovecotAddresses
	Certificate *Certificate
	Users       map[string]string

	t      testing.TB
	dir    string
	config string
	daemon *daemon
	values dovecotValues
	stamps int // how often the file of users was written
}

// StartDovecot runs an instance until the test ends.
func StartDovecot(t testing.TB, o DovecotOptions) *Dovecot {
	t.Helper()
	require(t, "dovecot", "doveadm")
	d := &Dovecot{t: t, dir: directory(t), Users: maps.Clone(o.Users)}
	d.config = filepath.Join(d.dir, "dovecot.conf")
	if d.Certificate = o.Certificate; d.Certificate == nil {
		d.Certificate = NewCertificate(t)
	}
	d.daemon = &daemon{name: "dovecot", args: []string{"-F", "-c", d.config}, log: filepath.Join(d.dir, "log")}
	d.daemon.attend(t)
	ownedDir(t, d.dir, "mail", "nobody", "", 0o700)
	d.writeUsers()
	d.values = dovecotValues{Dir: d.dir, Cert: d.Certificate.File, Key: d.Certificate.key, Folders: o.Folders}
	start(t, d.daemon, d.listen)
	return d
}

// start starts a server, on other ports if another process has taken the first ones.
func start(t testing.TB, d *daemon, listen func() error) {
	t.Helper()
	var err error
	for range 3 {
		if err = listen(); err == nil {
			return
		}
		d.stop(t)
	}
	t.Fatalf("start %s: %v; it wrote:\n%s", d.name, err, d.said())
}

// listen starts the server on new ports.
func (d *Dovecot) listen() error {
	ports := freePorts(d.t, 3)
	d.daemon.ports = ports
	d.values.IMAP, d.values.IMAPS, d.values.LMTP = ports[0], ports[1], ports[2]
	d.Addresses = DovecotAddresses{IMAP: loopback(ports[0]), IMAPS: loopback(ports[1]), LMTP: loopback(ports[2])}
	language := d.language() // before the values are used, because it sets their version
	var text bytes.Buffer
	if err := language.Execute(&text, d.values); err != nil {
		return err
	}
	write(d.t, d.dir, "dovecot.conf", text.String())
	return d.run()
}

// language chooses the language by version, because 2.4 can't read the configuration of 2.3.
func (d *Dovecot) language() *template.Template {
	d.values.Version, _, _ = strings.Cut(strings.TrimSpace(command(d.t, "dovecot", "--version")), " ")
	if strings.HasPrefix(d.values.Version, "2.3.") {
		return dovecot23
	}
	d.values.Version, _, _ = strings.Cut(d.values.Version, "-")
	return dovecot24
}

func (d *Dovecot) run() error {
	if err := d.daemon.start(); err != nil {
		return err
	}
	if err := greets(d.t, d.daemon, d.values.IMAP, filepath.Base(d.dir)); err != nil {
		return err
	}
	return greets(d.t, d.daemon, d.values.LMTP, filepath.Base(d.dir))
}

// Stop ends the server; Start brings it back on the same ports, with its mails.
func (d *Dovecot) Stop() {
	d.t.Helper()
	d.daemon.stop(d.t)
	d.daemon.leave(d.t)
}

// Start brings a stopped server back.
func (d *Dovecot) Start() {
	d.t.Helper()
	if err := d.run(); err != nil {
		d.t.Fatalf("start dovecot again: %v", err)
	}
}

// Restart stops and starts the server.
func (d *Dovecot) Restart() {
	d.t.Helper()
	d.Stop()
	d.Start()
}

// Freeze makes the server hang: connections stay, and requests get no answer.
func (d *Dovecot) Freeze() { d.daemon.signal(d.t, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (d *Dovecot) Thaw() { d.daemon.signal(d.t, syscall.SIGCONT) }

// Deliver hands a mail to a user by LMTP.
func (d *Dovecot) Deliver(to string, raw []byte) {
	d.t.Helper()
	if err := deliver(d.Addresses.LMTP, to, raw, testrun.Limit(d.t)); err != nil {
		d.t.Fatalf("deliver to %s: %v", to, err)
	}
}

// Fill puts many mails into the INBOX of a user at once, without delivering them.
func (d *Dovecot) Fill(user string, mails [][]byte) {
	d.t.Helper()
	before := d.Count(user, "INBOX", "all") // this creates the folder, too
	owner, err := os.Stat(filepath.Join(d.dir, "mail"))
	if err != nil {
		d.t.Fatal(err)
	}
	uid := int(owner.Sys().(*syscall.Stat_t).Uid)
	for i, raw := range mails {
		name := filepath.Join(d.dir, "mail", user, "Maildir", "cur", fmt.Sprintf("%d.%d.filled,S=%d:2,", time.Now().UnixNano(), i, len(raw)))
		if err := errors.Join(os.WriteFile(name, raw, 0o600), os.Chown(name, uid, -1)); err != nil {
			d.t.Fatal(err)
		}
	}
	if n := d.Count(user, "INBOX", "all"); n != before+len(mails) {
		d.t.Fatalf("%s has %d mails in INBOX, want %d", user, n, before+len(mails))
	}
}

// Unmark removes a keyword from all mails of a folder.
func (d *Dovecot) Unmark(user, folder, keyword string) {
	d.t.Helper()
	d.admin("flags", "remove", "-u", user, keyword, "mailbox", folder, "all")
}

func deliver(address, to string, raw []byte, patience time.Duration) error {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	client := smtp.NewClientLMTP(conn)
	defer client.Close()
	client.CommandTimeout, client.SubmissionTimeout = patience, patience
	return client.SendMail("", []string{to}, bytes.NewReader(raw))
}

// Log returns the end of the server's log.
func (d *Dovecot) Log() string { return d.daemon.said() }

// admin runs doveadm, Dovecot's own tool.
func (d *Dovecot) admin(args ...string) string {
	d.t.Helper()
	return command(d.t, "doveadm", append([]string{"-c", d.config}, args...)...)
}

// Kick ends the connections of a user.
func (d *Dovecot) Kick(user string) { d.admin("kick", user) }

// EmptyMailbox removes all mails of a folder.
func (d *Dovecot) EmptyMailbox(user, folder string) {
	d.t.Helper()
	d.admin("expunge", "-u", user, "mailbox", folder, "all")
}

// DeleteFolder removes a folder with its mails.
func (d *Dovecot) DeleteFolder(user, folder string) {
	d.t.Helper()
	d.admin("mailbox", "delete", "-u", user, folder)
}

// CreateFolder makes an empty folder.
func (d *Dovecot) CreateFolder(user, folder string) {
	d.t.Helper()
	d.admin("mailbox", "create", "-u", user, folder)
}

// Count returns how many mails of a folder match a search, such as "all" or "keyword x".
func (d *Dovecot) Count(user, folder string, search ...string) int {
	d.t.Helper()
	return len(strings.Fields(d.admin(append([]string{"-f", "flow", "search", "-u", user, "mailbox", folder}, search...)...))) / 2
}

// WipeIndexes makes the server forget the UIDs of INBOX: the mails get new ones, under
// another UIDVALIDITY. Their flags stay, and so do their keywords, unless keywords is set.
func (d *Dovecot) WipeIndexes(user string, keywords bool) {
	d.t.Helper()

	made := []string{"dovecot.index*", "dovecot-uidlist*"}
	if keywords {
		made = append(made, "dovecot-keywords*")
	}

	wiped := 0
	for _, pattern := range made {
		files, err := filepath.Glob(filepath.Join(d.dir, "mail", user, "Maildir", pattern))
		if err != nil {
			d.t.Fatal(err)
		}

		for _, f := range files {
			if err := os.Remove(f); err != nil && !os.IsNotExist(err) {
				d.t.Fatal(err)
			}
			wiped++
		}
	}

	// If nothing was wiped, the test would prove nothing.
	if wiped == 0 {
		d.t.Fatalf("%s has no index to wipe", user)
	}
}

// SetPassword changes the password of a user.
func (d *Dovecot) SetPassword(user, password string) {
	d.t.Helper()
	d.Users[user] = password
	d.writeUsers()
	testrun.Until(d.t, "dovecot to take the new password of "+user, func() (bool, string) { // it checks the file once a second
		return d.knows(user, password), "it knows another"
	})
}

func (d *Dovecot) knows(user, password string) bool {
	return exec.Command("doveadm", "-c", d.config, "auth", "test", user, password).Run() == nil
}

// writeUsers replaces the file of users. Dovecot reads its time in whole seconds.
func (d *Dovecot) writeUsers() {
	d.t.Helper()
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d.Users)) {
		fmt.Fprintf(&lines, "%s:{PLAIN}%s::::::\n", name, d.Users[name])
	}
	next := write(d.t, d.dir, "users.next", lines.String())
	d.stamps++
	when := time.Now().Add(time.Duration(d.stamps) * time.Second)
	if err := os.Chtimes(next, when, when); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(d.dir, "users")); err != nil {
		d.t.Fatal(err)
	}
}
