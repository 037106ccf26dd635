package registrarrpc

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// faults collects what does not fit the contract while values are converted, so that a conversion is one
// expression and all faults are reported at once.
type faults struct {
	problems []registrar.Problem
}

func (f *faults) add(path, format string, args ...any) {
	f.problems = append(f.problems, registrar.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// invalid returns the faults as a mistake of the caller.
func (f *faults) invalid() error {
	if len(f.problems) == 0 {
		return nil
	}
	return &registrar.Error{Code: registrar.Invalid, Detail: "the request is outside the contract", Problems: f.problems}
}

// defect returns the faults as a defect of the plugin.
func (f *faults) defect() error {
	if len(f.problems) == 0 {
		return nil
	}
	texts := make([]string, len(f.problems))
	for i, p := range f.problems {
		texts[i] = p.String()
	}
	return registrar.Errorf(registrar.Internal, "the plugin's answer is outside the contract: %s", strings.Join(texts, "; "))
}

// encoder turns contract values into messages.
type encoder struct{ faults }

// decoder turns messages into contract values.
type decoder struct{ faults }

func (e *encoder) time(path string, t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	ts := timestamppb.New(t)
	if err := ts.CheckValid(); err != nil {
		e.add(path, "is no instant of the years 1 to 9999")
	}
	return ts
}

func (d *decoder) time(path string, ts *timestamppb.Timestamp) time.Time {
	if ts == nil {
		return time.Time{}
	}
	if err := ts.CheckValid(); err != nil {
		d.add(path, "is no instant of the years 1 to 9999")
		return time.Time{}
	}
	return ts.AsTime()
}

func (e *encoder) date(path string, date registrar.Date) *pb.Date {
	if date.IsZero() {
		return nil
	}
	if !onCalendar(date) {
		e.add(path, "is no day of the calendar")
		return nil
	}
	return &pb.Date{Year: int32(date.Year), Month: int32(date.Month), Day: int32(date.Day)}
}

func (d *decoder) date(path string, m *pb.Date) registrar.Date {
	if m == nil {
		return registrar.Date{}
	}
	date := registrar.Date{Year: int(m.Year), Month: time.Month(m.Month), Day: int(m.Day)}
	if !onCalendar(date) {
		d.add(path, "is no day of the calendar")
	}
	return date
}

func onCalendar(d registrar.Date) bool {
	return d.Year >= 1 && d.Year <= 9999 && registrar.DateOf(d.In(time.UTC)) == d
}

// present demands a message that must not be absent.
func present[M any](f *faults, path string, m *M) {
	if m == nil {
		f.add(path, "is missing")
	}
}

// each converts a list; an empty one becomes nil.
func each[A, B any](list []A, convert func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = convert(a)
	}
	return out
}

// listOf turns the reader of an element into the reader of a list.
func listOf[M, T any](read func(*decoder, M) T) func(*decoder, []M) []T {
	return func(d *decoder, list []M) []T {
		return each(list, func(m M) T { return read(d, m) })
	}
}

// text makes a string from outside fit for the wire, which carries only UTF-8: one wrong byte in a mail must
// not stop the record of events.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// plain reads a value that needs no check.
func plain[T any](_ *decoder, v T) T { return v }

// named reads a name or an ID.
func named[T ~string](_ *decoder, s string) T { return T(s) }
