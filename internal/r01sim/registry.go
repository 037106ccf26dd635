package r01sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

const (
	ownRegistrar   = "R01-RU"
	firstTask      = 1048577
	renewalOpens   = 60 // days before paid-till
	priorityDays   = 30 // after paid-till, in which the registrant may still renew
	freeAfter      = 31 // days from paid-till to free-date
	defaultBalance = 1_000_000
)

// Client is a registrant in the registry.
type Client struct {
	Handle string  `json:"handle"`
	Kind   Kind    `json:"kind"`
	Fields []Field `json:"-"` // personal data
}

// Domain is a domain in the registry.
type Domain struct {
	Name        string         `json:"name"`
	Handle      string         `json:"handle"`
	Registrar   string         `json:"registrar"`
	Nameservers []string       `json:"nameservers"`
	Delegated   bool           `json:"delegated"`
	Created     time.Time      `json:"created"`
	PaidTill    registrar.Date `json:"paid_till"`
}

// TaskStatus is the state of a task; the words are R01's.
type TaskStatus string

// [TaskQueued] is accepted and not carried out yet. [TaskSuccess] and [TaskFailure] are how a task ends.
const (
	TaskQueued  TaskStatus = "TASK_QUEUED"
	TaskSuccess TaskStatus = "TASK_SUCCESS"
	TaskFailure TaskStatus = "TASK_FAILURE"
)

// Task is one accepted template.
type Task struct {
	ID         int        `json:"id"`
	Action     Action     `json:"action"`
	Kind       Kind       `json:"kind"`
	Object     string     `json:"object"`
	Status     TaskStatus `json:"status"`
	Message    string     `json:"message"`
	QueuedAt   time.Time  `json:"queued_at"`
	FinishedAt time.Time  `json:"finished_at,omitzero"`

	template Template
	paidFrom Account // "" = the task costs nothing
	price    int
	spell    magic
}

// Balance is the partner's money. Blocked money belongs to tasks that are queued.
type Balance struct {
	Real    int `json:"real"`
	Bonus   int `json:"bonus"`
	Blocked int `json:"blocked"`
}

// State is a copy of everything that the registry holds.
type State struct {
	Clients []Client `json:"clients"`
	Domains []Domain `json:"domains"`
	Balance Balance  `json:"balance"`
	Tasks   []Task   `json:"tasks"`
}

// registry is the robot's memory. It is not safe for concurrent use.
type registry struct {
	clients map[string]Client
	domains map[string]Domain
	balance Balance
	tasks   []*Task
}

func newRegistry() *registry {
	return &registry{clients: map[string]Client{}, domains: map[string]Domain{},
		balance: Balance{Real: defaultBalance}}
}

func (r *registry) state() State {
	s := State{
		Clients: slices.Collect(maps.Values(r.clients)),
		Domains: slices.Collect(maps.Values(r.domains)),
		Balance: r.balance,
	}
	slices.SortFunc(s.Clients, func(a, b Client) int { return cmp.Compare(a.Handle, b.Handle) })
	slices.SortFunc(s.Domains, func(a, b Domain) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range r.tasks {
		s.Tasks = append(s.Tasks, *t)
	}
	return s
}

// moscow is the time zone of R01's and the registry's days; it has no summer time.
func moscow() *time.Location { return time.FixedZone("MSK", 3*60*60) }

func today(now time.Time) registrar.Date { return registrar.DateOf(now.In(moscow())) }

// references rejects a mail with a domain whose client is neither
// known to the registry nor registered by the mail itself.
func (r *registry) references(request Request) *Rejection {
	known := map[string]bool{}
	for _, t := range request.Templates {
		if t.Kind != KindDomain {
			known[t.Object] = true
			continue
		}
		handle := t.Value("admin-o")
		if _, registered := r.clients[handle]; handle != "" && !registered && !known[handle] {
			return t.reject(ReasonReference, fmt.Sprintf("Unknown nic-hdl %s.", handle))
		}
	}
	return nil
}

// judge applies the rules of business. A task is judged when it is queued
// and again when it is carried out, because the registry may have changed.
func (r *registry) judge(action Action, t Template, now time.Time) *Rejection {
	switch {
	case t.Kind != KindDomain:
		return r.judgeClient(action, t)
	case action == ActionNew:
		if _, taken := r.domains[t.Object]; taken {
			// Literal message of R01's back end.
			return t.reject(ReasonTaken, fmt.Sprintf("Domain %s is already registered.", t.Object))
		}
		return nil
	default:
		return r.judgeOwned(action, t, now)
	}
}

func (r *registry) judgeClient(action Action, t Template) *Rejection {
	_, exists := r.clients[t.Object]
	if action == ActionNew && exists {
		return t.reject(ReasonTaken, "DADMIN_EXIST") // literal status of R01's back end
	}
	if action == ActionUpdate && !exists {
		return t.reject(ReasonUnknown, fmt.Sprintf("Unknown nic-hdl %s.", t.Object))
	}
	return nil
}

func (r *registry) judgeOwned(action Action, t Template, now time.Time) *Rejection {
	d, exists := r.domains[t.Object]
	if !exists || d.Registrar != ownRegistrar {
		return t.reject(ReasonUnknown, fmt.Sprintf("Domain %s was not found on this agreement.", t.Object))
	}
	if handle := t.Value("admin-o"); handle != "" && handle != d.Handle { // r01-mail 2.9
		return t.reject(ReasonRefused, "The registrant can be changed by letter only.")
	}

	// A renewal is possible only for a time before and after the expiry: r01-mail 4.1.
	left := d.PaidTill.DaysSince(today(now))
	if action == ActionProlong && left > renewalOpens {
		return t.reject(ReasonWindow, fmt.Sprintf(
			"Domain %s can be prolonged not earlier than %d days before its paid-till date.", t.Object, renewalOpens))
	}
	if action == ActionProlong && left < -priorityDays {
		return t.reject(ReasonWindow, fmt.Sprintf("Domain %s can be prolonged no longer.", t.Object))
	}
	return nil
}

// enqueue makes a task and blocks its price on the first account that has enough money.
func (r *registry) enqueue(request Request, t Template, price int, now time.Time) (*Task, *Rejection) {
	task := &Task{ID: firstTask + len(r.tasks), Action: request.Action, Kind: t.Kind, Object: t.Object,
		Status: TaskQueued, QueuedAt: now, template: t, spell: magicOf(t)}
	if t.Kind == KindDomain && request.Action != ActionUpdate {
		task.price = price
		task.paidFrom = r.block(request.PayType, price)
		if task.paidFrom == "" {
			return nil, t.reject(ReasonFunds, noFunds)
		}
	}
	r.tasks = append(r.tasks, task)
	return task, nil
}

func (r *registry) account(a Account) *int {
	if a == AccountBonus {
		return &r.balance.Bonus
	}
	return &r.balance.Real
}

func (r *registry) block(accounts []Account, price int) Account {
	for _, a := range accounts {
		if money := r.account(a); *money >= price {
			*money -= price
			r.balance.Blocked += price
			return a
		}
	}
	return ""
}

// execute carries out a task. Its money is spent, or given back if the task fails.
func (r *registry) execute(task *Task, delegate bool, now time.Time) {
	rejection := r.verdict(task, now)
	task.FinishedAt = now
	if task.paidFrom != "" {
		r.balance.Blocked -= task.price
	}

	if rejection != nil {
		task.Status, task.Message = TaskFailure, rejection.Message
		if task.paidFrom != "" {
			*r.account(task.paidFrom) += task.price
		}
		return
	}

	task.Status = TaskSuccess
	r.apply(task, delegate, now)
}

func (r *registry) verdict(task *Task, now time.Time) *Rejection {
	if task.spell == magicFail {
		return task.template.reject(ReasonRefused, "Error occured while trying to carry out the task")
	}
	if rejection := r.judge(task.Action, task.template, now); rejection != nil {
		return rejection
	}
	return r.references(Request{Templates: []Template{task.template}})
}

func (r *registry) apply(task *Task, delegate bool, now time.Time) {
	t := task.template
	switch {
	case t.Kind != KindDomain && task.Action == ActionUpdate:
		task.Message = r.updateClient(t)
	case t.Kind != KindDomain:
		r.clients[t.Object] = Client{Handle: t.Object, Kind: t.Kind, Fields: t.Fields}
	case task.Action == ActionProlong:
		d := r.domains[t.Object]
		d.PaidTill = d.PaidTill.AddYears(1)
		r.domains[t.Object] = d
	case task.Action == ActionUpdate:
		r.updateDomain(t)
	default:
		r.domains[t.Object] = Domain{Name: t.Object, Handle: t.Value("admin-o"), Registrar: ownRegistrar,
			Nameservers: t.Values("nserver"), Delegated: delegate && wantsDelegation(t),
			Created: now, PaidTill: today(now).AddYears(1)}
	}
}

func wantsDelegation(t Template) bool {
	return len(t.Values("nserver")) > 0 && t.Value("state") != "NOT DELEGATED"
}

func (r *registry) updateDomain(t Template) {
	d := r.domains[t.Object]
	if servers := t.Values("nserver"); len(servers) > 0 {
		d.Nameservers = servers
	}
	switch t.Value("state") {
	case "DELEGATED":
		d.Delegated = true
	case "NOT DELEGATED":
		d.Delegated = false
	}
	r.domains[t.Object] = d
}

// updateClient replaces each field that is given with all its values. Identity
// stays as it was, and the message says so in the back end's literal words.
func (r *registry) updateClient(t Template) (message string) {
	c := r.clients[t.Object]
	old := Template{Fields: c.Fields}

	// The first rule is that of the handle, by which the client was found.
	for _, rule := range fieldRules(c.Kind)[1:] {
		values := t.Values(rule.name)
		if len(values) == 0 || slices.Equal(values, old.Values(rule.name)) {
			continue
		}

		if rule.readOnly {
			message = "WARNING_CANT_CHANGE_READONLY"
			continue
		}

		c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(f Field) bool { return f.Name == rule.name })
		for _, v := range values {
			c.Fields = append(c.Fields, Field{Name: rule.name, Value: v})
		}
	}

	r.clients[t.Object] = c
	return message
}

// adopt puts a domain into the registry as it is given, with its registrant.
func (r *registry) adopt(d Domain) error {
	name, ok := canonicalDomain(d.Name)
	if !ok {
		return fmt.Errorf("add domain %q: not a name under ru, su or xn--p1ai", d.Name)
	}

	if d.PaidTill.IsZero() {
		return fmt.Errorf("add domain %s: paid_till is missing", name)
	}

	d.Name = name
	d.Registrar = cmp.Or(d.Registrar, ownRegistrar)

	// The term is one year: r01-mail 2.6.
	if d.Created.IsZero() {
		d.Created = d.PaidTill.AddYears(-1).In(moscow()).UTC()
	}

	if d.Handle != "" {
		if !isHandle(d.Handle) {
			return fmt.Errorf("add domain %s: %q is not a handle", name, d.Handle)
		}
		r.adoptClient(d.Handle)
	}

	r.domains[name] = d
	return nil
}

func (r *registry) adoptClient(handle string) {
	if _, known := r.clients[handle]; known {
		return
	}
	kind := KindPerson
	if strings.Contains(handle, "-ORG-") {
		kind = KindOrganization
	}
	r.clients[handle] = Client{Handle: handle, Kind: kind}
}
