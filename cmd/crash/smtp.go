//go:build linux

package main

import (
	"bufio"
	"net"
	"strings"
)

// point is a place in a dialogue, named by what has just passed.
type point string

// The points of an SMTP dialogue. A word that was asked has come from the
// plugin and not gone on. One that was answered has been executed, and the
// plugin does not know it yet. One that was heard has just reached the plugin.
const (
	smtpOpened       point = "smtp opened"
	smtpMailAsked    point = "smtp MAIL asked"
	smtpRcptAsked    point = "smtp RCPT asked"
	smtpRcptAnswered point = "smtp RCPT answered"
	smtpRcptHeard    point = "smtp RCPT heard" // the claim comes next
	smtpDataAsked    point = "smtp DATA asked" // the claim is committed
	smtpDataHeard    point = "smtp DATA heard"
	smtpBody         point = "smtp body"
	smtpDotAsked     point = "smtp dot asked"
	smtpDotAnswered  point = "smtp dot answered"
	smtpDotHeard     point = "smtp dot heard"
	smtpQuitAsked    point = "smtp QUIT asked"
)

// smtpDialogue relays one connection in lockstep. pass reports whether to go on.
func smtpDialogue(client, server net.Conn, pass func(point) bool) {
	d := dialogue{client: bufio.NewReader(client), server: bufio.NewReader(server), toClient: client, toServer: server, pass: pass}
	if !pass(smtpOpened) || !d.answer("", "") {
		return
	}
	for d.command() {
	}
}

type dialogue struct {
	client, server     *bufio.Reader
	toClient, toServer net.Conn
	pass               func(point) bool
}

// command relays one command with its answer, and the mail that follows DATA.
func (d *dialogue) command() bool {
	line, err := d.client.ReadString('\n')
	if err != nil {
		return false
	}
	verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
	p := map[string][3]point{
		"MAIL": {smtpMailAsked}, "RCPT": {smtpRcptAsked, smtpRcptAnswered, smtpRcptHeard},
		"DATA": {smtpDataAsked, "", smtpDataHeard}, "QUIT": {smtpQuitAsked},
	}[verb]
	if !d.at(p[0]) || !d.send(line) || !d.answer(p[1], p[2]) {
		return false
	}
	return verb != "DATA" || d.mail()
}

func (d *dialogue) at(p point) bool { return p == "" || d.pass(p) }

func (d *dialogue) send(line string) bool {
	_, err := d.toServer.Write([]byte(line))
	return err == nil
}

// answer relays the server's answer, which may have several lines.
func (d *dialogue) answer(answered, heard point) bool {
	var text strings.Builder
	for {
		line, err := d.server.ReadString('\n')
		if err != nil {
			return false
		}
		text.WriteString(line)
		// A hyphen behind the code means that another line follows: RFC 5321, 4.2.1.
		if len(line) < 4 || line[3] != '-' {
			break
		}
	}

	if !d.at(answered) {
		return false
	}
	if _, err := d.toClient.Write([]byte(text.String())); err != nil {
		return false
	}

	return d.at(heard)
}

// mail relays the lines up to the final dot, and the answer to that.
func (d *dialogue) mail() bool {
	for n := 0; ; n++ {
		line, err := d.client.ReadString('\n')
		if err != nil {
			return false
		}
		switch {
		case n == 8 && !d.pass(smtpBody): // by then the server has part of the mail
			return false
		case line == ".\r\n":
			return d.pass(smtpDotAsked) && d.send(line) && d.answer(smtpDotAnswered, smtpDotHeard)
		case !d.send(line):
			return false
		}
	}
}
