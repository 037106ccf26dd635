package registrartest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

// altered is a good registrar of which some methods are others.
type altered struct {
	*good
	patience  time.Duration // of those who wait for it
	describe  func(context.Context) (registrar.Description, error)
	form      func(context.Context, registrar.FormQuery) (registrar.Form, error)
	validate  func(context.Context, registrar.Order) (registrar.Validation, error)
	check     func(context.Context, []string) ([]registrar.Availability, error)
	submit    func(context.Context, registrar.Order) (registrar.Operation, error)
	operation func(context.Context, registrar.OperationID) (registrar.Operation, error)
	resolve   func(context.Context, registrar.Decision) (registrar.Operation, error)
	domain    func(context.Context, string) (registrar.Domain, error)
	domains   func(context.Context, registrar.Page) (registrar.DomainPage, error)
	events    func(context.Context, registrar.Cursor) iter.Seq2[registrar.Event, error]
	renewal   func(context.Context, string, registrar.RenewalMode) (registrar.Domain, error)
	adopt     func(context.Context, string, string) (registrar.Handle, error)
	importing func(context.Context, registrar.Import) (registrar.Domain, error)
	review    func(context.Context, registrar.ReviewID) (registrar.Review, error)
	recognise func(context.Context, []byte) (registrar.Recognition, error)
	many      func(context.Context, registrar.ReviewsDecision) (registrar.ReviewsResolved, error)
	backup    func(context.Context, string) error
	erase     func(context.Context, registrar.ErasureQuery) (registrar.Erasure, error)
	contacts  func(context.Context, string) (registrar.Contacts, error)
	refresh   func(context.Context, string) (registrar.Domain, error)
	rotate    func(context.Context) (registrar.Rotation, error)
	code      func(context.Context, registrar.OperationID) (registrar.AuthCode, error)
	configure func(context.Context, registrar.Settings) error
	start     func(context.Context) error
	health    func(context.Context) ([]registrar.Component, error)
	drain     func(context.Context) error
}

// alter makes a registrar that is as good as its original.
func alter(g *good) *altered {
	return &altered{good: g, describe: g.Describe, form: g.Form, validate: g.Validate, check: g.Check, submit: g.Submit, operation: g.Operation,
		resolve: g.Resolve, domain: g.Domain, domains: g.Domains, events: g.Events, renewal: g.SetRenewal, adopt: g.AdoptHandle,
		importing: g.ImportDomain, review: g.Review, recognise: g.Recognise, many: g.ResolveReviews, backup: g.Backup, erase: g.Erase, rotate: g.RotateKeys, code: g.TransferCode, refresh: g.Refresh, contacts: g.Contacts, configure: g.Configure, start: g.Start, health: g.Health, drain: g.Drain}
}

func (a *altered) Describe(c context.Context) (registrar.Description, error) { return a.describe(c) }
func (a *altered) Form(c context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return a.form(c, q)
}
func (a *altered) Validate(c context.Context, o registrar.Order) (registrar.Validation, error) {
	return a.validate(c, o)
}
func (a *altered) Check(c context.Context, n []string) ([]registrar.Availability, error) {
	return a.check(c, n)
}
func (a *altered) Submit(c context.Context, o registrar.Order) (registrar.Operation, error) {
	return a.submit(c, o)
}
func (a *altered) Operation(c context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return a.operation(c, id)
}
func (a *altered) Resolve(c context.Context, d registrar.Decision) (registrar.Operation, error) {
	return a.resolve(c, d)
}
func (a *altered) Domain(c context.Context, n string) (registrar.Domain, error) {
	return a.domain(c, n)
}
func (a *altered) Domains(c context.Context, p registrar.Page) (registrar.DomainPage, error) {
	return a.domains(c, p)
}
func (a *altered) Events(c context.Context, n registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return a.events(c, n)
}
func (a *altered) SetRenewal(c context.Context, n string, m registrar.RenewalMode) (registrar.Domain, error) {
	return a.renewal(c, n, m)
}
func (a *altered) AdoptHandle(c context.Context, customer, handle string) (registrar.Handle, error) {
	return a.adopt(c, customer, handle)
}
func (a *altered) ImportDomain(c context.Context, i registrar.Import) (registrar.Domain, error) {
	return a.importing(c, i)
}
func (a *altered) Review(c context.Context, id registrar.ReviewID) (registrar.Review, error) {
	return a.review(c, id)
}
func (a *altered) Recognise(c context.Context, raw []byte) (registrar.Recognition, error) {
	return a.recognise(c, raw)
}
func (a *altered) ResolveReviews(c context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return a.many(c, d)
}
func (a *altered) Backup(c context.Context, dir string) error { return a.backup(c, dir) }
func (a *altered) Erase(c context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	return a.erase(c, q)
}
func (a *altered) Refresh(c context.Context, n string) (registrar.Domain, error) {
	return a.refresh(c, n)
}
func (a *altered) Contacts(c context.Context, n string) (registrar.Contacts, error) {
	return a.contacts(c, n)
}
func (a *altered) RotateKeys(c context.Context) (registrar.Rotation, error) { return a.rotate(c) }
func (a *altered) TransferCode(c context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	return a.code(c, id)
}
func (a *altered) Configure(c context.Context, s registrar.Settings) error { return a.configure(c, s) }
func (a *altered) Start(c context.Context) error                           { return a.start(c) }
func (a *altered) Health(c context.Context) ([]registrar.Component, error) { return a.health(c) }
func (a *altered) Drain(c context.Context) error                           { return a.drain(c) }

// describedAs changes what a registrar says of itself.
func describedAs(change func(d *registrar.Description)) func(a *altered) {
	return func(a *altered) {
		a.describe = func(context.Context) (registrar.Description, error) {
			d := goodDescription()
			change(&d)
			return d, nil
		}
	}
}

// lenient accepts settings that it should refuse.
func lenient(accepts func(text string) bool) func(a *altered) {
	return func(a *altered) {
		a.configure = func(ctx context.Context, s registrar.Settings) error {
			if accepts(string(s.Config)) {
				s.Config = json.RawMessage(goodSettings)
			}
			return a.good.Configure(ctx, s)
		}
	}
}

// judged changes the problems of an order, in Validate and Submit alike.
func judged(change func(o registrar.Order, problems []registrar.Problem) []registrar.Problem) func(a *altered) {
	return func(a *altered) {
		a.validate = func(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
			v, err := a.good.Validate(ctx, o)
			if v.Problems = change(o, v.Problems); err == nil && len(v.Problems) == 0 {
				v.Preview = "it would be sent"
			}
			return v, err
		}
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if problems := problemsOf(err); len(problems) > 0 {
				return op, registrar.InvalidOrder(change(o, problems))
			}
			return op, err
		}
	}
}

// shown changes how operations are shown.
func shown(change func(op *registrar.Operation)) func(a *altered) {
	return func(a *altered) {
		a.operation = func(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
			op, err := a.good.Operation(ctx, id)
			if err == nil {
				change(&op)
			}
			return op, err
		}
	}
}

// told changes the events.
func toldOtherwise(change func(v *registrar.Event)) func(a *altered) {
	return func(a *altered) {
		a.events = func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
			return func(yield func(registrar.Event, error) bool) {
				for v, err := range a.good.Events(ctx, after) {
					if err == nil {
						change(&v)
					}
					if !yield(v, err) {
						return
					}
				}
			}
		}
	}
}

// mistakenAfter repeats the event at the cursor, in the lives that it is for.
func mistakenAfter(in func(g *good) bool) func(a *altered) {
	return func(a *altered) {
		a.events = func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
			if after > 0 && in(a.good) {
				after--
			}
			return a.good.Events(ctx, after)
		}
	}
}

// forgetful compares an order with the one under the same ID in less than all.
func forgetful(lose func(o *registrar.Order)) func(a *altered) {
	return func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if !errors.Is(err, registrar.Conflict) {
				return op, err
			}
			var known *goodOperation
			if s, err := a.working(ctx); err == nil {
				a.mu.Lock()
				known = s.byOrder(o.ID)
				a.mu.Unlock()
			}
			lose(&o)
			if known.Digest == digest(o) {
				return bare(known.Operation), nil
			}
			return op, err
		}
	}
}

// meddle changes the state behind the registrar's back.
func (a *altered) meddle(ctx context.Context, change func(s *goodState)) {
	_ = a.change(ctx, func(s *goodState) error { change(s); return nil })
}

func withoutPath(path string) func(registrar.Order, []registrar.Problem) []registrar.Problem {
	return func(_ registrar.Order, problems []registrar.Problem) []registrar.Problem {
		return slices.DeleteFunc(problems, func(p registrar.Problem) bool { return p.Path == path })
	}
}

var elsewhere = time.FixedZone("MSK", 3*60*60)

// brokenRegistrars breaks each rule that is not about processes, and no other.
var brokenRegistrars = map[string]func(a *altered){
	"identity/early": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.config == nil {
				return registrar.Form{}, registrar.Errorf(registrar.NotReady, "not configured")
			}
			return a.good.Form(ctx, q)
		}
	},
	"identity/stable": func(a *altered) {
		a.describe = func(context.Context) (registrar.Description, error) {
			d := goodDescription()
			d.Title = fmt.Sprintf("%s for the %d. time", d.Title, counter.Add(1))
			return d, nil
		}
	},
	"identity/name":    describedAs(func(d *registrar.Description) { d.Title = "" }),
	"identity/version": describedAs(func(d *registrar.Description) { d.Version = "v1" }),
	"identity/tlds":    describedAs(func(d *registrar.Description) { d.TLDs = append(d.TLDs, d.TLDs[0]) }),
	"identity/words":   describedAs(func(d *registrar.Description) { d.Kinds = append(d.Kinds, d.Kinds[0]) }),
	"identity/fields":  describedAs(func(d *registrar.Description) { d.OrderFields = append(registrar.OrderFields(), "kind") }),
	"identity/phrases": describedAs(func(d *registrar.Description) {
		d.Phrases = []registrar.Phrase{{Code: "waits", Texts: map[string]string{"en": "{name} waits", "ru": "ждёт"}}}
	}),
	"schema/form":      describedAs(func(d *registrar.Description) { d.Schema.Attributes[0].Default = "a0" }),
	"schema/described": describedAs(func(d *registrar.Description) { d.Schema.Blocks[0].Description = "" }),

	"settings/shape":    lenient(func(text string) bool { return text == "[]" }),
	"settings/types":    lenient(func(text string) bool { return strings.Contains(text, `"limit":{`) }),
	"settings/choices":  lenient(func(text string) bool { return strings.Contains(text, `"mode":"conformance"`) }),
	"settings/mistakes": lenient(func(text string) bool { return strings.Contains(text, `"limit": 9999`) }),
	"settings/paths": func(a *altered) {
		a.configure = func(ctx context.Context, s registrar.Settings) error {
			err := a.good.Configure(ctx, s)
			if names(problemsOf(err), "strict") {
				return registrar.InvalidSettings([]registrar.Problem{{Path: "how.strict", Message: "is of another type"}})
			}
			return err
		}
	},
	"settings/pure": func(a *altered) {
		a.configure = func(ctx context.Context, s registrar.Settings) error {
			if string(s.Config) == "{" {
				a.config, a.dir, a.create = &goodConfig{}, s.DataDir, s.Create
			}
			return a.good.Configure(ctx, s)
		}
	},
	"settings/secrets": func(a *altered) {
		a.configure = func(ctx context.Context, s registrar.Settings) error {
			err := a.good.Configure(ctx, s)
			if names(problemsOf(err), "limit") {
				return registrar.InvalidSettings([]registrar.Problem{{Path: "limit", Message: "is wrong in " + string(s.Config)}})
			}
			return err
		}
	},

	"lifecycle/not-ready": func(a *altered) {
		a.domain = func(ctx context.Context, name string) (registrar.Domain, error) {
			d, err := a.good.Domain(ctx, name)
			if errors.Is(err, registrar.NotReady) {
				return d, registrar.Errorf(registrar.NotFound, "no domain")
			}
			return d, err
		}
	},
	"lifecycle/idle": func(a *altered) {
		a.configure = func(ctx context.Context, s registrar.Settings) error {
			err := a.good.Configure(ctx, s)
			if err == nil {
				err = os.WriteFile(filepath.Join(s.DataDir, "settings"), s.Config, 0o600)
			}
			return err
		}
	},
	"lifecycle/reconfigure": func(a *altered) {
		a.configure = func(ctx context.Context, s registrar.Settings) error {
			if err := a.good.Configure(ctx, s); !errors.Is(err, registrar.Precondition) {
				return err
			}
			return nil
		}
	},
	"lifecycle/drained": func(a *altered) {
		a.domains = func(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
			page, err := a.good.Domains(ctx, p)
			if errors.Is(err, registrar.Draining) {
				return page, nil
			}
			return page, err
		}
	},
	"lifecycle/drain-again": func(a *altered) {
		a.drain = func(ctx context.Context) error {
			if _, err := a.working(ctx); errors.Is(err, registrar.Draining) {
				return err
			}
			return a.good.Drain(ctx)
		}
	},
	"lifecycle/locked": func(a *altered) {
		a.start = func(ctx context.Context) error {
			err := a.good.Start(ctx)
			if errors.Is(err, registrar.Locked) {
				if os.Remove(filepath.Join(a.dir, "lock")) == nil {
					return a.good.Start(ctx)
				}
			}
			return err
		}
	},
	"lifecycle/lost-store": func(a *altered) {
		a.start = func(ctx context.Context) error {
			a.mu.Lock()
			a.create = true
			a.mu.Unlock()
			return a.good.Start(ctx)
		}
	},
	"lifecycle/health": func(a *altered) {
		a.health = func(ctx context.Context) ([]registrar.Component, error) {
			list, err := a.good.Health(ctx)
			return append(list, list...), err
		}
	},

	"form/served": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			if q.Registrant == registrar.Organization {
				return registrar.Form{}, registrar.Errorf(registrar.Unsupported, "persons only")
			}
			return a.good.Form(ctx, q)
		}
	},
	"form/refused": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			if q.TLD == ".example" {
				q.TLD = "example"
			}
			return a.good.Form(ctx, q)
		}
	},
	"form/fields": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			f, err := a.good.Form(ctx, q)
			return withField(f, registrar.Field{Key: "remark", Label: map[string]string{"en": "Remark"}, Type: registrar.FieldText}), err
		}
	},
	"form/declared": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			f, err := a.good.Form(ctx, q)
			return withField(f, registrar.Field{Key: "remark", Label: map[string]string{"en": "Remark"}, Type: registrar.FieldText, Class: registrar.DataPublic,
				When: []registrar.Condition{{Field: "purpose", Values: []string{"business"}}}}), err
		}
	},
	"form/examples": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			f, err := a.good.Form(ctx, q)
			return withField(f, registrar.Field{Key: "fax", Label: map[string]string{"en": "Fax"}, Type: registrar.FieldPhone, Class: registrar.DataPublic,
				Pattern: `^\+\d+$`, Example: "8 800", When: []registrar.Condition{{Field: "purpose", Values: []string{"trade"}}}}), err
		}
	},

	"contacts/offered": func(a *altered) {
		a.form = func(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
			f, err := a.good.Form(ctx, q)
			f.Role = ""
			return f, err
		}
	},
	"contacts/judged": judged(withoutPath(`contacts["ops"].name`)),
	"contacts/masked": func(a *altered) {
		a.contacts = func(ctx context.Context, name string) (registrar.Contacts, error) {
			c, err := a.good.Contacts(ctx, name)
			if admin, ok := c[registrar.RoleAdmin]; ok {
				admin.Fields = map[string][]string{"name": {"O*** Ivanova"}}
				c[registrar.RoleAdmin] = admin
			}
			return c, err
		}
	},

	"validate/good": func(a *altered) {
		a.validate = func(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
			v, err := a.good.Validate(ctx, o)
			v.Preview = ""
			return v, err
		}
	},
	"validate/required": judged(withoutPath("nameservers")),
	"validate/declared": judged(func(o registrar.Order, problems []registrar.Problem) []registrar.Problem {
		return slices.DeleteFunc(problems, func(p registrar.Problem) bool { return p.Code == registrar.ProblemChoice })
	}),
	"validate/all": judged(func(_ registrar.Order, problems []registrar.Problem) []registrar.Problem {
		return problems[:min(len(problems), 1)]
	}),
	"validate/paths": judged(func(_ registrar.Order, problems []registrar.Problem) []registrar.Problem {
		if len(problems) < 2 {
			return problems
		}
		return append(problems, registrar.Problem{Path: "weather", Message: "is bad"})
	}),
	"validate/pure": func(a *altered) {
		a.validate = func(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
			v, err := a.good.Validate(ctx, o)
			if err == nil && len(v.Problems) == 0 {
				a.meddle(ctx, func(s *goodState) {
					if _, known := s.Domains[o.Domain]; !known {
						s.Domains[o.Domain] = registrar.Domain{Name: o.Domain, Status: registrar.StatusError, Renewal: registrar.RenewManual}
					}
				})
			}
			return v, err
		}
	},
	"validate/agrees": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if problems := problemsOf(err); len(problems) > 1 {
				return op, registrar.InvalidOrder(problems[:1])
			}
			return op, err
		}
	},
	"validate/names": func(a *altered) {
		a.validate = func(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
			o.Domain = strings.TrimSuffix(o.Domain, ".")
			return a.good.Validate(ctx, o)
		}
	},
	"validate/zones": judged(func(o registrar.Order, problems []registrar.Problem) []registrar.Problem {
		if last := o.Domain[strings.LastIndexByte(o.Domain, '.')+1:]; slices.Contains(goodDescription().TLDs, last) || last == "conformance" {
			return problems
		}
		return append(problems, registrar.Problem{Path: "domain", Message: "lies in no TLD"}) // it knows those of one label
	}),
	"validate/ds": judged(func(o registrar.Order, problems []registrar.Problem) []registrar.Problem {
		return slices.DeleteFunc(problems, func(p registrar.Problem) bool { return strings.HasPrefix(p.Path, "ds[") }) // it takes what is typed
	}),
	"validate/order-id": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			o.ID = registrar.OrderID(strings.ReplaceAll(string(o.ID), "/", "-"))
			return a.good.Submit(ctx, o)
		}
	},

	"orders/answer": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			op.Order = ""
			return op, err
		}
	},
	"orders/repeat": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if err == nil && op.State.Final() {
				return op, registrar.Errorf(registrar.Precondition, "it has ended")
			}
			return op, err
		}
	},
	"orders/parallel": func(a *altered) {
		var busy sync.Mutex
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			if !busy.TryLock() {
				return registrar.Operation{}, registrar.Errorf(registrar.Unavailable, "one at a time")
			}
			defer busy.Unlock()
			time.Sleep(max(20*time.Millisecond, a.patience/200)) // longer than all calls take to begin
			return a.good.Submit(ctx, o)
		}
	},
	"orders/restart": func(a *altered) {
		a.start = func(ctx context.Context) error {
			err := a.good.Start(ctx)
			if err == nil {
				a.meddle(ctx, func(s *goodState) {
					for _, op := range s.Operations {
						op.Digest, op.Order = "", "lost"
					}
				})
			}
			return err
		}
	},
	"orders/conflict": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			hosts := o.Nameservers
			if len(hosts) > 0 && o.Kind == registrar.KindRegister {
				o.Nameservers = slices.Clone(hosts[len(hosts)-1:])
			}
			op, err := a.good.Submit(ctx, o)
			if err == nil && o.Kind == registrar.KindRegister {
				a.meddle(ctx, func(s *goodState) {
					d := s.Domains[o.Domain]
					d.Nameservers = hosts
					s.Domains[o.Domain] = d
				})
			}
			return op, err
		}
	},
	"orders/conflict-code": forgetful(func(o *registrar.Order) { o.AuthCode = authCode }),
	"orders/one-open": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if !errors.Is(err, registrar.Precondition) || o.Kind != registrar.KindRegister {
				return op, err
			}
			err = a.change(ctx, func(s *goodState) error {
				op = bare(s.begin(o).Operation)
				return nil
			})
			return op, err
		}
	},
	"orders/renewal-guard": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			if d, err := a.good.Domain(ctx, o.Domain); err == nil && o.Kind == registrar.KindRenew {
				o.PaidTill = d.PaidTill
			}
			return a.good.Submit(ctx, o)
		}
	},
	"orders/refused": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if errors.Is(err, registrar.Invalid) && goodName.MatchString(o.Domain) {
				a.meddle(ctx, func(s *goodState) {
					s.Domains[o.Domain] = registrar.Domain{Name: o.Domain, Status: registrar.StatusError, Renewal: registrar.RenewManual}
				})
			}
			return op, err
		}
	},
	"orders/ace": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			op, err := a.good.Submit(ctx, o)
			if strings.HasPrefix(op.Domain, "xn--") {
				op.Domain = "конформность.рф"
			}
			return op, err
		}
	},

	"unknown/not-found": func(a *altered) {
		a.operation = func(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
			if _, err := a.working(ctx); err == nil && id == "0" {
				return registrar.Operation{}, registrar.Errorf(registrar.Invalid, "no ID")
			}
			return a.good.Operation(ctx, id)
		}
	},
	"operations/state":    shown(func(op *registrar.Operation) { op.WaitsFor = "" }),
	"operations/history":  shown(func(op *registrar.Operation) { op.History[0].Actor = "" }),
	"operations/evidence": shown(func(op *registrar.Operation) { op.History[len(op.History)-1].Evidence = "" }),
	"operations/times":    shown(func(op *registrar.Operation) { op.CreatedAt = op.CreatedAt.In(elsewhere) }),
	"operations/concluded": func(a *altered) {
		a.domain = func(ctx context.Context, name string) (registrar.Domain, error) {
			d, err := a.good.Domain(ctx, name)
			if d.Status == registrar.StatusRegistered {
				d.Nameservers = nil
			}
			return d, err
		}
	},

	"resolve/by": func(a *altered) {
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if d.By == "" {
				d.By = "somebody"
			}
			return a.good.Resolve(ctx, d)
		}
	},
	"resolve/verdict": func(a *altered) {
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if d.Verdict == "conformance" {
				d.Verdict = registrar.VerdictDone
			}
			return a.good.Resolve(ctx, d)
		}
	},
	"resolve/version": func(a *altered) { // what is there is what was seen
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if op, err := a.good.Operation(ctx, d.Operation); err == nil && d.Version == "" {
				d.Version = op.Version
			}
			return a.good.Resolve(ctx, d)
		}
	},
	"resolve/outdated": func(a *altered) { // any decision will do while it waits
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if op, err := a.good.Operation(ctx, d.Operation); err == nil && d.Version != "" && op.State.WaitsForPerson() {
				d.Version = op.Version
			}
			return a.good.Resolve(ctx, d)
		}
	},
	"resolve/once": func(a *altered) { // compares before it begins
		var here atomic.Int32
		second := make(chan struct{})
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			seen, err := a.good.Operation(ctx, d.Operation)
			if err != nil {
				return seen, err
			}
			if here.Add(1) == 2 {
				close(second)
			}
			select {
			case <-second:
			case <-time.After(max(50*time.Millisecond, a.patience/100)): // it is alone
			}
			op, err := a.good.Resolve(ctx, d)
			if seen.Version == d.Version && errors.Is(err, registrar.Conflict) {
				return a.good.Operation(ctx, d.Operation)
			}
			return op, err
		}
	},
	"resolve/state": func(a *altered) {
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if op, err := a.good.Operation(ctx, d.Operation); err == nil && op.State.Final() && op.Version == d.Version {
				return op, nil
			}
			return a.good.Resolve(ctx, d)
		}
	},
	"resolve/cancel": func(a *altered) {
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if d.Verdict == registrar.VerdictCancel {
				d.Verdict = registrar.VerdictFailed
			}
			return a.good.Resolve(ctx, d)
		}
	},

	"domains/order": func(a *altered) {
		a.domains = func(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
			page, err := a.good.Domains(ctx, p)
			slices.Reverse(page.Domains)
			return page, err
		}
	},
	"domains/pages": func(a *altered) {
		a.domains = func(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
			if p.Size == 2 {
				p.Size = 3
			}
			return a.good.Domains(ctx, p)
		}
	},
	"domains/updated": func(a *altered) { // succeeds, and changes nothing
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			if o.Kind == registrar.KindUpdate {
				o.Nameservers = nil
			}
			return a.good.Submit(ctx, o)
		}
	},
	"domains/renewed": recorded(registrar.KindRenew, func(op *goodOperation, before registrar.Domain, d *registrar.Domain) {
		if op.Years == 0 { // no years are none
			d.PaidTill = before.PaidTill
		}
	}),
	"domains/transferred": func(a *altered) { // nothing is ever sent, and only what is open is shown
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			if op, err := a.good.Operation(ctx, d.Operation); err == nil && op.Kind == registrar.KindTransfer {
				return op, registrar.Errorf(registrar.Precondition, "it is on its way")
			}
			return a.good.Resolve(ctx, d)
		}
	},
	"domains/beyond": func(a *altered) {
		a.domains = func(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
			if p.Size > registrar.MaxPage {
				return registrar.DomainPage{}, registrar.Errorf(registrar.Invalid, "too many")
			}
			return a.good.Domains(ctx, p)
		}
	},

	"events/told":    toldOtherwise(func(v *registrar.Event) { v.Order = "" }),
	"events/words":   toldOtherwise(func(v *registrar.Event) { v.Level = "" }),
	"events/times":   toldOtherwise(func(v *registrar.Event) { v.At = v.At.In(elsewhere) }),
	"events/resume":  mistakenAfter(func(g *good) bool { return !g.loaded }),
	"events/restart": mistakenAfter(func(g *good) bool { return g.loaded }),
	"events/agree": toldOtherwise(func(v *registrar.Event) {
		if v.Domain.Operation == nil {
			d := *v.Domain
			d.Status = registrar.StatusRegistering
			v.Domain = &d
		}
	}),
	"events/dense": func(a *altered) {
		a.events = func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
			return func(yield func(registrar.Event, error) bool) {
				for v, err := range a.good.Events(ctx, max(after, 1)-1) {
					v.Cursor++
					if !yield(v, err) {
						return
					}
				}
			}
		}
	},
	"events/live": func(a *altered) {
		a.events = func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
			s, err := a.working(ctx)
			if err != nil {
				return a.good.Events(ctx, after)
			}
			a.mu.Lock()
			last := registrar.Cursor(len(s.Events))
			a.mu.Unlock()
			return func(yield func(registrar.Event, error) bool) {
				for v, err := range a.good.Events(ctx, after) {
					if v.Cursor > last {
						<-ctx.Done()
						v, err = registrar.Event{}, ctx.Err()
					}
					if !yield(v, err) || err != nil {
						return
					}
				}
			}
		}
	},
	"events/readers": func(a *altered) {
		var reading sync.Mutex
		a.events = func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
			return func(yield func(registrar.Event, error) bool) {
				reading.Lock()
				defer reading.Unlock()
				a.good.Events(ctx, after)(yield)
			}
		}
	},
	"context/prompt": func(a *altered) {
		a.domain = func(ctx context.Context, name string) (registrar.Domain, error) {
			if ctx.Err() != nil {
				time.Sleep(3 * a.patience)
			}
			return a.good.Domain(ctx, name)
		}
	},
	"context/events": func(a *altered) {
		a.events = func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
			return func(yield func(registrar.Event, error) bool) {
				for v, err := range a.good.Events(ctx, after) {
					if ctx.Err() != nil || !yield(v, err) {
						return
					}
				}
			}
		}
	},
	"context/submit": func(a *altered) {
		var begun sync.Map
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			if ctx.Err() != nil {
				begun.Store(o.ID, true)
				return registrar.Operation{}, ctx.Err()
			}
			if _, half := begun.Load(o.ID); half {
				return registrar.Operation{}, registrar.Errorf(registrar.Conflict, "the order is under way")
			}
			return a.good.Submit(ctx, o)
		}
	},

	"capability/undeclared": describedAs(func(d *registrar.Description) {
		d.Capabilities = slices.DeleteFunc(d.Capabilities, func(c registrar.Capability) bool { return c == registrar.CapReviews })
	}),
	"capability/refresh": func(a *altered) {
		a.refresh = func(ctx context.Context, name string) (registrar.Domain, error) {
			d, err := a.good.Domain(ctx, name)
			d.PaidTill = d.PaidTill.AddDays(365) // what the registry shows is told, and not stored
			return d, err
		}
	},
	"capability/renewals": func(a *altered) {
		a.renewal = func(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
			d, err := a.good.Domain(ctx, name)
			if err == nil && !slices.Contains(registrar.RenewalModes(), mode) {
				err = registrar.Errorf(registrar.Invalid, "no mode")
			}
			d.Renewal = mode
			return d, err
		}
	},
	"capability/handles": func(a *altered) {
		a.adopt = func(ctx context.Context, customer, handle string) (registrar.Handle, error) {
			if handle == "" {
				handle = "NONE"
			}
			return a.good.AdoptHandle(ctx, customer, handle)
		}
	},
	"handles/adopt": func(a *altered) {
		a.importing = func(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
			if d, err := a.good.Domain(ctx, i.Domain); err == nil {
				return d, registrar.Errorf(registrar.Conflict, "it is known")
			}
			return a.good.ImportDomain(ctx, i)
		}
	},
	"capability/reviews": func(a *altered) {
		a.review = func(context.Context, registrar.ReviewID) (registrar.Review, error) {
			return registrar.Review{}, errors.New("sql: no rows in result set")
		}
	},
	"capability/mail": func(a *altered) {
		a.recognise = func(context.Context, []byte) (registrar.Recognition, error) {
			return registrar.Recognition{}, registrar.Errorf(registrar.Invalid, "no mail")
		}
	},
	"capability/queue": func(a *altered) {
		a.many = func(context.Context, registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
			return registrar.ReviewsResolved{}, registrar.Errorf(registrar.NotFound, "not there")
		}
	},
	"capability/backup": func(a *altered) {
		a.backup = func(context.Context, string) error { return nil }
	},
	"capability/erase": func(a *altered) {
		a.erase = func(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
			v, err := a.good.Erase(ctx, q)
			v.Kept = nil
			return v, err
		}
	},
	"capability/keys": func(a *altered) {
		a.rotate = func(ctx context.Context) (registrar.Rotation, error) {
			if _, err := a.good.working(ctx); err != nil {
				return registrar.Rotation{}, err
			}
			return registrar.Rotation{Key: "the same"}, nil
		}
	},
	"check/answers": func(a *altered) {
		a.check = func(ctx context.Context, names []string) ([]registrar.Availability, error) {
			return a.good.Check(ctx, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !goodName.MatchString(n) }))
		}
	},
	"check/honest": func(a *altered) {
		a.check = func(ctx context.Context, names []string) ([]registrar.Availability, error) {
			list, err := a.good.Check(ctx, names)
			for i := range list {
				if list[i].Status == registrar.Taken {
					list[i].Status = registrar.Available
				}
			}
			return list, err
		}
	},

	"check/prices": judged(withoutPath("accept_price")),

	"secrets/answers": func(a *altered) {
		a.validate = func(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
			v, err := a.good.Validate(ctx, o)
			if v.Preview != "" && o.Registrant != nil {
				v.Preview += " with passport " + o.Registrant.Get("passport")
			}
			return v, err
		}
	},
	"secrets/refusals": judged(func(o registrar.Order, problems []registrar.Problem) []registrar.Problem {
		for i, p := range problems {
			if p.Path == "contact.passport" && o.Registrant != nil {
				problems[i].Message = o.Registrant.Get("passport") + " is no passport"
			}
		}
		return problems
	}),
	"secrets/log": func(a *altered) {
		a.submit = func(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
			a.log.Log(ctx, logline.Trace, "submit", "code", string(o.AuthCode))
			return a.good.Submit(ctx, o)
		}
	},
}

var counter atomic.Int64

func withField(form registrar.Form, f registrar.Field) registrar.Form {
	if len(form.Fields) > 0 {
		form.Fields = append(form.Fields, f)
	}
	return form
}
