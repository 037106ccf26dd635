package r01

import (
	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/shared/registrar"
)

// The plugin's names and version.
const (
	name    = "r01"
	title   = "R01.RU by mail"
	version = "0.1.0"
)

var tlds = []string{"ru", "su", "xn--p1ai"}

func description() registrar.Description {
	return registrar.Description{
		Name: name, Title: title, Version: version, TLDs: tlds,
		Kinds:        lifecycle.OperationKinds(),
		Offers:       []registrar.Offer{{Kinds: sold()}},
		Registrants:  mailform.Registrants(),
		Capabilities: append(registrar.CapabilitiesOf((*Registrar)(nil)), registrar.CapCheck),
		Schema:       schema(),
		Phrases:      phrases(),
	}
}

// sold returns the offers, which are the same in every zone, for one year at a time.
func sold() (all []registrar.KindOffer) {
	for _, k := range lifecycle.OperationKinds() {
		all = append(all, registrar.KindOffer{Kind: k})
	}
	return all
}

func text(name, fallback, about string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeString, Default: fallback, Description: about}
}

func required(name, about string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeString, Required: true, Description: about}
}

func password(name, about string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeString, Sensitive: true, Description: about}
}

func choice(name, fallback, about string, of ...string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeString, Default: fallback, OneOf: of, Description: about}
}

func duration(name, fallback, about string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeDuration, Default: fallback, Description: about}
}

func number(name, fallback, about string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeInt, Default: fallback, Description: about}
}

func flag(name, about string) registrar.Attribute {
	return registrar.Attribute{Name: name, Type: registrar.TypeBool, Default: "false", Description: about}
}

func block(name, about string, attributes ...registrar.Attribute) registrar.Block {
	return registrar.Block{Name: name, Description: about, Schema: registrar.Schema{Attributes: attributes}}
}

// schema is the plugin's config block in plugin.hcl.
func schema() registrar.Schema {
	secretPassword := password("password", "the password of R01's mail interface")
	secretPassword.Required = true

	return registrar.Schema{
		Attributes: []registrar.Attribute{
			required("agreement", "the number of the agreement with R01"),
			secretPassword,
			required("gateway", "the address of R01's robot"),
			required("callback", "our address: From of every request, and where replies arrive"),
			text("bcc", "", "a copy of every request goes there; it carries the password"),
			choice("pay_type", "real", "which R01 account pays", "real", "bonus", "real,bonus", "bonus,real"),
			choice("charset", "koi8-r", "charset of requests", "koi8-r", "windows-1251"),
			text("store", sqldb.InFile, "where the plugin keeps its state: sqlite, or the URL of a PostgreSQL database that several nodes share"),
			text("reconciled", "", "after restoring a backup: the incarnation that a person has compared with R01's own list"),
		},
		Blocks: []registrar.Block{
			block("subjects", "subjects of requests",
				text("client", "New client", "for a new client"), text("domain", "New domain", "for a new domain"),
				text("prolong", "Prolong domain", "for a renewal"), text("update", "Update domain", "for a change")),
			block("handles", "how client handles are made: PREFIX_COUNTER_RANDOM-SUFFIX",
				text("prefix", "PANEL", "capital letters, digits and _"),
				registrar.Attribute{Name: "counter", Type: registrar.TypeInt, Default: "1", Description: "the first counter"},
				text("suffix", "R01", "R01, or GPT for the older form")),
			smtpBlock(), imapBlock(), repliesBlock(), replyBlock(),
			block("deadlines", "when silence becomes an alarm",
				duration("queued", "24h", "until R01 confirms a request"), duration("done", "168h", "until R01 reports the result"),
				duration("settle", "", "how long a request may still be carried out after it was handed to the relay: its queue life, and R01's pace; without it, as long as queued")),
			block("keep", "how long things are kept",
				duration("mails", "1095d", "the text of a mail, once what it is about is concluded"),
				duration("strangers", "14d", "a stranger's mail, of which 64 KiB are kept: it waits in the list of strangers, and then expires")),
			block("renewal", "how domains are renewed",
				text("schedule", "0 4 * * *", "cron expression"), text("timezone", "Europe/Moscow", "of the schedule"),
				choice("mode", "manual", "of new domains; with auto R01 is paid whether the customer has paid or not", "auto", "manual"),
				duration("before", "55d", "how long before paid-till"),
				flag("r01_auto", "R01 renews by itself under this agreement, so nothing is renewed from here"),
				number("batch", "1", "the most domains in one mail")),
			block("brake", "how much may be spent before a person looks",
				number("per_hour", "1000", "paid requests in an hour"), number("per_day", "5000", "and in a day"),
				text("reserve", defaultReserve, "the share of both that renewals by schedule leave to what customers have ordered")),
			registryBlock(),
		},
	}
}

func smtpBlock() registrar.Block {
	return block("smtp", "how mail is sent",
		required("address", "HOST:PORT"), choice("tls", "starttls", "transport security", "none", "starttls", "implicit"),
		flag("allow_plaintext", "permit tls = \"none\" to another machine"),
		text("username", "", "user name"), password("password", "its password"),
		number("connections", "4", "how many mails are sent at a time, each on a connection that is kept for the next"))
}

func imapBlock() registrar.Block {
	return block("imap", "how replies are fetched",
		required("address", "HOST:PORT"), choice("tls", "implicit", "transport security", "none", "starttls", "implicit"),
		flag("allow_plaintext", "permit tls = \"none\" to another machine"),
		required("username", "user name"), password("password", "its password"),
		text("mailbox", "INBOX", "the folder replies arrive in"), text("processed", "", "the folder handled mails are moved to; empty leaves them"),
		duration("poll", "1m", "how often to look when nothing is announced"))
}

func repliesBlock() registrar.Block {
	return block("replies", "whom to believe",
		registrar.Attribute{Name: "from", Type: registrar.TypeStrings, Description: "accepted senders; empty accepts any"},
		choice("require", "none", "proof of the sender", "none", "dkim", "authentication-results"),
		registrar.Attribute{Name: "domains", Type: registrar.TypeStrings, Description: "domains that may sign; empty means those of from"},
		text("authserv_id", "", "for authentication-results: the name of the server whose header is trusted"),
		registrar.Attribute{Name: "hosts", Type: registrar.TypeStrings, Description: "names, addresses and networks of your own mail servers, as they stand in the Received fields they write: what these report of mail that could not be delivered is believed; empty believes none"},
		duration("retry", "24h", "how long the proof is tried for when DNS does not answer"),
		number("quota", "100", "the most unproved mails of one sender that wait a day, and ten times as many of all together; what is beyond it raises one alarm"))
}

func replyBlock() registrar.Block {
	outcome := choice("outcome", "", "what such a mail says")
	outcome.Required = true
	for _, o := range registrar.ReplyOutcomes() {
		outcome.OneOf = append(outcome.OneOf, string(o))
	}
	b := block("reply", "a rule that recognises replies; tried before the built-in ones",
		text("from", "", "RE2 over the sender"), text("subject", "", "RE2 over the subject"), text("body", "", "RE2 over the unquoted text"), outcome)
	b.Labels, b.Repeated = []string{"name"}, true
	return b
}
