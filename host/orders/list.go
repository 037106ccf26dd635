package orders

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// The ways to sort a list; "-" before one reverses it.
const (
	ByName     = "name"
	ByPaidTill = "paid_till"
	ByCreated  = "created"
	ByDomain   = "domain"
)

// Lists reads the book page by page.
type Lists struct {
	*ledger
	board *switchboard.Board
}

// Lists returns the lists of the book, which are read page by page.
func (s *Service) Lists() Lists { return Lists{s.ledger, s.board} }

// DomainList selects domains; zero fields select all.
type DomainList struct {
	Page
	Status    registrar.DomainStatus
	Customer  string
	Registrar string
	Renewal   registrar.RenewalMode
	Attention bool           // only domains that need a person, or have an alarm
	Due       registrar.Date // only domains that are ours and paid till this day at most
	Open      bool           // only domains with an operation under way
	State     registrar.OperationState
	Outcome   registrar.Outcome // of the operation that ended last
	Query     string            // the beginning of a name, or the whole of a customer or handle
	Sort      string            // ByName or ByPaidTill; "" = by name, and by paid till with Due
	Without   []string          // names that are left out
}

const domainColumns = "name, customer, registrar, status, handle, paid_till, renewal, nameservers, operation, alarms, operation_state, outcome, reason, locked, registry"

// Conditions that lead to a partial index, in the index's own words.
const (
	needsLook    = "(attention > 0 or status = 'Error')"
	hasOperation = "operation <> 'null'"
)

// Domains returns a page of domains, and the mark of the next page; "" = there is none.
func (l Lists) Domains(ctx context.Context, q DomainList) (list []Domain, next string, err error) {
	rows, err := q.listing()
	if err != nil {
		return nil, "", err
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if list, next, err = rows.page(ctx, tx, q.Page); err != nil {
			return err
		}

		// This alarm is the panel's own. It stands as long as the order waits, and so is stored nowhere.
		return lateness(l).warn(ctx, tx, list)
	})
	return list, next, err
}

// listing turns a query into a listing.
func (q DomainList) listing() (listing[Domain], error) {
	l := listing[Domain]{columns: domainColumns, table: "domains", scan: scanDomain}
	if problems := q.problems(); len(problems) > 0 {
		return l, input.Mistakes(problems)
	}

	sorted := q.Sort
	if sorted == "" && !q.Due.IsZero() {
		sorted = ByPaidTill
	}

	// Lists are sorted by names as people read them. A beginning in ACE is found only among names as the DNS has them.
	column := "unicode"
	if strings.HasPrefix(q.prefix(), "xn--") {
		column = "name"
	}

	l.key = key{columns: []string{column}}
	l.values = func(d Domain) []string {
		if column == "name" {
			return []string{d.Name}
		}
		return []string{input.Unicode(d.Name)}
	}

	if strings.TrimPrefix(sorted, "-") == ByPaidTill {
		name := l.values
		l.key.columns = []string{"paid_till", column}
		l.values = func(d Domain) []string { return append([]string{d.PaidTill.String()}, name(d)...) }
	}

	l.key.descending = strings.HasPrefix(sorted, "-")
	// Each way to match is a query of its own, which an index answers.
	for _, of := range q.matches(column) {
		l.filters = append(l.filters, q.narrow(of))
	}

	return l, nil
}

func (q DomainList) problems() (problems []registrar.Problem) {
	wrong := func(path string, allowed any) {
		problems = append(problems, registrar.Problem{Path: path, Message: fmt.Sprintf("must be one of %v", allowed)})
	}

	if q.Status != "" && !slices.Contains(registrar.DomainStatuses(), q.Status) {
		wrong("status", registrar.DomainStatuses())
	}
	if q.Renewal != "" && !slices.Contains(registrar.RenewalModes(), q.Renewal) {
		wrong("renewal", registrar.RenewalModes())
	}
	if q.State != "" && !slices.Contains(registrar.OperationStates(), q.State) {
		wrong("state", registrar.OperationStates())
	}
	if q.Outcome != "" && !slices.Contains(registrar.Outcomes(), q.Outcome) {
		wrong("outcome", registrar.Outcomes())
	}
	if sorts := bothWays(ByName, ByPaidTill); q.Sort != "" && !slices.Contains(sorts, q.Sort) {
		wrong("sort", sorts)
	}
	return problems
}

func bothWays(sorts ...string) (all []string) {
	for _, s := range sorts {
		all = append(all, s, "-"+s)
	}
	return all
}

func (q DomainList) prefix() string {
	return strings.TrimSuffix(strings.ToLower(entry.Line(q.Query)), ".")
}

// matches returns the ways in which a row may match the search.
func (q DomainList) matches(column string) []filter {
	prefix := q.prefix()
	if prefix == "" {
		return []filter{{}}
	}
	var name, customer, handle filter
	name.between(column, prefix)
	customer.by("customer", entry.Line(q.Query))
	handle.by("handle", entry.Line(q.Query))
	// In the words of the partial index, which is not used otherwise.
	handle.conditions = append(handle.conditions, "handle <> ''")
	return []filter{name, customer, handle}
}

// narrow adds the conditions that every row must meet.
func (q DomainList) narrow(f filter) filter {
	f.by("status", string(q.Status))
	// A customer is compared in the stored form, however it was typed.
	f.by("customer", entry.Line(q.Customer))
	f.by("registrar", q.Registrar)
	f.by("renewal", string(q.Renewal))
	f.by("outcome", string(q.Outcome))
	if q.Attention {
		f.conditions = append(f.conditions, needsLook)
	}
	f.without("name", q.Without)
	if q.Open || q.State != "" {
		f.conditions = append(f.conditions, hasOperation)
	}
	if q.State != "" {
		// The state is within the row's JSON; the condition above leads to the few rows that have any.
		f.add("operation like ", `%"state":"`+string(q.State)+`"%`)
	}

	if !q.Due.IsZero() {
		f.add("paid_till <= ", q.Due.String())
		f.conditions = append(f.conditions, "paid_till <> ''", "status not in ("+sqldb.Words(notHeld())+")") // this uses no index
	}

	return f
}

// notHeld returns the statuses of domains that are not ours, or not yet.
func notHeld() []registrar.DomainStatus {
	return slices.DeleteFunc(registrar.DomainStatuses(), registrar.DomainStatus.Held)
}

// OrderList selects orders; zero fields select all.
type OrderList struct {
	Page
	State     State
	Outcome   registrar.Outcome
	Operation registrar.OperationState // of its operation
	Kind      registrar.OperationKind
	Customer  string
	Domain    string
	Registrar string
	Reference string
	Open      bool   // only orders that are not concluded
	Query     string // the beginning of a domain, or the whole of an ID, a customer or a reference
	Sort      string // ByCreated or ByDomain; "" = by creation, and by domain with Query
}

// Orders returns a page of orders, and the mark of the next page; "" = there is none.
func (l Lists) Orders(ctx context.Context, q OrderList) (list []Order, next string, err error) {
	rows, err := q.listing()
	if err != nil {
		return nil, "", err
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, next, err = rows.page(ctx, tx, q.Page)
		return err
	})
	waits(l).waiting(list)
	return list, next, err
}

func (q OrderList) listing() (listing[Order], error) {
	l := listing[Order]{columns: orderColumns, table: "orders", scan: scanOrder}
	if err := input.Mistakes(q.problems()); err != nil {
		return l, err
	}

	domain := ""
	if q.Domain != "" {
		ace, err := input.ACE(q.Domain)
		if err != nil {
			return l, err
		}
		domain = ace
	}

	sorted := q.Sort
	if sorted == "" && q.prefix() != "" {
		sorted = ByDomain
	}

	l.key = key{columns: []string{created, "id"}, descending: strings.HasPrefix(sorted, "-")}
	l.values = func(o Order) []string { return []string{strconv.FormatInt(o.CreatedAt.UnixMilli(), 10), string(o.ID)} }
	if strings.TrimPrefix(sorted, "-") == ByDomain {
		times := l.values
		l.key.columns = append([]string{"domain"}, l.key.columns...)
		l.values = func(o Order) []string { return append([]string{o.Domain}, times(o)...) }
	}

	// Each way to match is a query of its own, which an index answers.
	for _, of := range q.matches() {
		l.filters = append(l.filters, q.narrow(of, domain))
	}

	return l, nil
}

func (q OrderList) problems() (problems []registrar.Problem) {
	wrong := func(path string, allowed any) {
		problems = append(problems, registrar.Problem{Path: path, Message: fmt.Sprintf("must be one of %v", allowed)})
	}

	if q.State != "" && !slices.Contains(States(), q.State) {
		wrong("state", States())
	}
	if q.Outcome != "" && !slices.Contains(registrar.Outcomes(), q.Outcome) {
		wrong("outcome", registrar.Outcomes())
	}
	if q.Operation != "" && !slices.Contains(registrar.OperationStates(), q.Operation) {
		wrong("operation_state", registrar.OperationStates())
	}
	if q.Kind != "" && !slices.Contains(registrar.OperationKinds(), q.Kind) {
		wrong("kind", registrar.OperationKinds())
	}
	if sorts := bothWays(ByCreated, ByDomain); q.Sort != "" && !slices.Contains(sorts, q.Sort) {
		wrong("sort", sorts)
	}
	return problems
}

func (q OrderList) prefix() string {
	return strings.TrimSuffix(strings.ToLower(entry.Line(q.Query)), ".")
}

func (q OrderList) matches() []filter {
	prefix := q.prefix()
	if prefix == "" {
		return []filter{{}}
	}

	var domain, id, customer, reference filter
	if domain.between("domain", prefix); !ascii(prefix) { // a part of such a name has no form in the DNS
		domain = filter{}
		domain.between("unicode", prefix)
		domain.conditions = []string{"domain in (select name from domains " + domain.where() + ")"}
	}

	var whole []filter
	if ace, err := input.ACE(prefix); err == nil && ace != prefix {
		whole = make([]filter, 1) // and the domain may be gone from the list
		whole[0].by("domain", ace)
	}

	id.by("id", entry.Line(q.Query))
	customer.by("customer", entry.Line(q.Query))
	reference.by("reference", entry.Line(q.Query))
	// In the words of the partial index, as for handles.
	reference.conditions = append(reference.conditions, "reference <> ''")
	return append([]filter{domain, id, customer, reference}, whole...)
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

func (q OrderList) narrow(f filter, domain string) filter {
	f.by("state", string(q.State))
	f.by("outcome", string(q.Outcome))
	f.by("operation_state", string(q.Operation))
	f.by("kind", string(q.Kind))
	f.by("customer", entry.Line(q.Customer))
	f.by("domain", domain)
	f.by("registrar", q.Registrar)
	if q.Reference != "" {
		f.by("reference", entry.Line(q.Reference))
		f.conditions = append(f.conditions, "reference <> ''")
	}
	if q.Open {
		f.conditions = append(f.conditions, "closed_at is null")
	}
	return f
}
