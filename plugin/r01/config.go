package r01

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// config mirrors the schema.
type config struct {
	Agreement string        `json:"agreement"`
	Password  secret.String `json:"password"`
	Gateway   string        `json:"gateway"`
	Callback  string        `json:"callback"`
	BCC       string        `json:"bcc"`
	PayType   string        `json:"pay_type"`
	Charset   string        `json:"charset"`
	Store     secret.String `json:"store"`

	Reconciled string `json:"reconciled"`
	Keep       struct {
		Mails     string `json:"mails"`
		Strangers string `json:"strangers"`
	} `json:"keep"`
	Subjects struct {
		Client  string `json:"client"`
		Domain  string `json:"domain"`
		Prolong string `json:"prolong"`
		Update  string `json:"update"`
	} `json:"subjects"`
	Handles struct {
		Prefix  string `json:"prefix"`
		Counter int64  `json:"counter"`
		Suffix  string `json:"suffix"`
	} `json:"handles"`
	SMTP struct {
		server
	} `json:"smtp"`
	IMAP struct {
		server
		Mailbox   string `json:"mailbox"`
		Processed string `json:"processed"`
		Poll      string `json:"poll"`
	} `json:"imap"`
	Replies struct {
		From       []string        `json:"from"`
		Require    mailauth.Method `json:"require"`
		Domains    []string        `json:"domains"`
		AuthServID string          `json:"authserv_id"`
		Hosts      []string        `json:"hosts"`
		Retry      string          `json:"retry"`
		Quota      int             `json:"quota"`
	} `json:"replies"`
	Rules     []rule `json:"reply"`
	Deadlines struct {
		Queued string `json:"queued"`
		Done   string `json:"done"`
		Settle string `json:"settle"`
	} `json:"deadlines"`
	Renewal struct {
		Schedule string                `json:"schedule"`
		Timezone string                `json:"timezone"`
		Mode     registrar.RenewalMode `json:"mode"`
		Before   string                `json:"before"`
		R01Auto  bool                  `json:"r01_auto"`
		Batch    int                   `json:"batch"`
	} `json:"renewal"`
	Registry registryConfig `json:"registry"`
	Brake    struct {
		PerHour int    `json:"per_hour"`
		PerDay  int    `json:"per_day"`
		Reserve string `json:"reserve"`
	} `json:"brake"`
}

type server struct {
	Address        string        `json:"address"`
	TLS            string        `json:"tls"`
	AllowPlaintext bool          `json:"allow_plaintext"`
	Username       string        `json:"username"`
	Password       secret.String `json:"password"`
	Connections    int           `json:"connections"` // smtp only
}

type rule struct {
	Name    string `json:"name"`
	From    string `json:"from"`
	Subject string `json:"subject"`
	Body    string `json:"body"`
	Outcome string `json:"outcome"`
}

// settings is a configuration that was found valid.
type settings struct {
	engine     engine.Settings
	recogniser *mailform.Recogniser
	smtp       smtpout.Config
	mailbox    mailbox.Config
	sender     mailauth.Config
	registry   registrySettings
	renewal    renewal.Config
	server     secret.String // of the store; empty = it is a file
}

// parse reads a configuration and reports everything that is wrong with it.
func parse(raw json.RawMessage) (settings, []registrar.Problem) {
	// Values of the wrong type can't be checked further.
	if wrong := schema().Problems(raw); len(wrong) > 0 {
		return settings{}, wrong
	}

	var c config
	if err := json.Unmarshal(raw, &c); err != nil {
		return settings{}, []registrar.Problem{{Path: "", Message: "the settings do not match the schema"}}
	}

	p := &problems{}
	s := settings{engine: c.engineSettings(p), smtp: c.smtpConfig(), mailbox: c.mailboxConfig(p),
		sender: mailauth.Config{Method: c.Replies.Require, From: c.Replies.From, Domains: c.Replies.Domains, AuthServID: c.Replies.AuthServID, Hosts: c.Replies.Hosts}}
	s.registry, s.engine.Registry = c.Registry.settings(p)
	s.renewal = c.renewalConfig()
	p.under("renewal", s.renewal.Validate())
	p.under("replies", s.sender.Validate())
	p.under("smtp", s.smtp.Validate())
	p.under("imap", s.mailbox.Validate())

	var rules []mailform.RuleConfig
	for _, r := range c.Rules {
		rules = append(rules, mailform.RuleConfig{Name: r.Name, From: r.From, Subject: r.Subject, Body: r.Body, Outcome: r.Outcome})
	}

	recogniser, wrong := mailform.NewRecogniser(rules)
	s.recogniser = recogniser
	p.under("", wrong)
	s.server = c.server(p)
	return s, p.list
}

// server returns the PostgreSQL database that several nodes share; empty = the store is a file.
func (c config) server(p *problems) secret.String {
	server, err := sqldb.ServerOf(c.Store)
	if err != nil {
		p.add("store", "%v", err)
	}
	return server
}

type problems struct{ list []registrar.Problem }

func (p *problems) add(path, format string, args ...any) {
	p.list = append(p.list, registrar.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// under adds problems whose paths are relative to a block.
func (p *problems) under(block string, list []registrar.Problem) {
	for _, q := range list {
		if block != "" {
			q.Path = block + "." + q.Path
		}
		p.list = append(p.list, q)
	}
}

// oneLine reports whether a text fits on one line and is read back unchanged.
func oneLine(text string) bool {
	return text != "" && text == strings.TrimSpace(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (p *problems) address(path, value string, optional bool) string {
	if value == "" && optional {
		return ""
	}
	if err := smtpout.CheckAddress(value); err != nil {
		p.add(path, "must be one plain mail address in ASCII, as a relay takes it: write its domain in the xn-- form")
	}
	return value
}

func (p *problems) duration(path, value string) time.Duration {
	d, err := registrar.ParseDuration(value)
	if err != nil || d <= 0 {
		p.add(path, "must be a positive duration such as \"90s\", \"24h\" or \"55d\"")
	}
	return d
}

func (c config) engineSettings(p *problems) engine.Settings {
	for path, text := range map[string]string{"agreement": c.Agreement, "password": c.Password.Reveal()} {
		if !oneLine(text) {
			p.add(path, "must be one line of text, without blanks around it")
		}
	}

	if !mailform.IsHandlePrefix(c.Handles.Prefix) {
		p.add("handles.prefix", "must be 1 to 20 of A-Z, 0-9 and _")
	}
	if c.Handles.Counter < 0 {
		p.add("handles.counter", "must not be negative")
	}
	if !slices.Contains(mailform.HandleSuffixes(), c.Handles.Suffix) {
		p.add("handles.suffix", "must be one of %v", mailform.HandleSuffixes())
	}

	// Values that are wrong are copied, too: their problems refuse the whole configuration.
	return engine.Settings{
		Agreement: c.Agreement, Password: c.Password, PayType: c.PayType, Charset: mailform.Charset(c.Charset),
		Robot:        p.address("gateway", c.Gateway, false),
		Callback:     p.address("callback", c.Callback, false),
		BCC:          p.address("bcc", c.BCC, true),
		Subjects:     c.subjects(p),
		Handles:      engine.Handles{Prefix: c.Handles.Prefix, Counter: uint64(max(c.Handles.Counter, 0)), Suffix: c.Handles.Suffix},
		QueuedWithin: p.duration("deadlines.queued", c.Deadlines.Queued),
		DoneWithin:   p.duration("deadlines.done", c.Deadlines.Done),
		Settle:       p.duration("deadlines.settle", cmp.Or(c.Deadlines.Settle, c.Deadlines.Queued)),
		Renewal:      c.Renewal.Mode, R01Renews: c.Renewal.R01Auto, Batch: c.Renewal.Batch, Senders: c.senders(p),
		Brake:      c.brake(p),
		Reconciled: c.Reconciled, KeepMails: p.duration("keep.mails", c.Keep.Mails),
		KeepStrangers: p.duration("keep.strangers", c.Keep.Strangers), Quota: c.quota(p),
		Proof: c.Replies.Require != mailauth.None, ProofWithin: p.duration("replies.retry", cmp.Or(c.Replies.Retry, "24h")), RepliesFrom: c.Replies.From,
	}
}

// mostSenders bounds how many requests become uncertain if the plugin dies while sending.
const mostSenders = 32

func (c config) senders(p *problems) int {
	if c.SMTP.Connections < 1 || c.SMTP.Connections > mostSenders {
		p.add("smtp.connections", "must be 1 to %d", mostSenders)
	}
	return c.SMTP.Connections
}

func (c config) quota(p *problems) int {
	if c.Replies.Quota < 1 {
		p.add("replies.quota", "must be at least 1: how many unproved mails of one sender wait a day")
	}
	return c.Replies.Quota
}

func (c config) brake(p *problems) engine.Brake {
	if c.Brake.PerHour < 1 {
		p.add("brake.per_hour", "must be at least 1: how many paid requests may be sent in an hour")
	}
	if c.Brake.PerDay < c.Brake.PerHour {
		p.add("brake.per_day", "must be at least per_hour")
	}
	return engine.Brake{PerHour: c.Brake.PerHour, PerDay: c.Brake.PerDay, Reserve: p.reserve("brake.reserve", cmp.Or(c.Brake.Reserve, defaultReserve))}
}

// defaultReserve is the part of the spending limit that is reserved for customers' orders.
const defaultReserve = "20%"

// reserve reads a share that may be zero, and never the whole.
func (p *problems) reserve(path, text string) float64 {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	if !percent || err != nil || !(n >= 0 && n <= 90) {
		p.add(path, "%s", `must be a share from "0%" to "90%"`)
	}
	return n / 100
}

func (c config) renewalConfig() renewal.Config {
	r := c.Renewal
	before, err := registrar.ParseDuration(r.Before)
	if err != nil {
		before = 0 // and so refused
	}
	return renewal.Config{Schedule: r.Schedule, Timezone: r.Timezone, Mode: r.Mode, Before: before, R01Auto: r.R01Auto, Batch: r.Batch}
}

func (c config) subjects(p *problems) map[lifecycle.Kind]string {
	all := map[lifecycle.Kind]string{
		lifecycle.NewClient: c.Subjects.Client, lifecycle.NewDomain: c.Subjects.Domain, lifecycle.Prolong: c.Subjects.Prolong,
		lifecycle.UpdateDomain: c.Subjects.Update, lifecycle.UpdateClient: c.Subjects.Update,
	}
	for path, subject := range map[string]string{"client": c.Subjects.Client, "domain": c.Subjects.Domain, "prolong": c.Subjects.Prolong, "update": c.Subjects.Update} {
		if !oneLine(subject) {
			p.add("subjects."+path, "must be one line of text, without blanks around it")
		}
	}
	return all
}

func (c config) smtpConfig() smtpout.Config {
	return smtpout.Config{Address: c.SMTP.Address, TLS: smtpout.TLS(c.SMTP.TLS), AllowPlaintext: c.SMTP.AllowPlaintext,
		Username: c.SMTP.Username, Password: c.SMTP.Password}
}

func (c config) mailboxConfig(p *problems) mailbox.Config {
	return mailbox.Config{Address: c.IMAP.Address, TLS: mailbox.TLS(c.IMAP.TLS), AllowPlaintext: c.IMAP.AllowPlaintext,
		Username: c.IMAP.Username, Password: c.IMAP.Password, Mailbox: c.IMAP.Mailbox, Processed: c.IMAP.Processed,
		Answers: mailbox.Answers{From: append([]string{c.Gateway}, c.Replies.From...), Thread: "@" + c.Callback[strings.LastIndex(c.Callback, "@")+1:] + ">"},
		Poll:    p.duration("imap.poll", c.IMAP.Poll)}
}
