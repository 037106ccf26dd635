package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"time"

	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// Limits of a request in bytes: of any request, and of one with a captured mail.
const (
	maxBody = 1 << 20
	maxMail = 36 << 20
)

// How long a caller may take to send a request, and to read its answer. Both begin when the head of
// the request has come; the second includes the time in which the answer is made.
const (
	sendWithin = 30 * time.Second
	readWithin = 3 * time.Minute
)

// statusOf is the HTTP status of a refusal. A code that is not listed is a fault of ours.
var statusOf = map[registrar.Code]int{
	registrar.Invalid:      http.StatusUnprocessableEntity,
	registrar.NotFound:     http.StatusNotFound,
	registrar.Conflict:     http.StatusConflict,
	registrar.Precondition: http.StatusConflict,
	registrar.Unsupported:  http.StatusNotImplemented,
	registrar.NotReady:     http.StatusServiceUnavailable,
	registrar.Locked:       http.StatusServiceUnavailable,
	registrar.Draining:     http.StatusServiceUnavailable,
	registrar.Unavailable:  http.StatusServiceUnavailable,
	registrar.Internal:     http.StatusInternalServerError,
}

// method is a handler with the types of its request and its answer; nil = no JSON.
type method struct {
	http.Handler
	in, out reflect.Type
	media   string // of an answer that is not JSON
}

// typeOf returns the type that JSON shows for a type.
func typeOf[T any]() reflect.Type {
	var v T
	switch v := any(v).(type) {
	case none:
		return nil
	case interface{ shown() reflect.Type }:
		return v.shown()
	}
	return reflect.TypeFor[T]()
}

// endpoint makes a handler from a function that answers with a value.
func endpoint[T any](s *Server, answer func(r *http.Request) (T, error)) method {
	return method{out: typeOf[T](), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := answer(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		succeed(w, r, v)
	})}
}

// stream makes a method from a handler that writes its answer itself.
func stream(media string, out reflect.Type, h http.HandlerFunc) method {
	return method{Handler: h, media: media, out: out}
}

// partial makes an endpoint whose answer may lack the parts of registrars that did not answer; a
// header names each of them.
func partial[T any](s *Server, answer func(r *http.Request) (T, []switchboard.Absent, error)) method {
	return endpoint(s, func(r *http.Request) (incomplete[T], error) {
		v, absent, err := answer(r)
		return incomplete[T]{v, absent}, err
	})
}

// incomplete is an answer together with the registrars whose part is missing. Its JSON is only the answer.
type incomplete[T any] struct {
	answer T
	absent []switchboard.Absent
}

// MarshalJSON implements [json.Marshaler].
func (i incomplete[T]) MarshalJSON() ([]byte, error) { return json.Marshal(i.answer) }

func (incomplete[T]) shown() reflect.Type { return typeOf[T]() }

func (i incomplete[T]) goesOn() url.Values {
	if f, ok := any(i.answer).(following); ok {
		return f.goesOn()
	}
	return nil
}

func (i incomplete[T]) lacks() []switchboard.Absent { return i.absent }

// lacking is an answer that may be incomplete.
type lacking interface{ lacks() []switchboard.Absent }

// action makes an endpoint that changes something: its request must be JSON.
func action[In, Out any](s *Server, answer func(r *http.Request, in In) (Out, error)) method {
	return actionUpTo(s, maxBody, 1, answer)
}

// actionUpTo is an action with a limit of its own, and a multiple of the time to send it.
func actionUpTo[In, Out any](s *Server, most int64, times time.Duration, answer func(r *http.Request, in In) (Out, error)) method {
	return method{in: typeOf[In](), out: typeOf[Out](), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// No form of another site can send this type.
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
			fail(w, http.StatusUnsupportedMediaType, "BAD_REQUEST", "the request must have Content-Type: application/json")
			return
		}

		var in In
		arriving := http.NewResponseController(w)
		_ = arriving.SetReadDeadline(time.Now().Add(times * s.send)) // an error means that there is no connection
		err := decode(http.MaxBytesReader(w, r.Body, most), &in)
		if err != nil {
			status := http.StatusBadRequest
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				status = http.StatusRequestTimeout
			}
			fail(w, status, "BAD_REQUEST", "read request: "+unreadable(err))
			return
		}

		_ = arriving.SetReadDeadline(time.Time{}) // or a long answer would be taken for a lost caller
		out, err := answer(r, in)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		succeed(w, r, out)
	})}
}

// decode reads one JSON value with known keys only.
func decode(body io.Reader, v any) error {
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands after the JSON value")
	}
	return nil
}

// refuse answers with an error. A fault without a code goes to the log instead.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the caller has gone
	}

	var e *registrar.Error
	// The details of a fault, such as a path or an address, are for those who run the panel and not for callers.
	if !errors.As(err, &e) {
		s.log.Error("request failed", "method", r.Method, "path", r.Pattern, "err", err)
		fail(w, http.StatusInternalServerError, string(registrar.Internal), "the panel could not do it; its log says why")
		return
	}

	// The codes in statusOf are those of the contract; this one is the panel's own.
	if e.Code == noRight {
		fail(w, http.StatusForbidden, string(noRight), e.Detail)
		return
	}

	// Rounded up, because a caller who comes a moment too early is refused again.
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}

	message := e.Detail
	if message == "" {
		message = e.Code.Error()
	}

	failure := api.Error{Code: string(e.Code), Message: message, Problems: make([]api.Problem, 0, len(e.Problems))}
	for _, p := range e.Problems {
		failure.Problems = append(failure.Problems, api.Problem(p))
		// The order in the way has a field of its own, for programs that do not read the problems.
		if id := p.Params["order"]; id != "" {
			failure.Order = &id
		}
	}

	writeJSON(w, statusOf[e.Code], api.Failure{Error: failure})
}

func fail(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, api.Failure{Error: api.Error{Code: code, Message: message, Problems: []api.Problem{}}})
}

// succeed answers with a value, and links to the next part of a list.
func succeed(w http.ResponseWriter, r *http.Request, v any) {
	if f, ok := v.(following); ok {
		link(w, r, f.goesOn())
	}
	if again, ok := v.(interface{ repeated() bool }); ok && again.repeated() {
		w.Header().Set(api.RepeatedHeader, "true")
	}
	writeJSON(w, http.StatusOK, v)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	if l, ok := v.(lacking); ok {
		for _, a := range l.lacks() {
			w.Header().Add(api.MissingHeader, api.Missing{Registrar: a.Registrar, Reason: a.Reason}.Header())
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(v)
}
