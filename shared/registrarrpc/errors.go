package registrarrpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// domain marks an error as the contract's own. A status without it comes from the transport.
const domain = "registrar.panel"

// statusCodes is the code of gRPC for each code of the contract. It is for people and tools; the other side
// reads the reason in ErrorInfo.
var statusCodes = map[registrar.Code]codes.Code{
	registrar.Invalid:      codes.InvalidArgument,
	registrar.NotFound:     codes.NotFound,
	registrar.Conflict:     codes.AlreadyExists,
	registrar.Precondition: codes.FailedPrecondition,
	registrar.Unsupported:  codes.Unimplemented,
	registrar.NotReady:     codes.FailedPrecondition,
	registrar.Locked:       codes.FailedPrecondition,
	registrar.Draining:     codes.Unavailable,
	registrar.Unavailable:  codes.Unavailable,
	registrar.Internal:     codes.Internal,
}

// toStatus turns the error of a plugin's method into a status. ctx is the call's own.
func toStatus(ctx context.Context, err error) error {
	var known *registrar.Error
	var code registrar.Code
	switch {
	case errors.As(err, &known):
		return statusOf(known, detailOf(err, known)).Err()
	case errors.As(err, &code):
		return statusOf(&registrar.Error{Code: code}, err.Error()).Err()
	case !endOfContext(err):
		return statusOf(&registrar.Error{Code: registrar.Internal}, err.Error()).Err()
	case ctx.Err() == nil: // a time limit of the plugin's own, which does not concern the caller
		return statusOf(&registrar.Error{Code: registrar.Unavailable}, err.Error()).Err()
	default:
		return status.FromContextError(ctx.Err()).Err()
	}
}

func endOfContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// detailOf returns the text of err with what outer layers added to e, and without e's problems, which travel
// separately.
func detailOf(err error, e *registrar.Error) string {
	added, ok := strings.CutSuffix(err.Error(), e.Error())
	if !ok {
		return err.Error()
	}
	if e.Detail == "" && added != "" {
		return added + e.Code.Error()
	}
	return added + e.Detail
}

func statusOf(e *registrar.Error, detail string) *status.Status {
	code, ok := statusCodes[e.Code]
	// No caller can branch on a code that the contract lacks, so a plugin that invents one has a defect.
	if !ok {
		code, detail = codes.Internal, fmt.Sprintf("%s: %s", string(e.Code), detail)
		e = &registrar.Error{Code: registrar.Internal}
	}

	// Problems travel in gRPC's own form, for tools and plugins in other languages, and also in ours if they
	// have more than that form holds.
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: string(e.Code), Domain: domain}}
	if len(e.Problems) > 0 {
		details = append(details, badRequest(e.Problems))
	}
	if slices.ContainsFunc(e.Problems, registrar.Problem.Detailed) {
		details = append(details, protoadapt.MessageV1Of(&pb.Problems{Problems: each(e.Problems, problemToWire)}))
	}

	if e.RetryAfter != 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}

	bare := status.New(code, text(detail))
	if full, err := bare.WithDetails(details...); err == nil {
		return full
	}

	return bare
}

func badRequest(problems []registrar.Problem) *errdetails.BadRequest {
	return &errdetails.BadRequest{
		FieldViolations: each(problems, func(p registrar.Problem) *errdetails.BadRequest_FieldViolation {
			return &errdetails.BadRequest_FieldViolation{Field: text(p.Path), Description: text(p.Message)}
		}),
	}
}

// contractError returns the contract's error in a status; nil = it has none.
func contractError(s *status.Status) *registrar.Error {
	e := &registrar.Error{Detail: s.Message()}
	var whole []registrar.Problem
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *pb.Problems:
			whole = each(detail.GetProblems(), problemFromWire)
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == domain {
				e.Code = registrar.Code(detail.GetReason())
			}
		case *errdetails.BadRequest:
			e.Problems = each(detail.GetFieldViolations(), func(v *errdetails.BadRequest_FieldViolation) registrar.Problem {
				return registrar.Problem{Path: v.GetField(), Message: v.GetDescription()}
			})
		case *errdetails.RetryInfo:
			e.RetryAfter = detail.GetRetryDelay().AsDuration()
		}
	}

	// Our problems contain more than those of BadRequest, which are for other readers.
	if len(whole) > 0 {
		e.Problems = whole
	}
	if e.Code == "" {
		return nil
	}
	if _, ok := statusCodes[e.Code]; !ok {
		return registrar.Errorf(registrar.Internal, "the plugin answered with the unknown error %s: %s", string(e.Code), s.Message())
	}

	return e
}

// transportError returns the contract's error for a status of the transport.
func transportError(s *status.Status) error {
	switch s.Code() {
	case codes.Canceled:
		return fmt.Errorf("call the plugin: %w", context.Canceled)
	case codes.DeadlineExceeded:
		return fmt.Errorf("call the plugin: %w", context.DeadlineExceeded)
	case codes.Unavailable:
		return registrar.Errorf(registrar.Unavailable, "the plugin did not answer: %s", s.Message())
	case codes.Unimplemented:
		return registrar.Errorf(registrar.Unsupported, "the plugin does not know this call; it may be of an older version: %s", s.Message())
	default:
		return registrar.Errorf(registrar.Internal, "call the plugin: %s: %s", s.Code(), s.Message())
	}
}
