// Package manual is a registrar without a registrar: staff register domains by hand.
//
// An order waits for a person's decision from the beginning. With confirm = "at_once" it is carried out by
// itself, which makes the plugin a stand-in for testing. The plugin is also an example for authors: an
// adapter of package kit, which does everything else. manual.go says what is sold, staff.go who carries it
// out, whois.go which names are free.
package manual

import (
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"registrar.panel/plugin/kit"
	"registrar.panel/shared/registrar"
)

// lookup is how Check finds its answer.
type lookup string

const (
	alwaysAvailable lookup = "always_available"
	alwaysTaken     lookup = "always_taken"
	byWhois         lookup = "whois" // the registry's whois server
)

// confirm is who concludes an operation.
type confirm string

const (
	byOperator confirm = "operator"
	atOnce     confirm = "at_once"
)

type config struct {
	Lookup  lookup        `json:"lookup"`
	Confirm confirm       `json:"confirm"`
	Whois   []whoisServer `json:"whois"`
}

var mail = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)

// New returns a plugin that does nothing until it is configured and started.
func New(log *slog.Logger) *kit.Plugin {
	return kit.New(adapter{}, kit.Options{Logger: log, Files: "manual", NoHandles: true, NoRecords: true})
}

// adapter says what staff can do, which is everything, and which data they need.
type adapter struct{}

var (
	_ kit.Adapter = adapter{}
	_ kit.Rules   = adapter{}
)

// Describe implements kit.Adapter.
func (adapter) Describe() registrar.Description {
	return registrar.Description{
		Name: "manual", Title: "Registered by hand", Version: "0.1.0",
		Kinds: registrar.OperationKinds(), Offers: []registrar.Offer{{Kinds: sold()}}, Registrants: registrar.RegistrantKinds(),
		Capabilities: []registrar.Capability{registrar.CapCheck}, OrderFields: registrar.OrderFields(), Phrases: phrases(),
		Schema: registrar.Schema{Attributes: []registrar.Attribute{
			{Name: "lookup", Type: registrar.TypeString, Default: string(alwaysAvailable), OneOf: []string{string(alwaysAvailable), string(alwaysTaken), string(byWhois)},
				Description: "what a check for availability answers"},
			{Name: "confirm", Type: registrar.TypeString, Default: string(byOperator), OneOf: []string{string(byOperator), string(atOnce)},
				Description: "who concludes an operation"},
		}, Blocks: []registrar.Block{whoisBlock()}},
	}
}

// Form implements kit.Adapter. It is the same for every TLD and role: staff know what a registry requires.
func (adapter) Form(q registrar.FormQuery) []registrar.Field {
	if !q.Kind.NeedsRegistrant() && q.Kind != registrar.KindUpdate {
		return nil
	}
	return fields()
}

// longestTerm is the most years for which any registry sells a domain.
const longestTerm = 10

// sold returns an offer of everything: staff know what a registry has.
func sold() (all []registrar.KindOffer) {
	for _, k := range registrar.OperationKinds() {
		o := registrar.KindOffer{Kind: k, NameserversOptional: true}
		if k == registrar.KindRegister || k == registrar.KindRenew {
			o.Years = registrar.Years{Min: 1, Max: longestTerm}
		}
		// Contacts belong to orders that need a registrant, and to updates.
		if k.NeedsRegistrant() || k == registrar.KindUpdate {
			o.Contacts = contacts()
		}
		all = append(all, o)
	}
	return all
}

// roles returns the roles of the contacts that staff take besides the registrant.
func roles() []registrar.ContactRole {
	return []registrar.ContactRole{registrar.RoleAdmin, registrar.RoleTech}
}

func contacts() (all []registrar.ContactOffer) {
	for _, role := range roles() {
		all = append(all, registrar.ContactOffer{Role: role})
	}
	return all
}

func fields() []registrar.Field {
	return []registrar.Field{
		{Key: "name", Label: map[string]string{"en": "Name", "ru": "Имя"}, Type: registrar.FieldText, Required: true,
			Example: "Sidor Sidorov", Class: registrar.DataPersonal},
		{Key: "emails", Label: map[string]string{"en": "E-mail", "ru": "Электронная почта"}, Type: registrar.FieldEmail, Required: true,
			Multiple: true, Pattern: mail.String(), Example: "sidorov@example.com", Class: registrar.DataPersonal},
	}
}

// Problems implements kit.Rules: an update of a contact must give all of the new one.
func (adapter) Problems(o registrar.Order) (problems []registrar.Problem) {
	if o.Kind != registrar.KindUpdate {
		return nil
	}
	for role, r := range o.Everyone() {
		if role != registrar.RoleRegistrant && !slices.Contains(roles(), role) {
			continue
		}
		// The kit regards an update as a part of a contact, so missing values are reported here, and nothing
		// else.
		whole := registrar.Form{Role: role, Fields: fields()}
		problems = append(problems, slices.DeleteFunc(whole.Problems(r), func(p registrar.Problem) bool { return p.Code != registrar.ProblemRequired })...)
	}
	return problems
}

// Configure implements kit.Adapter.
func (adapter) Configure(settings json.RawMessage) (kit.Remote, error) {
	var c config
	if err := json.Unmarshal(settings, &c); err != nil {
		return nil, errors.New("the settings do not match the schema")
	}
	if err := registrar.InvalidSettings(checkWhois(c)); err != nil {
		return nil, err
	}
	return &staff{config: c, now: time.Now}, nil
}
