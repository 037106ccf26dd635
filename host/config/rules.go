package config

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/hashicorp/hcl/v2"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/secret"
)

// reader turns blocks into a Config and collects what breaks a rule.
type reader struct {
	dir, file string
	secrets   secrets
	look      variables
	shared    int // number of problems that are no single registrar's
	problems  []Problem
	decoding  []Problem // found by HCL itself
	warnings  []Problem
}

// add records a problem, unless HCL has already complained about that line: the rule sees only the
// zero value of what could not be decoded.
func (r *reader) add(at Position, message string) {
	for _, d := range r.decoding {
		if d.Line == at.Line {
			return
		}
	}
	r.problems = append(r.problems, Problem{Position: at, Message: message})
}

// between records a problem between two registrars, for which neither alone can be blamed.
func (r *reader) between(at Position, message string) {
	before := len(r.problems)
	if r.add(at, message); len(r.problems) > before {
		r.shared++
	}
}

func (r *reader) panel(b *panelBlock) Panel {
	// Without the block the defaults apply, and a mistake in them needs a place, too.
	if b == nil {
		b = &panelBlock{At: hcl.Range{Filename: r.file, Start: hcl.InitialPos}}
	}

	p := Panel{
		Data: join(r.dir, or(b.Data, defaultData)), Listen: strings.TrimSpace(b.Listen),
		DataAt: r.at(b.DataAt, b.At), ListenAt: r.at(b.ListenAt, b.At), TokenAt: positionOf(b.At), StoreAt: positionOf(b.At),
	}

	if b.Token != nil {
		p.TokenAt = positionOf(b.Token.Range())
		p.Token = r.token(b.Token)
	}

	if b.Store != nil {
		p.StoreAt = positionOf(b.Store.Range())
		p.Store = r.store(b.Store)
	}

	r.protect(&p, b)
	p.Keep = r.keep(b.Keep)
	r.checkListen(&p)
	p.Webhooks = r.webhooks(b.Webhooks)
	p.Notify = r.notify(b.Notify)
	p.BackupRecipients, p.BackupRecipientsAt = b.BackupRecipients, r.at(b.BackupRecipientsAt, b.At)

	if _, err := p.Recipients(); err != nil {
		r.add(p.BackupRecipientsAt, err.Error())
	}
	if p.LogLevel = b.LogLevel; p.LogLevel != "" && !slices.Contains(LogLevels(), p.LogLevel) {
		r.add(r.at(b.LogLevelAt, b.At), fmt.Sprintf("panel.log_level must be one of %s", strings.Join(LogLevels(), ", ")))
	}
	p.Unpaid = r.unpaid(b)

	return p
}

// LogLevels lists the values of log_level, from the most verbose to the least.
func LogLevels() []string { return []string{"trace", "debug", "info", "warn", "error"} }

// leastToken is the length of the shortest token that can't be found by trying.
const leastToken = 16

// token reads the bootstrap credential. An empty one is a mistake: taken for none, it would let every caller in.
func (r *reader) token(e hcl.Expression) secret.String {
	if v, diags := e.Value(evalContext); !diags.HasErrors() && v.IsNull() {
		return secret.String{}
	}
	before := len(r.problems)
	token := r.secret(e, "panel.token", func(text string) bool { return text != "" })
	if len(r.problems) > before {
		return secret.String{}
	}
	switch text := token.Reveal(); {
	case text == "":
		r.add(positionOf(e.Range()), "panel.token is empty: put a token there, such as openssl rand -hex 32 makes, or leave the attribute out")
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }):
		r.add(positionOf(e.Range()), "panel.token holds something else than visible ASCII characters, and can't be sent in a header")
	case len(text) < leastToken:
		r.add(positionOf(e.Range()), fmt.Sprintf("panel.token has %d characters, and one of less than %d can be guessed: make one with openssl rand -hex 32", len(text), leastToken))
	}
	return token
}

func (r *reader) at(rng, otherwise hcl.Range) Position {
	if rng.Filename == "" {
		rng = otherwise
	}
	return positionOf(rng)
}

func (r *reader) store(e hcl.Expression) secret.String {
	server, err := sqldb.ServerOf(r.secret(e, "panel.store", holdsPassword))
	if err != nil {
		r.add(positionOf(e.Range()), "panel.store "+err.Error())
	}
	return server
}

// secret reads a setting that may be secret; is reports whether a text should not be written in the file itself.
func (r *reader) secret(e hcl.Expression, path string, is func(text string) bool) secret.String {
	v, problem := sensitive(e, path)
	if problem != nil {
		r.problems = append(r.problems, *problem)
		return secret.String{}
	}
	text, literal, err := r.secrets.resolve(v)
	if err != nil {
		r.problems = append(r.problems, Problem{Position: positionOf(e.Range()), Message: path + ": " + err.Error()})
	}
	if literal && is(text) {
		r.warnings = append(r.warnings, literalSecret(positionOf(e.Range()), path))
	}
	return secret.New(text)
}

// protect reads the settings that keep strangers from listening in.
func (r *reader) protect(p *Panel, b *panelBlock) {
	if b.TLS != nil {
		p.TLS = &TLS{Cert: join(r.dir, b.TLS.Cert), Key: join(r.dir, b.TLS.Key), At: positionOf(b.TLS.At)}
		if b.TLS.Cert == "" || b.TLS.Key == "" {
			r.add(p.TLS.At, "panel.tls needs cert and key: the files of the certificate and of its key")
		}
	}
	for _, text := range b.BehindProxy {
		prefix, err := netip.ParsePrefix(text)
		if address, addressErr := netip.ParseAddr(text); addressErr == nil {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			r.add(r.at(b.BehindProxyAt, b.At), "panel.behind_proxy: "+strconv.Quote(text)+" is neither an address nor a network such as 10.0.0.0/24")
			continue
		}
		p.Proxy = append(p.Proxy, prefix)
	}
}

const (
	unixScheme  = "unix://"
	longestUnix = 107 // bytes of a socket's path, by the kernel
)

func (r *reader) checkListen(p *Panel) {
	// By default a socket in the panel's own directory, on which only the panel's user and root can call.
	if p.Listen == "" {
		p.Listen = unixScheme + filepath.Join(p.Data, defaultSocket)
		r.checkSocket(p)
		return
	}

	if path, ok := strings.CutPrefix(p.Listen, unixScheme); ok {
		if path == "" {
			r.add(p.ListenAt, "panel.listen names no path: write unix:///PATH")
			return
		}
		p.Listen = unixScheme + join(r.dir, path)
		r.checkSocket(p)
		return
	}

	host, port, err := net.SplitHostPort(p.Listen)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || (n == 0 && port != "0") {
		r.add(p.ListenAt, `panel.listen must be "HOST:PORT" or "unix:///PATH"`)
		return
	}

	if !loopback(host) && p.TLS == nil && len(p.Proxy) == 0 {
		r.add(p.ListenAt, "panel.listen can be reached from other machines, and credentials would be sent in clear text: add tls { cert, key }, or behind_proxy = [ADDRESS] for a proxy that has TLS, or listen on 127.0.0.1 or on a socket")
	}
}

func (r *reader) checkSocket(p *Panel) {
	path, _ := p.Socket()
	if len(path) > longestUnix {
		r.add(p.ListenAt, fmt.Sprintf("panel.listen: the path of the socket, %s, has %d bytes, and no more than %d are possible: choose a shorter one", path, len(path), longestUnix))
	}
	if p.TLS != nil || len(p.Proxy) > 0 {
		r.add(p.ListenAt, "panel.tls and panel.behind_proxy belong to HOST:PORT, and the panel listens on a socket")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *reader) registrars(blocks []registrarBlock) []Registrar {
	var all []Registrar
	for _, b := range blocks {
		one := r.registrar(b)
		if slices.ContainsFunc(all, func(o Registrar) bool { return o.Name == one.Name }) {
			r.between(one.At, "registrar "+strconv.Quote(one.Name)+" is defined twice: give one another name")
		}
		all = append(all, one)
	}
	r.checkShared(all)
	return all
}

// goodName matches the name of a registrar, which is part of directory names.
var goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func (r *reader) registrar(b registrarBlock) Registrar {
	one := Registrar{
		Name: b.Name, Plugin: b.Name, Default: b.Default, Path: join(r.dir, b.Path), SHA256: strings.ToLower(b.SHA256), Dev: b.Dev,
		At: positionOf(b.At), PluginAt: r.at(b.PluginAt, b.At), TLDsAt: r.at(b.TLDsAt, b.At), DefaultAt: r.at(b.DefaultAt, b.At),
		PathAt: r.at(b.PathAt, b.At), SHA256At: r.at(b.SHA256At, b.At), UserAt: r.at(b.UserAt, b.At),
		Env: b.Env, User: b.User, Retired: b.Retired,
		body: hcl.EmptyBody(), configAt: positionOf(b.At),
	}

	if b.Config != nil {
		one.body, one.configAt = b.Config.Body, positionOf(b.Config.At)
	}
	if !goodName.MatchString(b.Name) {
		r.add(one.At, "a registrar's name has 1 to 32 of a-z 0-9 - and does not start with -")
	}

	// If plugin is left out, the registrar's own name is used; an empty plugin is a mistake.
	if b.Plugin != nil {
		if one.Plugin = *b.Plugin; !goodName.MatchString(one.Plugin) {
			r.add(one.PluginAt, "plugin must be the name of a plugin, as it calls itself: 1 to 32 of a-z 0-9 -, not - first; leave it out where the registrar is called as its plugin")
		}
	}

	// A retired registrar's TLDs count, too: its names stay in their zones, and do not count as names of a shorter one.
	one.TLDs = r.tlds(b.TLDs, one.TLDsAt)
	if one.Retired {
		return one // the rest of the block is not used any more
	}
	if len(b.TLDs) == 0 {
		r.add(one.TLDsAt, "tlds must name at least one TLD")
	}

	r.checkProgram(one)
	r.checkEnv(b.Env, r.at(b.EnvAt, b.At))
	one.PlainText = r.plainText(b)
	return one
}

// goodVariable matches the name of a variable that a shell could set.
var goodVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkEnv refuses variables that would undo the pinned program or the handshake.
func (r *reader) checkEnv(names []string, at Position) {
	for _, name := range names {
		switch {
		case !goodVariable.MatchString(name):
			r.add(at, strconv.Quote(name)+" is not the name of an environment variable: env lists names, without values")
		case strings.HasPrefix(name, "LD_"):
			r.add(at, "the variable "+name+" would let other code into the plugin's program")
		case strings.HasPrefix(name, "PLUGIN_"), strings.HasPrefix(name, "REGISTRAR_"):
			r.add(at, "the variable "+name+" belongs to the panel's own talk with its plugins")
		default:
			if _, ok := r.look(name); !ok {
				r.warnings = append(r.warnings, Problem{Position: at, Message: "the environment variable " + name + " is not set"})
			}
		}
	}
}

// plainText accepts a connection without TLS only with a reason, which is logged at each start.
func (r *reader) plainText(b registrarBlock) string {
	reason, off := strings.TrimSpace(b.Reason), b.MTLS != nil && !*b.MTLS
	switch {
	case off && reason == "":
		r.add(r.at(b.MTLSAt, b.At), "mtls = false needs mtls_reason: why the connection to this plugin can't have TLS")
	case !off && reason != "":
		r.add(r.at(b.ReasonAt, b.At), "mtls_reason belongs to mtls = false")
	}
	if !off {
		return ""
	}
	return reason
}

func (r *reader) tlds(written []string, at Position) []string {
	var tlds []string
	for _, w := range written {
		tld, err := normalTLD(w)
		switch {
		case err != nil:
			r.add(at, strconv.Quote(w)+" is no zone that names are registered in, such as ru or com.ru")
		case slices.Contains(tlds, tld):
			r.add(at, "the TLD "+tld+" is named twice")
		default:
			tlds = append(tlds, tld)
		}
	}
	return tlds
}

// normalTLD accepts .RU, ru, рф, xn--p1ai and com.ru.
func normalTLD(s string) (string, error) {
	tld, err := idna.Registration.ToASCII(strings.ToLower(strings.Trim(strings.TrimSpace(s), ".")))
	if err == nil && tld == "" {
		err = &net.DNSError{Err: "empty name"}
	}
	return tld, err
}

func (r *reader) checkProgram(one Registrar) {
	sum, err := hex.DecodeString(one.SHA256)
	switch {
	case one.Path == "" && (one.SHA256 != "" || one.Dev):
		r.add(one.At, "sha256 and dev belong to a path, and registrar "+strconv.Quote(one.Name)+" has none")
	case one.SHA256 != "" && (err != nil || len(sum) != 32):
		r.add(one.SHA256At, "sha256 must be 64 hexadecimal digits")
	case one.Path != "" && one.SHA256 == "" && !one.Dev:
		r.add(one.PathAt, "a plugin with a path needs its sha256; dev = true waives it while you develop")
	case one.Dev && one.SHA256 == "":
		r.warnings = append(r.warnings, Problem{Position: one.PathAt, Message: "dev = true: whatever stands at this path is run as registrar " + one.Name})
	}
}

// checkShared checks that exactly one of several registrars that serve a TLD is the default.
func (r *reader) checkShared(all []Registrar) {
	serving := map[string][]Registrar{}
	for _, one := range all {
		if one.Retired {
			continue
		}
		for _, tld := range one.TLDs {
			serving[tld] = append(serving[tld], one)
		}
	}

	// Without a default, chance would decide where new orders go.
	for tld, several := range serving {
		if len(several) < 2 {
			continue
		}

		defaults := slices.DeleteFunc(slices.Clone(several), func(o Registrar) bool { return !o.Default })
		switch {
		case len(defaults) == 0:
			r.between(several[1].TLDsAt, "the TLD "+tld+" is served by "+several[0].Name+" too: set default = true in one of them")
		case len(defaults) > 1:
			r.between(defaults[1].DefaultAt, "the TLD "+tld+" has the default "+defaults[0].Name+" already: only one of them can be it")
		}
	}
}

// Socket returns the socket's path if the panel listens on one.
func (p Panel) Socket() (path string, ok bool) { return strings.CutPrefix(p.Listen, unixScheme) }

// URL returns where a client on this machine reaches the panel's API. For a socket only the path of
// a request has a meaning.
func (p Panel) URL() string {
	if _, ok := p.Socket(); ok {
		return p.Listen
	}
	host, port, _ := net.SplitHostPort(p.Listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if p.TLS != nil {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}).String()
}
