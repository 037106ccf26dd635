package console

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeImport() {
	c.page("GET /import", screen{"import.html", money, func(*visit) (any, error) { return intake{}, nil }})
	c.mux.HandleFunc("POST /import", c.takeOver)
}

// intake is a list of domains to take over: what was pasted, and what becomes of each line.
type intake struct {
	Text, Customer, Handle string
	Lines                  []string // what is wrong with lines
	Plan                   []api.Imported
	Counts                 map[string]int // of the plan, by action
	Done                   bool           // the plan was carried out
}

// mostRows is how many domains one call takes over.
const mostRows = 1000

// takeOver shows the plan for what was pasted, or carries it out.
func (c *Console) takeOver(w http.ResponseWriter, r *http.Request) {
	v, ok := c.posted(w, r, money)
	if !ok {
		return
	}

	in, err := v.pasted()
	if err == nil {
		err = v.plan(&in)
	}
	if err != nil {
		v.trouble = v.troubleOf(err)
	}
	c.render(w, v, screen{"import.html", money, func(*visit) (any, error) { return in, nil }})
}

// pasted returns what was pasted, or the content of the file that was chosen.
func (v *visit) pasted() (intake, error) {
	in := intake{Text: v.PostFormValue("rows"), Customer: strings.TrimSpace(v.PostFormValue("customer")), Handle: strings.TrimSpace(v.PostFormValue("handle"))}
	file, _, err := v.FormFile("file")
	if err != nil {
		return in, nil // none was chosen
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if len(text) > 0 {
		in.Text = strings.TrimPrefix(string(text), "\uFEFF")
	}
	return in, err
}

// plan asks what would become of each line; with the step "take" it takes the domains over.
func (v *visit) plan(in *intake) error {
	// If any line is wrong nothing is sent, and the person sees all wrong lines at once.
	rows := v.rowsOf(in)
	switch {
	case len(in.Lines) > 0:
		return &api.Error{Code: string(registrar.Invalid), Message: api.RequestMistakes}
	case len(rows) == 0:
		return &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.no-rows")}
	}

	take := v.PostFormValue("step") == "take"
	in.Counts = map[string]int{}
	for len(rows) > 0 {
		// Each part is as large as the API accepts. If one fails the rest is not sent; taking over again is harmless.
		n := min(mostRows, len(rows))
		part, err := post[[]api.Imported](v, api.Path("domains", "import"), api.Imports{DryRun: !take, Rows: rows[:n]})
		if err != nil {
			return err
		}
		in.Plan, rows = append(in.Plan, part...), rows[n:]
	}
	for _, one := range in.Plan {
		in.Counts[one.Action]++
	}
	in.Done = take
	return nil
}

// rowsOf reads the lines: name, day, customer and handle, separated by tabs or semicolons. Customer
// and handle may be given once for all lines.
func (v *visit) rowsOf(in *intake) (rows []api.ImportRow) {
	number := 0
	for line := range strings.Lines(in.Text) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}

		// Split before trimming, or an empty cell would move those behind it and a handle would be taken for a customer.
		cells := strings.Split(strings.ReplaceAll(line, ";", "\t"), "\t")
		for len(cells) < 4 {
			cells = append(cells, "")
		}
		row := api.ImportRow{Domain: strings.TrimSpace(cells[0]), PaidTill: strings.TrimSpace(cells[1]), Customer: or(strings.TrimSpace(cells[2]), in.Customer),
			Handle: or(strings.TrimSpace(cells[3]), in.Handle)}

		day, err := registrar.ParseDate(row.PaidTill)
		switch {
		case err != nil || day.IsZero():
			in.Lines = append(in.Lines, v.lang.Text("import.line.day", "Line", strconv.Itoa(number), "Text", row.PaidTill))
		case row.Customer == "" || row.Handle == "":
			in.Lines = append(in.Lines, v.lang.Text("import.line.whose", "Line", strconv.Itoa(number), "Name", row.Domain))
		}
		rows = append(rows, row)
	}
	return rows
}
