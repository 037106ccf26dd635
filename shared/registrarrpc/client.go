package registrarrpc

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// endGrace is how long to wait for the end of the process after a broken call: the call breaks first.
const endGrace = 250 * time.Millisecond

// client is a plugin process as its host runs it.
type client struct {
	registrar pb.RegistrarServiceClient
	plugin    pb.PluginServiceClient
	process   context.Context // ends with the process

	mu    sync.Mutex
	knows *registrar.Description // the plugin's last description of itself; nil = it has not been asked
}

func newClient(process context.Context, conn grpc.ClientConnInterface) *client {
	return &client{
		registrar: pb.NewRegistrarServiceClient(conn),
		plugin:    pb.NewPluginServiceClient(conn),
		process:   process,
	}
}

// join returns a context that also ends with the process.
func (c *client) join(ctx context.Context) (context.Context, context.CancelFunc) {
	joined, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.process, cancel)
	return joined, func() { stop(); cancel() }
}

// failure translates the error of a call; ctx is the caller's own.
func (c *client) failure(ctx context.Context, err error) error {
	s := status.Convert(err)
	if e := contractError(s); e != nil {
		return e
	}
	// A cancellation that is not the caller's is ours: the process or the connection to it has ended.
	broken := s.Code() == codes.Unavailable || s.Code() == codes.Canceled && ctx.Err() == nil
	switch {
	case broken && c.ended(ctx):
		return registrar.Errorf(registrar.Unavailable, "the plugin process has ended")
	case broken:
		return transportError(status.New(codes.Unavailable, s.Message()))
	default:
		return transportError(s)
	}
}

func (c *client) ended(ctx context.Context) bool {
	select {
	case <-c.process.Done():
		return true
	case <-ctx.Done():
		return false
	case <-time.After(endGrace):
		return false
	}
}

// call makes a unary call, unless the request could not be encoded.
func call[Req, Resp any](ctx context.Context, c *client, e *encoder,
	rpc func(context.Context, *Req, ...grpc.CallOption) (*Resp, error), req *Req) (*Resp, error) {
	if err := e.invalid(); err != nil {
		return nil, err
	}
	joined, end := c.join(ctx)
	defer end()
	resp, err := rpc(joined, req)
	if err != nil {
		return nil, c.failure(ctx, err)
	}
	return resp, nil
}

// answer decodes the result of a call.
func answer[M, T any](m M, err error, read func(*decoder, M) T) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	var d decoder
	value := read(&d, m)
	if err := d.defect(); err != nil {
		return zero, err
	}
	return value, nil
}

func (c *client) Describe(ctx context.Context) (registrar.Description, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Describe, &pb.DescribeRequest{})
	d, err := answer(m.GetDescription(), err, (*decoder).description)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.knows = &d
	}
	return d, err
}

// refused reports what the registrar does not sell of an order, or its plugin would ignore.
func (c *client) refused(ctx context.Context, o registrar.Order) ([]registrar.Problem, error) {
	c.mu.Lock()
	known := c.knows
	c.mu.Unlock()
	if known != nil {
		return known.Refused(o), nil
	}

	d, err := c.Describe(ctx) // without the lock, which other calls would wait for
	if err != nil {
		return nil, err
	}
	return d.Refused(o), nil
}

func (c *client) Form(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.Form, e.formQuery(q))
	return answer(m.GetForm(), err, (*decoder).form)
}

func (c *client) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	var e encoder
	order := e.order(o)
	if len(e.problems) > 0 { // a faulty order is not an error
		return registrar.Validation{Problems: e.problems}, nil
	}
	if problems, err := c.refused(ctx, o); err != nil || len(problems) > 0 {
		return registrar.Validation{Problems: problems}, err
	}
	m, err := call(ctx, c, &e, c.registrar.Validate, &pb.ValidateRequest{Order: order})
	return answer(m, err, (*decoder).validation)
}

func (c *client) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Check, &pb.CheckRequest{Names: names})
	return answer(m.GetAnswers(), err, listOf((*decoder).availability))
}

func (c *client) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	var e encoder
	order := e.order(o)
	if err := e.invalid(); err != nil {
		return registrar.Operation{}, err
	}

	// Judged on this side, because a plugin of an earlier version can't judge what it does not know: it would
	// carry out something else than what was paid for.
	problems, err := c.refused(ctx, o)
	if err := cmp.Or(err, registrar.InvalidOrder(problems)); err != nil {
		return registrar.Operation{}, err
	}

	m, err := call(ctx, c, &e, c.registrar.Submit, &pb.SubmitRequest{Order: order})
	return answer(m.GetOperation(), err, (*decoder).operation)
}

func (c *client) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Operation, &pb.OperationRequest{Id: string(id)})
	return answer(m.GetOperation(), err, (*decoder).operation)
}

func (c *client) Resolve(ctx context.Context, v registrar.Decision) (registrar.Operation, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.Resolve, e.decision(v))
	return answer(m.GetOperation(), err, (*decoder).operation)
}

func (c *client) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Domain, &pb.DomainRequest{Name: name})
	return answer(m.GetDomain(), err, (*decoder).domain)
}

func (c *client) Domains(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.Domains, e.page(p))
	return answer(m, err, (*decoder).domainPage)
}

// Events opens a stream each time the sequence is ranged over, and cancels it when the loop ends.
func (c *client) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		joined, end := c.join(ctx)
		defer end()

		stream, err := c.registrar.Events(joined, &pb.EventsRequest{After: uint64(after)})
		for err == nil {
			var m *pb.EventsResponse
			if m, err = stream.Recv(); err != nil {
				break
			}

			// An event that can't be decoded ends the sequence: with the next event the caller would store a
			// cursor that has passed this one.
			event, fault := answer(m.GetEvent(), nil, (*decoder).event)
			if !yield(event, fault) || fault != nil {
				return
			}
		}

		if !errors.Is(err, io.EOF) {
			yield(registrar.Event{}, c.failure(ctx, err))
		}
	}
}

func (c *client) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	var e encoder
	req := &pb.SetRenewalRequest{Name: name, Mode: encode(&e, "mode", renewalModes, mode)}
	m, err := call(ctx, c, &e, c.registrar.SetRenewal, req)
	return answer(m.GetDomain(), err, (*decoder).domain)
}

func (c *client) Contacts(ctx context.Context, name string) (registrar.Contacts, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Contacts, &pb.ContactsRequest{Name: name})
	return answer(m.GetContacts(), err, contactsFromWire)
}

func (c *client) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Refresh, &pb.RefreshRequest{Name: name})
	return answer(m.GetDomain(), err, (*decoder).domain)
}

func (c *client) RunRenewals(ctx context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.RunRenewals, &pb.RunRenewalsRequest{DryRun: dryRun})
	return answer(m.GetSteps(), err, listOf((*decoder).renewalStep))
}

func (c *client) Handles(ctx context.Context, customer string) ([]registrar.Handle, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Handles, &pb.HandlesRequest{Customer: customer})
	return answer(m.GetHandles(), err, listOf((*decoder).handle))
}

func (c *client) AdoptHandle(ctx context.Context, customer, handle string) (registrar.Handle, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.AdoptHandle, &pb.AdoptHandleRequest{Customer: customer, Handle: handle})
	return answer(m.GetHandle(), err, (*decoder).handle)
}

func (c *client) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.ImportDomain, e.imported(i))
	return answer(m.GetDomain(), err, (*decoder).domain)
}

func (c *client) Reviews(ctx context.Context) ([]registrar.Review, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Reviews, &pb.ReviewsRequest{})
	return answer(m.GetReviews(), err, listOf((*decoder).review))
}

func (c *client) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Review, &pb.ReviewRequest{Id: string(id)})
	return answer(m.GetReview(), err, (*decoder).review)
}

func (c *client) ResolveReview(ctx context.Context, v registrar.ReviewDecision) (registrar.Review, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.ResolveReview, e.reviewDecision(v))
	return answer(m.GetReview(), err, (*decoder).review)
}

func (c *client) ReviewRule(ctx context.Context, id registrar.ReviewID) (registrar.SuggestedRule, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.ReviewRule, &pb.ReviewRuleRequest{Id: string(id)})
	return answer(m, err, (*decoder).suggestedRule)
}

func (c *client) Mail(ctx context.Context, id registrar.MailID) (registrar.Mail, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Mail, &pb.MailRequest{Id: string(id)})
	return answer(m.GetMail(), err, (*decoder).mail)
}

func (c *client) RawMail(ctx context.Context, id registrar.MailID) (string, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.RawMail, &pb.RawMailRequest{Id: string(id)})
	return m.GetText(), err
}

func (c *client) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.Recognise, &pb.RecogniseRequest{Raw: raw})
	return answer(m.GetRecognition(), err, (*decoder).recognition)
}

func (c *client) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.ReviewPage, e.reviewQuery(q))
	return answer(m, err, (*decoder).reviewPage)
}

func (c *client) MailPage(ctx context.Context, q registrar.MailQuery) (registrar.MailPage, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.MailPage, e.mailQuery(q))
	return answer(m, err, (*decoder).mailPage)
}

func (c *client) ResolveReviews(ctx context.Context, v registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.ResolveReviews, e.reviewsDecision(v))
	return answer(m, err, (*decoder).reviewsResolved)
}

func (c *client) IgnoredSenders(ctx context.Context) ([]registrar.IgnoredSender, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.IgnoredSenders, &pb.IgnoredSendersRequest{})
	return answer(m.GetSenders(), err, listOf((*decoder).ignoredSender))
}

func (c *client) HeedSender(ctx context.Context, address, by string) error {
	_, err := call(ctx, c, &encoder{}, c.registrar.HeedSender, &pb.HeedSenderRequest{Address: address, By: by})
	return err
}

func (c *client) Backup(ctx context.Context, dir string) error {
	_, err := call(ctx, c, &encoder{}, c.registrar.Backup, &pb.BackupRequest{Dir: dir})
	return err
}

func (c *client) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	var e encoder
	m, err := call(ctx, c, &e, c.registrar.Erase, e.erasureQuery(q))
	return answer(m, err, (*decoder).erasure)
}

func (c *client) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.RotateKeys, &pb.RotateKeysRequest{})
	return answer(m, err, (*decoder).rotation)
}

func (c *client) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	m, err := call(ctx, c, &encoder{}, c.registrar.TransferCode, &pb.TransferCodeRequest{Operation: string(id)})
	return registrar.AuthCode(m.GetAuthCode()), err
}

func (c *client) Configure(ctx context.Context, s registrar.Settings) error {
	var e encoder
	_, err := call(ctx, c, &e, c.plugin.Configure, e.settings(s))
	return err
}

func (c *client) Probe(ctx context.Context, mail bool) ([]registrar.Component, error) {
	m, err := call(ctx, c, &encoder{}, c.plugin.Probe, &pb.ProbeRequest{Mail: mail})
	return answer(m.GetComponents(), err, listOf((*decoder).component))
}

func (c *client) Start(ctx context.Context) error {
	_, err := call(ctx, c, &encoder{}, c.plugin.Start, &pb.StartRequest{})
	return err
}

func (c *client) Health(ctx context.Context) ([]registrar.Component, error) {
	m, err := call(ctx, c, &encoder{}, c.plugin.Health, &pb.HealthRequest{})
	return answer(m.GetComponents(), err, listOf((*decoder).component))
}

func (c *client) Drain(ctx context.Context) error {
	_, err := call(ctx, c, &encoder{}, c.plugin.Drain, &pb.DrainRequest{})
	return err
}
