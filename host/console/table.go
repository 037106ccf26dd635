package console

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/web/api"
)

// routeTables mounts whole lists for other programs; the pages show only parts of them.
func (c *Console) routeTables() {
	c.mux.HandleFunc("GET /domains.csv", asTable(c, "domains", domainFilters, domainColumns, domainCells))
	c.mux.HandleFunc("GET /orders.csv", asTable(c, "orders", orderFilters,
		[]string{"order", "kind", "domain", "unicode", "customer", "registrar", "state", "outcome", "reason", "reference", "created_at", "paid_at", "closed_at"}, func(o api.Order) []string {
			return []string{o.ID, o.Kind, o.Domain, o.Unicode, o.Customer, o.Registrar, o.State, text(o.Outcome), text(o.Reason), text(o.Reference), written(o.CreatedAt), written(o.PaidAt), written(o.ClosedAt)}
		}))
	c.mux.HandleFunc("GET /customers.csv", asTable(c, "customers", []string{"q"},
		[]string{"customer", "domains", "orders", "open_orders"}, func(s api.CustomerSummary) []string {
			return []string{s.ID, strconv.Itoa(s.Domains), strconv.Itoa(s.Orders), strconv.Itoa(s.OpenOrders)}
		}))

	c.mux.HandleFunc("GET /operations.csv", asTable(c, "operations", operationFilters,
		[]string{"operation", "kind", "state", "domain", "unicode", "customer", "registrar", "waits_for", "error"}, func(o api.OpenOperation) []string {
			return []string{o.ID, o.Kind, o.State, o.Domain, o.Unicode, o.Customer, o.Registrar, text(o.WaitsFor), text(o.Error)}
		}))
	c.mux.HandleFunc("GET /review.csv", asTable(c, "review", []string{"strangers"},
		[]string{"entry", "received_at", "from", "subject", "reason", "candidates"}, func(r api.Review) []string {
			return []string{r.ID, written(r.ReceivedAt), r.From, r.Subject, r.Reason, strings.Join(r.Candidates, " ")}
		}))
	c.mux.HandleFunc("GET /mails.csv", asTable(c, "mails", nil,
		[]string{"mail", "at", "out", "from", "to", "subject", "state", "registrar"}, func(m api.MailEntry) []string {
			return []string{m.ID, written(m.At), strconv.FormatBool(m.Out), m.From, m.To, m.Subject, text(m.State), m.Registrar}
		}))
	c.mux.HandleFunc("GET /log.csv", asTable(c, "log", append([]string{"after"}, logFilters...),
		[]string{"entry", "at", "domain", "registrar", "actor", "level", "event", "message", "order", "operation", "mail"}, func(e api.Entry) []string {
			return []string{strconv.FormatInt(e.ID, 10), written(e.At), text(e.Domain), e.Registrar, e.Actor, e.Level, e.Event, e.Message, text(e.Order), text(e.Operation), text(e.Mail)}
		}))
}

// domainColumns are the columns of a table of domains.
var domainColumns = []string{"domain", "unicode", "status", "registrar", "customer", "handle", "paid_till", "renewal"}

func domainCells(d api.Domain) []string {
	return []string{d.Name, d.Unicode, d.Status, d.Registrar, d.Customer, text(d.Handle), text(d.PaidTill), text(d.Renewal)}
}

// beginTable begins an answer that is a table.
func beginTable(w http.ResponseWriter, name string, head []string) *csv.Writer {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write(head)
	return out
}

// asTable answers with a whole list.
func asTable[T any](c *Console, name string, filters, head []string, row func(T) []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := c.visit(r)
		if !v.mayOneOf(look) {
			c.fail(w, v, forbidden(look))
			return
		}

		var out *csv.Writer
		for page, err := range api.Pages[T](r.Context(), c.client, api.Path(name), v.only(filters...)) {
			if err != nil && out == nil {
				c.fail(w, v, err)
				return
			}
			if err != nil {
				panic(http.ErrAbortHandler) // or a part would be taken for the whole
			}
			if out == nil {
				out = beginTable(w, name, head)
			}
			for _, one := range page.List {
				_ = out.Write(plain(row(one)...))
			}
		}
		if out != nil {
			out.Flush() // an error means that the reader has gone
		}
	}
}

// plain keeps programs that calculate with tables from reading a text as a formula.
func plain(cells ...string) []string {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells
}

// written returns an instant as programs read it; "" = none.
func written(t any) string {
	moment := momentOf(t)
	if moment.IsZero() {
		return ""
	}
	return moment.UTC().Format(time.RFC3339)
}
