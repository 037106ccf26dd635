// Package config reads plugin.hcl.
//
// It guarantees that every mistake is reported, all at once, with file, line and column; that nothing
// unknown is silently accepted; and that a secret stays a reference until the moment its plugin is
// configured, so no message can print one.
//
// A mistake of the file's author is an [*Error]. A file that can't be read is [ErrUnreadable]. Any
// other error means that a plugin's schema is broken.
//
// Relative paths in the file are relative to the file's own directory.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"registrar.panel/shared/secret"
)

// Config is a plugin.hcl without mistakes in the host's part. [Config.Settings] judges the parts of
// the plugins, once their schemas are known.
type Config struct {
	Panel      Panel
	Registrars []Registrar
	Warnings   []Problem

	secrets secrets
}

// Panel is the block panel.
type Panel struct {
	Data   string        // directory of the panel's database and run files
	Listen string        // unix://PATH or HOST:PORT
	Token  secret.String // bootstrap credential with every right, for HOST:PORT; empty = none
	Store  secret.String // URL of the PostgreSQL database that panels share; empty = a file in Data

	TLS   *TLS           // of HOST:PORT; nil = none
	Proxy []netip.Prefix // callers are accepted only from here, by a proxy that has TLS; nil = from everywhere

	// LogLevel is one of [LogLevels]; "" = the file says nothing.
	LogLevel string

	Unpaid time.Duration // how long an order may wait for its payment, before it ends by itself

	// Webhooks are the programs to which the Action Log is sent.
	Webhooks []Webhook

	Notify *Notify // who is told what needs a person; nil = none

	// BackupRecipients are the age recipients to which the keys in backups are encrypted.
	BackupRecipients []string

	Keep Keep // how long personal data are kept after their use is over

	DataAt, ListenAt, TokenAt, StoreAt, BackupRecipientsAt Position
}

// TLS is the block tls: the files of the certificate with its chain, and of its key.
type TLS struct {
	Cert, Key string
	At        Position
}

// Same reports whether two blocks name the same files, wherever they stand. A file is read again when it changes.
func (t *TLS) Same(other *TLS) bool {
	if t == nil || other == nil {
		return t == other
	}
	return t.Cert == other.Cert && t.Key == other.Key
}

// Webhook is a block webhook.
type Webhook struct {
	Name   string
	URL    string
	Events []string // types of entries; none = all

	At, EventsAt, SecretAt Position

	key cty.Value // see [Config.Key]
}

// Registrar is a block registrar.
type Registrar struct {
	Name    string   // name of the account: in lists, logs and events, and of its data
	Plugin  string   // name of the plugin, as it calls itself; several accounts may use one
	TLDs    []string // ACE, lower case, without outer dots; with one label or several, such as com.ru
	Default bool     // it gets new orders for its TLDs if several registrars serve them
	Path    string   // the plugin's program; "" = bundled with the panel
	SHA256  string   // of the program, in hex
	Dev     bool     // the program may change: its checksum is not checked
	Env     []string // names of variables that the process inherits from the panel
	User    string   // the account that its process runs as; "" = the panel's own
	// PlainText is why the connection to the plugin has no TLS; "" = it has TLS.
	PlainText string
	// Retired means that its process is not run any more; its domains and orders stay on record.
	Retired bool
	// Mistakes are those of its block, if the file was read with [LoadTolerant].
	Mistakes []Problem

	At, PluginAt, TLDsAt, DefaultAt, PathAt, SHA256At, UserAt Position

	body     hcl.Body // of its config block
	configAt Position
}

// Values that apply if the file says nothing.
const (
	defaultData   = "data"
	defaultSocket = "panel.sock" // in data
)

// ErrUnreadable means that the file does not exist, or may not be read.
var ErrUnreadable = errors.New("the configuration can't be read")

// Load reads and checks a file.
func Load(path string) (*Config, error) {
	c, err := LoadTolerant(path)
	if err != nil {
		return nil, err
	}
	return c.strict()
}

// LoadTolerant is Load for a panel that goes on without a registrar whose block is wrong: mistakes
// within the block of one registrar are that registrar's, and no error.
func LoadTolerant(path string) (*Config, error) { return load(path, os.LookupEnv, os.LookupEnv) }

// LoadServing is LoadTolerant for a process that goes on: it takes secrets out of the process's
// environment. With a nil environment it leaves them there.
func LoadServing(path string, e *Environment) (*Config, error) {
	if e == nil {
		return LoadTolerant(path)
	}
	return load(path, e.Look, e.Take)
}

// variables looks up a variable of the environment.
type variables = func(name string) (string, bool)

func load(path string, look, take variables) (*Config, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return parseTolerant(path, source, look, take)
}

// strict turns the registrars' mistakes into an error.
func (c *Config) strict() (*Config, error) {
	var all []Problem
	for _, r := range c.Registrars {
		all = append(all, r.Mistakes...)
	}
	if err := asError(all); err != nil {
		return nil, err
	}
	return c, nil
}

// Fault returns the mistakes of a registrar's block as an error.
func (r Registrar) Fault() error { return asError(r.Mistakes) }

func parseTolerant(path string, source []byte, look, take variables) (*Config, error) {
	file, diags := hclparse.NewParser().ParseHCL(source, path)
	if diags.HasErrors() {
		return nil, asError(problemsOf(diags))
	}
	var f fileBlocks
	diags = gohcl.DecodeBody(file.Body, evalContext, &f)
	r := reader{dir: filepath.Dir(path), file: path, secrets: secrets{dir: filepath.Dir(path), env: take}, look: look, problems: problemsOf(diags)}
	r.decoding = slices.Clone(r.problems)
	c := &Config{Panel: r.panel(f.Panel), Registrars: r.registrars(f.Registrars), secrets: r.secrets}
	c.Warnings = r.warnings
	// A mistake that is no single registrar's keeps them all from being read.
	if left := c.assign(r.problems, file.Body); left+r.shared > 0 {
		return nil, asError(r.problems)
	}
	return c, nil
}

// assign gives each registrar the problems in its block. It returns how many are left: those
// outside of such blocks, or in a block whose registrar can't be told from another.
func (c *Config) assign(problems []Problem, body hcl.Body) (left int) {
	blocks := map[string]hcl.Range{}
	if native, ok := body.(*hclsyntax.Body); ok {
		for _, b := range native.Blocks {
			if b.Type == "registrar" && len(b.Labels) == 1 {
				_, twice := blocks[b.Labels[0]]
				// The whole block, because a mistake deep within its config is this registrar's, too.
				blocks[b.Labels[0]] = hcl.RangeBetween(b.DefRange(), b.Body.Range())
				// Two registrars of one name can't be told apart, so no mistake is one's alone.
				if twice {
					return len(problems)
				}
			}
		}
	}

	for _, p := range problems {
		at := slices.IndexFunc(c.Registrars, func(r Registrar) bool {
			block, ok := blocks[r.Name]
			return ok && goodName.MatchString(r.Name) && block.Start.Line <= p.Line && p.Line <= block.End.Line
		})
		if at < 0 {
			left++
			continue
		}
		c.Registrars[at].Mistakes = append(c.Registrars[at].Mistakes, p)
	}

	return left
}

// Dir returns the directory that relative paths in the file start from.
func (c *Config) Dir() string { return c.secrets.dir }

// WithoutSecrets returns the same configuration, which makes settings without reading secrets:
// instead of a secret they have the default, or a placeholder if there is no default.
func (c *Config) WithoutSecrets() *Config {
	without := *c
	without.secrets.unread = true
	return &without
}

// Registrar returns a registrar by its name.
func (c *Config) Registrar(name string) (Registrar, bool) {
	for _, r := range c.Registrars {
		if r.Name == name {
			return r, true
		}
	}
	return Registrar{}, false
}

// Accounts returns the registrars that are accounts of a plugin.
func (c *Config) Accounts(plugin string) []Registrar {
	return slices.DeleteFunc(slices.Clone(c.Registrars), func(r Registrar) bool { return r.Plugin != plugin || r.Retired })
}

// Zones lists the zones that the registrars serve, and those that retired ones have served: a name
// in such a zone does not count as a name of a shorter one.
func (c *Config) Zones() (zones []string) {
	for _, r := range c.Registrars {
		zones = append(zones, r.TLDs...)
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// Route returns the registrar that new orders for a TLD go to. The TLD may be written as in the file.
func (c *Config) Route(tld string) (name string, ok bool) {
	tld, err := normalTLD(tld)
	if err != nil {
		return "", false
	}
	for _, r := range c.Registrars {
		if r.Retired || !slices.Contains(r.TLDs, tld) {
			continue
		}
		if r.Default {
			return r.Name, true
		}
		// The only registrar that serves the TLD: if several do, checkShared has made sure of a default.
		name, ok = r.Name, true
	}
	return name, ok
}

// Serves reports whether a registrar may have domains of a TLD, written as in the file.
func (c *Config) Serves(name, tld string) bool {
	r, ok := c.Registrar(name)
	tld, err := normalTLD(tld)
	return ok && err == nil && !r.Retired && slices.Contains(r.TLDs, tld)
}

// fileBlocks, panelBlock, registrarBlock and configBlock are the file as HCL sees it.
type fileBlocks struct {
	Panel      *panelBlock      `hcl:"panel,block"`
	Registrars []registrarBlock `hcl:"registrar,block"`
}

type panelBlock struct {
	Data   string         `hcl:"data,optional"`
	Listen string         `hcl:"listen,optional"`
	Token  hcl.Expression `hcl:"token,optional"`
	Store  hcl.Expression `hcl:"store,optional"`

	BackupRecipients []string `hcl:"backup_recipients,optional"`
	LogLevel         string   `hcl:"log_level,optional"`
	Unpaid           string   `hcl:"unpaid,optional"`
	BehindProxy      []string `hcl:"behind_proxy,optional"`

	TLS      *tlsBlock      `hcl:"tls,block"`
	Webhooks []webhookBlock `hcl:"webhook,block"`
	Keep     *keepBlock     `hcl:"keep,block"`
	Notify   *notifyBlock   `hcl:"notify,block"`

	At                 hcl.Range `hcl:",def_range"`
	DataAt             hcl.Range `hcl:"data,attr_value_range"`
	ListenAt           hcl.Range `hcl:"listen,attr_value_range"`
	BackupRecipientsAt hcl.Range `hcl:"backup_recipients,attr_value_range"`
	LogLevelAt         hcl.Range `hcl:"log_level,attr_value_range"`
	UnpaidAt           hcl.Range `hcl:"unpaid,attr_value_range"`
	BehindProxyAt      hcl.Range `hcl:"behind_proxy,attr_value_range"`
}

type tlsBlock struct {
	Cert string    `hcl:"cert"`
	Key  string    `hcl:"key"`
	At   hcl.Range `hcl:",def_range"`
}

type webhookBlock struct {
	Name   string         `hcl:"name,label"`
	URL    string         `hcl:"url"`
	Secret hcl.Expression `hcl:"secret"`
	Events []string       `hcl:"events,optional"`

	At       hcl.Range `hcl:",def_range"`
	URLAt    hcl.Range `hcl:"url,attr_value_range"`
	EventsAt hcl.Range `hcl:"events,attr_value_range"`
}

type registrarBlock struct {
	Name    string       `hcl:"name,label"`
	Plugin  *string      `hcl:"plugin,optional"`
	TLDs    []string     `hcl:"tlds,optional"`
	Retired bool         `hcl:"retired,optional"`
	Default bool         `hcl:"default,optional"`
	Path    string       `hcl:"path,optional"`
	SHA256  string       `hcl:"sha256,optional"`
	Dev     bool         `hcl:"dev,optional"`
	Env     []string     `hcl:"env,optional"`
	User    string       `hcl:"user,optional"`
	MTLS    *bool        `hcl:"mtls,optional"`
	Reason  string       `hcl:"mtls_reason,optional"`
	Config  *configBlock `hcl:"config,block"`

	At        hcl.Range `hcl:",def_range"`
	PluginAt  hcl.Range `hcl:"plugin,attr_value_range"`
	TLDsAt    hcl.Range `hcl:"tlds,attr_value_range"`
	DefaultAt hcl.Range `hcl:"default,attr_value_range"`
	PathAt    hcl.Range `hcl:"path,attr_value_range"`
	SHA256At  hcl.Range `hcl:"sha256,attr_value_range"`
	EnvAt     hcl.Range `hcl:"env,attr_value_range"`
	UserAt    hcl.Range `hcl:"user,attr_value_range"`
	MTLSAt    hcl.Range `hcl:"mtls,attr_value_range"`
	ReasonAt  hcl.Range `hcl:"mtls_reason,attr_value_range"`
}

type configBlock struct {
	At   hcl.Range `hcl:",def_range"`
	Body hcl.Body  `hcl:",remain"`
}

// join makes a path of the file absolute, or relative to the working directory, as the file's own path is.
func join(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func or(value, otherwise string) string {
	if strings.TrimSpace(value) == "" {
		return otherwise
	}
	return value
}
