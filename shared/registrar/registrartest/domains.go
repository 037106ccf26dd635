package registrartest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

var domainChecks = []check{
	{Rule{ID: "domains/order", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Domains lists every domain once, in name order.", Place: "Domains.Domains",
		Remedy: "Sort by the name in ACE, byte by byte."}, listsInOrder},
	{Rule{ID: "domains/pages", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Pages hold at most what was asked for, and following Next lists every domain once and comes to an end.", Place: "Page, DomainPage.Next",
		Remedy: "Select names after Page.After, in order; give the page's last name as Next while there may be more."}, pages},
	{Rule{ID: "domains/beyond", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A page larger than MaxPage is not an error, and a page after the last name is empty.", Place: "MaxPage, Page.Size",
		Remedy: "Reduce the size to MaxPage."}, reducesPages},
	{Rule{ID: "domains/updated", Level: Must, Kind: registrar.KindUpdate, Needs: []Need{NeedSettings},
		Demand: "When an update of nameservers has succeeded, the domain's record has the new ones, and is paid till the same day.", Place: "Order.Nameservers, Domain.Nameservers",
		Remedy: "Take over what was ordered in the transaction that concludes the update."}, recordsUpdates},
	{Rule{ID: "domains/renewed", Level: Must, Kind: registrar.KindRenew, Needs: []Need{NeedSettings},
		Demand: "When a renewal has succeeded, the domain is paid till a later day.", Place: "Order.PaidTill, Domain.PaidTill",
		Remedy: "Take over the new expiry in the transaction that concludes the renewal."}, recordsRenewals},
	{Rule{ID: "domains/transferred", Level: Must, Kind: registrar.KindTransfer, Needs: []Need{NeedSettings},
		Demand: "A transfer comes to its end, and then the domain is registered here for the customer who ordered it.", Place: "Orders.Submit, Domain.Status",
		Remedy: "Send transfers, too; what only a person can do waits in NeedsAction and says so."}, recordsTransfers},
}

// several registers some domains and returns their names, sorted.
func (e *exam) several(l *life) ([]string, error) {
	var names []string
	for range 5 {
		o, _, err := e.submitted(l)
		if err != nil {
			return nil, err
		}
		names = append(names, o.Domain)
	}
	slices.Sort(names)
	return names, nil
}

func namesOf(domains []registrar.Domain) []string {
	var names []string
	for _, d := range domains {
		names = append(names, d.Name)
	}
	return names
}

func listsInOrder(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	want, err := e.several(l)
	if err != nil {
		return err
	}
	page, err := l.Domains(e.ctx, registrar.Page{})
	if err != nil {
		e.broken("Domains: %s", told(err))
	} else if have := namesOf(page.Domains); !slices.Equal(have, want) {
		e.broken("Domains lists %s, want %s", strings.Join(have, ", "), strings.Join(want, ", "))
	}
	return nil
}

func pages(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	want, err := e.several(l)
	if err != nil {
		return err
	}

	for _, size := range []int{1, 2, 5} {
		// One page more than there are names, because the last page may be empty.
		have, err := e.walk(l, size, len(want)+1)
		if err != nil {
			e.broken("pages of %d: %s", size, err)
		} else if slices.Sort(have); !slices.Equal(have, want) {
			e.broken("pages of %d list %s, want %s", size, strings.Join(have, ", "), strings.Join(want, ", "))
		}
	}
	return nil
}

// walk follows Next through at most as many pages as given.
func (e *exam) walk(l *life, size, most int) ([]string, error) {
	var have []string
	p := registrar.Page{Size: size}
	for range most {
		page, err := l.Domains(e.ctx, p)
		switch {
		case err != nil:
			return nil, err
		case len(page.Domains) > size:
			return nil, fmt.Errorf("a page holds %d domains", len(page.Domains))
		}
		have = append(have, namesOf(page.Domains)...)
		if page.Next == "" {
			return have, nil
		}
		p.After = page.Next
	}
	return nil, errors.New("they don't come to an end")
}

func reducesPages(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	o, _, err := e.submitted(l)
	if err != nil {
		return err
	}
	page, err := l.Domains(e.ctx, registrar.Page{Size: registrar.MaxPage + 1})
	if err != nil || len(page.Domains) != 1 {
		e.broken("a page of more than MaxPage has %d domains, want 1: %v", len(page.Domains), err)
	}
	page, err = l.Domains(e.ctx, registrar.Page{After: o.Domain})
	if err != nil || len(page.Domains) > 0 || page.Next != "" {
		e.broken("the page after the last name has %d domains and the next page %q: %v", len(page.Domains), page.Next, err)
	}
	return nil
}

func recordsUpdates(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}
	before, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return err
	}

	if len(before.Nameservers) == 0 {
		return nil // operations/concluded judges that
	}

	ordered := []registrar.Nameserver{{Host: "ns7.example.net"}, {Host: "ns8.example.net"}}
	op, err := l.Submit(e.ctx, registrar.Order{ID: e.orderID(), Kind: registrar.KindUpdate, Domain: o.Domain, Customer: o.Customer, Nameservers: ordered})
	if err != nil {
		e.broken("Submit of an update of nameservers: %s", told(err))
		return nil
	}
	if _, err := e.conclude(l, op.ID); err != nil {
		return err
	}

	after, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return err
	}
	if have, want := hostsOf(after.Nameservers), hostsOf(ordered); !slices.Equal(have, want) {
		e.broken("after the update the nameservers are %q, want %q", have, want)
	}
	if after.PaidTill != before.PaidTill || after.Status != before.Status {
		e.broken("after the update the domain is %s and paid till %s, and was %s till %s", after.Status, after.PaidTill, before.Status, before.PaidTill)
	}
	return nil
}

func recordsRenewals(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}
	before, err := e.due(l, o)
	if err != nil {
		return err
	}

	renewal := registrar.Order{ID: e.orderID(), Kind: registrar.KindRenew, Domain: before.Name, Customer: o.Customer, PaidTill: before.PaidTill}
	op, err := l.Submit(e.ctx, renewal)
	if errors.Is(err, registrar.Precondition) || errors.Is(err, registrar.Invalid) {
		return notTried("no renewal was brought to its end: that of a domain which has just been registered is refused")
	}
	if err != nil {
		e.broken("Submit of a renewal: %s", told(err))
		return nil
	}
	if _, err := e.conclude(l, op.ID); err != nil {
		return err
	}

	after, err := l.Domain(e.ctx, before.Name)
	if err != nil {
		return err
	}
	if !before.PaidTill.Before(after.PaidTill) {
		e.broken("after the renewal the domain is paid till %s, and was till %s", after.PaidTill, before.PaidTill)
	}
	return nil
}

func recordsTransfers(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	o, err := e.orderOf(l, registrar.KindTransfer)
	if err != nil {
		return err
	}
	op, err := l.Submit(e.ctx, o)
	if err != nil {
		e.broken("Submit of a transfer: %s", told(err))
		return nil
	}

	if _, err := e.conclude(l, op.ID); err != nil {
		e.broken("the transfer: %v", err)
		return nil
	}
	if d, err := l.Domain(e.ctx, o.Domain); err != nil || d.Status != registrar.StatusRegistered || d.Customer != o.Customer {
		e.broken("after the transfer the domain is %q for %q: %v", d.Status, d.Customer, err)
	}
	return nil
}

func hostsOf(list []registrar.Nameserver) []string {
	var hosts []string
	for _, n := range list {
		hosts = append(hosts, n.Host)
	}
	slices.Sort(hosts)
	return hosts
}
