package registrarrpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"registrar.panel/shared/registrar"
)

// received is what a caller makes of a plugin's error, by way of the bytes of its status.
func received(t *testing.T, ctx context.Context, err error) error {
	t.Helper()
	wire, marshalErr := proto.Marshal(status.Convert(toStatus(ctx, err)).Proto())
	if marshalErr != nil {
		t.Fatal(marshalErr)
	}
	s := status.New(codes.OK, "").Proto()
	if err := proto.Unmarshal(wire, s); err != nil {
		t.Fatal(err)
	}
	return (&client{process: t.Context()}).failure(ctx, status.FromProto(s).Err())
}

func TestEveryCodeReturns(t *testing.T) {
	t.Parallel()

	for _, code := range registrar.Codes() {
		sent := &registrar.Error{
			Code:   code,
			Detail: "relay mail.example: 421 try later",
			Problems: []registrar.Problem{{Path: `reply["later"].body`, Message: "is no regular expression"}, {Path: "smtp.tls", Message: "is required"},
				{Path: "contact.name", Message: "says it", Code: "letters", Params: map[string]string{"letters": "ә"}, Texts: map[string]string{"en": "says it", "ru": "говорит"}}},
			RetryAfter: 90 * time.Second,
		}

		got := received(t, t.Context(), sent)
		if !errors.Is(got, code) {
			t.Errorf("%s: errors.Is does not see the code in %v", code, got)
		}

		var e *registrar.Error
		if !errors.As(got, &e) {
			t.Errorf("%s returns as %T", code, got)
		} else if diff := diff(sent, e); diff != "" {
			t.Errorf("%s (-sent +received)\n%s", code, diff)
		}
	}
}

func TestErrorsOfAPlugin(t *testing.T) {
	t.Parallel()

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	problems := []registrar.Problem{{Path: "domain", Message: "is required"}}
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want *registrar.Error
	}{
		{"a bare code", t.Context(), registrar.Locked, &registrar.Error{Code: registrar.Locked, Detail: "locked"}},
		{"a wrapped code", t.Context(), fmt.Errorf("domain a.ru: %w", registrar.NotFound), &registrar.Error{Code: registrar.NotFound, Detail: "domain a.ru: not found"}},
		{"a wrapped error", t.Context(), fmt.Errorf("submit: %w", registrar.InvalidOrder(problems)), &registrar.Error{Code: registrar.Invalid, Detail: "submit: the order has mistakes", Problems: problems}},
		{"wrapped without detail", t.Context(), fmt.Errorf("submit: %w", &registrar.Error{Code: registrar.Conflict}), &registrar.Error{Code: registrar.Conflict, Detail: "submit: conflict"}},
		{"wrapped from both sides", t.Context(), fmt.Errorf("a (%w) b", registrar.Errorf(registrar.Conflict, "c")), &registrar.Error{Code: registrar.Conflict, Detail: "a (c) b"}},
		{"no code", t.Context(), errors.New("disk full"), &registrar.Error{Code: registrar.Internal, Detail: "disk full"}},
		{"a code of its own", t.Context(), registrar.Errorf("TIRED", "zzz"), &registrar.Error{Code: registrar.Internal, Detail: "TIRED: zzz"}},
		{"a time limit of its own", t.Context(), fmt.Errorf("dial: %w", context.DeadlineExceeded), &registrar.Error{Code: registrar.Unavailable, Detail: "dial: context deadline exceeded"}},
		{"a code at the end of the call", ended, registrar.Errorf(registrar.Conflict, "other contents"), &registrar.Error{Code: registrar.Conflict, Detail: "other contents"}},
		{"wrong bytes", t.Context(), registrar.Errorf(registrar.NotFound, "gr\xfc\xdfe"), &registrar.Error{Code: registrar.NotFound, Detail: "gr\uFFFDe"}},
	} {
		var e *registrar.Error
		if got := received(t, c.ctx, c.err); !errors.As(got, &e) {
			t.Errorf("%s: %v is no registrar.Error", c.name, got)
		} else if diff := diff(c.want, e); diff != "" {
			t.Errorf("%s (-want +received)\n%s", c.name, diff)
		}
	}
}

func TestEndOfTheCallersContext(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late} {
		got := received(t, ctx, fmt.Errorf("read: %w", ctx.Err()))
		var e *registrar.Error
		if !errors.Is(got, want) || errors.As(got, &e) {
			t.Errorf("%v arrives as %v", want, got)
		}
	}
}

func TestErrorsOfTheTransport(t *testing.T) {
	t.Parallel()

	foreign, err := status.New(codes.NotFound, "elsewhere").WithDetails(&errdetails.ErrorInfo{Reason: "NOT_FOUND", Domain: "example.com"})
	if err != nil {
		t.Fatal(err)
	}

	newer, err := status.New(codes.FailedPrecondition, "no rain").WithDetails(&errdetails.ErrorInfo{Reason: "DROUGHT", Domain: domain})
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		s    *status.Status
		want registrar.Code
		text string
	}{
		{status.New(codes.Unavailable, "EOF"), registrar.Unavailable, "the plugin did not answer: EOF"},
		{status.New(codes.Canceled, "the client connection is closing"), registrar.Unavailable, "the plugin did not answer"}, // not by the caller
		{status.New(codes.Unimplemented, "unknown method"), registrar.Unsupported, "the plugin does not know this call"},
		{status.New(codes.ResourceExhausted, "message larger than max"), registrar.Internal, "message larger than max"},
		{status.New(codes.Unknown, "odd"), registrar.Internal, "Unknown: odd"},
		{foreign, registrar.Internal, "NotFound: elsewhere"},
		{newer, registrar.Internal, "unknown error DROUGHT: no rain"},
	} {
		synctest.Test(t, func(t *testing.T) { // the process does not end, and that takes its time
			got := (&client{process: t.Context()}).failure(t.Context(), c.s.Err())
			if !errors.Is(got, c.want) || !strings.Contains(got.Error(), c.text) {
				t.Errorf("%v is %v, want %s with %q", c.s, got, c.want, c.text)
			}
		})
	}
}

func TestEndOfTheProcess(t *testing.T) {
	t.Parallel()
	process, end := context.WithCancel(t.Context())
	end()
	for _, code := range []codes.Code{codes.Unavailable, codes.Canceled} {
		got := (&client{process: process}).failure(t.Context(), status.Error(code, "EOF"))
		if !errors.Is(got, registrar.Unavailable) || got.Error() != "the plugin process has ended" {
			t.Errorf("%s is %v", code, got)
		}
	}
}

// The call breaks before the end of the process shows.
func TestEndOfTheProcessAfterTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		process, end := context.WithTimeout(t.Context(), endGrace/2)
		defer end()
		got := (&client{process: process}).failure(t.Context(), status.Error(codes.Unavailable, "EOF"))
		if got.Error() != "the plugin process has ended" {
			t.Errorf("the error is %v", got)
		}
	})
}
