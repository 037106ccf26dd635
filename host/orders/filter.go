package orders

import (
	"fmt"
	"strings"
)

// filter has the conditions that narrow a list, and only those: for a condition that may be empty,
// a database reads every row.
type filter struct {
	conditions []string
	args       []any
}

// by asks for one value of a column; "" = any.
func (f *filter) by(column, value string) {
	if value != "" {
		f.add(column+" = ", value)
	}
}

// add adds a condition that ends in an argument.
func (f *filter) add(condition string, arg any) {
	f.args = append(f.args, arg)
	f.conditions = append(f.conditions, fmt.Sprint(condition, "$", len(f.args)))
}

// without asks for values of a column other than these.
func (f *filter) without(column string, values []string) {
	var places []string
	for _, v := range values {
		f.args = append(f.args, v)
		places = append(places, fmt.Sprint("$", len(f.args)))
	}
	if len(places) > 0 {
		f.conditions = append(f.conditions, column+" not in ("+strings.Join(places, ", ")+")")
	}
}

// where returns the clause; "" = everything.
func (f *filter) where() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return "where " + strings.Join(f.conditions, " and ")
}

// places returns the placeholders of the arguments for a list; NULL if there are none.
func (f *filter) places() string {
	if len(f.args) == 0 {
		return "null"
	}
	all := make([]string, len(f.args))
	for i := range f.args {
		all[i] = fmt.Sprint("$", i+1)
	}
	return strings.Join(all, ", ")
}
