package registrarrpc

import (
	"context"

	"google.golang.org/grpc"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// registrarServer implements RegistrarService with a registrar.
type registrarServer struct {
	pb.UnimplementedRegistrarServiceServer
	registrar registrar.Service
}

// serveCall decodes a request, calls the registrar and encodes the response.
func serveCall[M, In, Out, Resp any](ctx context.Context, m M, read func(*decoder, M) In,
	do func(context.Context, In) (Out, error), write func(*encoder, Out) *Resp) (*Resp, error) {
	// All faults of a request are collected, and reported at once.
	var d decoder
	in := read(&d, m)
	if err := d.invalid(); err != nil {
		return nil, err
	}
	out, err := do(ctx, in)
	if err != nil {
		return nil, err
	}
	var e encoder
	resp := write(&e, out)
	return resp, e.defect()
}

// serveCallNoArgs calls a method without arguments and encodes the response.
func serveCallNoArgs[Out, Resp any](ctx context.Context, do func(context.Context) (Out, error), write func(*encoder, Out) *Resp) (*Resp, error) {
	out, err := do(ctx)
	if err != nil {
		return nil, err
	}
	var e encoder
	resp := write(&e, out)
	return resp, e.defect()
}

func (s *registrarServer) Describe(ctx context.Context, _ *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return serveCallNoArgs(ctx, s.registrar.Describe, func(e *encoder, v registrar.Description) *pb.DescribeResponse {
		return &pb.DescribeResponse{Description: e.description(v)}
	})
}

func (s *registrarServer) Form(ctx context.Context, m *pb.FormRequest) (*pb.FormResponse, error) {
	return serveCall(ctx, m, (*decoder).formQuery, s.registrar.Form, func(e *encoder, f registrar.Form) *pb.FormResponse {
		return &pb.FormResponse{Form: e.form(f)}
	})
}

func (s *registrarServer) Validate(ctx context.Context, m *pb.ValidateRequest) (*pb.ValidateResponse, error) {
	return serveCall(ctx, m.GetOrder(), (*decoder).order, s.registrar.Validate, (*encoder).validation)
}

func (s *registrarServer) Check(ctx context.Context, m *pb.CheckRequest) (*pb.CheckResponse, error) {
	return serveCall(ctx, m.GetNames(), plain, s.registrar.Check, func(e *encoder, list []registrar.Availability) *pb.CheckResponse {
		return &pb.CheckResponse{Answers: each(list, e.availability)}
	})
}

func (s *registrarServer) Submit(ctx context.Context, m *pb.SubmitRequest) (*pb.SubmitResponse, error) {
	return serveCall(ctx, m.GetOrder(), (*decoder).order, s.registrar.Submit, func(e *encoder, o registrar.Operation) *pb.SubmitResponse {
		return &pb.SubmitResponse{Operation: e.operation(o)}
	})
}

func (s *registrarServer) Operation(ctx context.Context, m *pb.OperationRequest) (*pb.OperationResponse, error) {
	return serveCall(ctx, m.GetId(), named, s.registrar.Operation, func(e *encoder, o registrar.Operation) *pb.OperationResponse {
		return &pb.OperationResponse{Operation: e.operation(o)}
	})
}

func (s *registrarServer) Resolve(ctx context.Context, m *pb.ResolveRequest) (*pb.ResolveResponse, error) {
	return serveCall(ctx, m, (*decoder).decision, s.registrar.Resolve, func(e *encoder, o registrar.Operation) *pb.ResolveResponse {
		return &pb.ResolveResponse{Operation: e.operation(o)}
	})
}

func (s *registrarServer) Domain(ctx context.Context, m *pb.DomainRequest) (*pb.DomainResponse, error) {
	return serveCall(ctx, m.GetName(), named, s.registrar.Domain, func(e *encoder, v registrar.Domain) *pb.DomainResponse {
		return &pb.DomainResponse{Domain: e.domain(v)}
	})
}

func (s *registrarServer) Domains(ctx context.Context, m *pb.DomainsRequest) (*pb.DomainsResponse, error) {
	return serveCall(ctx, m, (*decoder).page, s.registrar.Domains, (*encoder).domainPage)
}

func (s *registrarServer) Events(m *pb.EventsRequest, stream grpc.ServerStreamingServer[pb.EventsResponse]) error {
	for event, err := range s.registrar.Events(stream.Context(), registrar.Cursor(m.GetAfter())) {
		if err != nil {
			return err
		}
		var e encoder
		resp := &pb.EventsResponse{Event: e.event(event)}
		if err := e.defect(); err != nil {
			return err
		}
		if err := stream.Send(resp); err != nil {
			return err
		}
	}
	return stream.Context().Err()
}

func (s *registrarServer) SetRenewal(ctx context.Context, m *pb.SetRenewalRequest) (*pb.SetRenewalResponse, error) {
	read := func(d *decoder, enum pb.RenewalMode) registrar.RenewalMode {
		return decode(d, "mode", renewalModes, enum)
	}
	set := func(ctx context.Context, mode registrar.RenewalMode) (registrar.Domain, error) {
		return s.registrar.SetRenewal(ctx, m.GetName(), mode)
	}
	return serveCall(ctx, m.GetMode(), read, set, func(e *encoder, v registrar.Domain) *pb.SetRenewalResponse {
		return &pb.SetRenewalResponse{Domain: e.domain(v)}
	})
}

func (s *registrarServer) Contacts(ctx context.Context, m *pb.ContactsRequest) (*pb.ContactsResponse, error) {
	return serveCall(ctx, m.GetName(), named, s.registrar.Contacts, func(e *encoder, v registrar.Contacts) *pb.ContactsResponse {
		return &pb.ContactsResponse{Contacts: contactsToWire(e, v)}
	})
}

func (s *registrarServer) Refresh(ctx context.Context, m *pb.RefreshRequest) (*pb.RefreshResponse, error) {
	return serveCall(ctx, m.GetName(), named, s.registrar.Refresh, func(e *encoder, v registrar.Domain) *pb.RefreshResponse {
		return &pb.RefreshResponse{Domain: e.domain(v)}
	})
}

func (s *registrarServer) RunRenewals(ctx context.Context, m *pb.RunRenewalsRequest) (*pb.RunRenewalsResponse, error) {
	return serveCall(ctx, m.GetDryRun(), plain, s.registrar.RunRenewals, func(e *encoder, list []registrar.RenewalStep) *pb.RunRenewalsResponse {
		return &pb.RunRenewalsResponse{Steps: each(list, e.renewalStep)}
	})
}

func (s *registrarServer) Handles(ctx context.Context, m *pb.HandlesRequest) (*pb.HandlesResponse, error) {
	return serveCall(ctx, m.GetCustomer(), named, s.registrar.Handles, func(e *encoder, list []registrar.Handle) *pb.HandlesResponse {
		return &pb.HandlesResponse{Handles: each(list, e.handle)}
	})
}

func (s *registrarServer) AdoptHandle(ctx context.Context, m *pb.AdoptHandleRequest) (*pb.AdoptHandleResponse, error) {
	adopt := func(ctx context.Context, handle string) (registrar.Handle, error) {
		return s.registrar.AdoptHandle(ctx, m.GetCustomer(), handle)
	}
	return serveCall(ctx, m.GetHandle(), named, adopt, func(e *encoder, h registrar.Handle) *pb.AdoptHandleResponse {
		return &pb.AdoptHandleResponse{Handle: e.handle(h)}
	})
}

func (s *registrarServer) ImportDomain(ctx context.Context, m *pb.ImportDomainRequest) (*pb.ImportDomainResponse, error) {
	return serveCall(ctx, m, (*decoder).imported, s.registrar.ImportDomain, func(e *encoder, v registrar.Domain) *pb.ImportDomainResponse {
		return &pb.ImportDomainResponse{Domain: e.domain(v)}
	})
}

func (s *registrarServer) Reviews(ctx context.Context, _ *pb.ReviewsRequest) (*pb.ReviewsResponse, error) {
	return serveCallNoArgs(ctx, s.registrar.Reviews, func(e *encoder, list []registrar.Review) *pb.ReviewsResponse {
		return &pb.ReviewsResponse{Reviews: each(list, e.review)}
	})
}

func (s *registrarServer) Review(ctx context.Context, m *pb.ReviewRequest) (*pb.ReviewResponse, error) {
	return serveCall(ctx, m.GetId(), named, s.registrar.Review, func(e *encoder, v registrar.Review) *pb.ReviewResponse {
		return &pb.ReviewResponse{Review: e.review(v)}
	})
}

func (s *registrarServer) ResolveReview(ctx context.Context, m *pb.ResolveReviewRequest) (*pb.ResolveReviewResponse, error) {
	return serveCall(ctx, m, (*decoder).reviewDecision, s.registrar.ResolveReview, func(e *encoder, v registrar.Review) *pb.ResolveReviewResponse {
		return &pb.ResolveReviewResponse{Review: e.review(v)}
	})
}

func (s *registrarServer) ReviewRule(ctx context.Context, m *pb.ReviewRuleRequest) (*pb.ReviewRuleResponse, error) {
	return serveCall(ctx, m.GetId(), named, s.registrar.ReviewRule, (*encoder).suggestedRule)
}

func (s *registrarServer) Mail(ctx context.Context, m *pb.MailRequest) (*pb.MailResponse, error) {
	return serveCall(ctx, m.GetId(), named, s.registrar.Mail, func(e *encoder, v registrar.Mail) *pb.MailResponse {
		return &pb.MailResponse{Mail: e.mail(v)}
	})
}

func (s *registrarServer) RawMail(ctx context.Context, m *pb.RawMailRequest) (*pb.RawMailResponse, error) {
	return serveCall(ctx, m.GetId(), named, s.registrar.RawMail, func(_ *encoder, mail string) *pb.RawMailResponse {
		return &pb.RawMailResponse{Text: text(mail)}
	})
}

func (s *registrarServer) Recognise(ctx context.Context, m *pb.RecogniseRequest) (*pb.RecogniseResponse, error) {
	return serveCall(ctx, m.GetRaw(), plain, s.registrar.Recognise, func(e *encoder, r registrar.Recognition) *pb.RecogniseResponse {
		return &pb.RecogniseResponse{Recognition: e.recognition(r)}
	})
}

func (s *registrarServer) ReviewPage(ctx context.Context, m *pb.ReviewPageRequest) (*pb.ReviewPageResponse, error) {
	return serveCall(ctx, m, (*decoder).reviewQuery, s.registrar.ReviewPage, (*encoder).reviewPage)
}

func (s *registrarServer) MailPage(ctx context.Context, m *pb.MailPageRequest) (*pb.MailPageResponse, error) {
	return serveCall(ctx, m, (*decoder).mailQuery, s.registrar.MailPage, (*encoder).mailPage)
}

func (s *registrarServer) ResolveReviews(ctx context.Context, m *pb.ResolveReviewsRequest) (*pb.ResolveReviewsResponse, error) {
	return serveCall(ctx, m, (*decoder).reviewsDecision, s.registrar.ResolveReviews, (*encoder).reviewsResolved)
}

func (s *registrarServer) IgnoredSenders(ctx context.Context, _ *pb.IgnoredSendersRequest) (*pb.IgnoredSendersResponse, error) {
	return serveCallNoArgs(ctx, s.registrar.IgnoredSenders, func(e *encoder, list []registrar.IgnoredSender) *pb.IgnoredSendersResponse {
		return &pb.IgnoredSendersResponse{Senders: each(list, e.ignoredSender)}
	})
}

func (s *registrarServer) HeedSender(ctx context.Context, m *pb.HeedSenderRequest) (*pb.HeedSenderResponse, error) {
	return &pb.HeedSenderResponse{}, s.registrar.HeedSender(ctx, m.GetAddress(), m.GetBy())
}

func (s *registrarServer) Backup(ctx context.Context, m *pb.BackupRequest) (*pb.BackupResponse, error) {
	return &pb.BackupResponse{}, s.registrar.Backup(ctx, m.GetDir())
}

func (s *registrarServer) Erase(ctx context.Context, m *pb.EraseRequest) (*pb.EraseResponse, error) {
	return serveCall(ctx, m, (*decoder).erasureQuery, s.registrar.Erase, (*encoder).erasure)
}

func (s *registrarServer) RotateKeys(ctx context.Context, _ *pb.RotateKeysRequest) (*pb.RotateKeysResponse, error) {
	return serveCallNoArgs(ctx, s.registrar.RotateKeys, (*encoder).rotation)
}

func (s *registrarServer) TransferCode(ctx context.Context, m *pb.TransferCodeRequest) (*pb.TransferCodeResponse, error) {
	return serveCall(ctx, m.GetOperation(), named[registrar.OperationID], s.registrar.TransferCode, func(_ *encoder, code registrar.AuthCode) *pb.TransferCodeResponse {
		return &pb.TransferCodeResponse{AuthCode: string(code)}
	})
}

// pluginServer implements PluginService with a plugin.
type pluginServer struct {
	pb.UnimplementedPluginServiceServer
	plugin registrar.Hosted
}

func (s *pluginServer) Configure(ctx context.Context, m *pb.ConfigureRequest) (*pb.ConfigureResponse, error) {
	var d decoder
	return &pb.ConfigureResponse{}, s.plugin.Configure(ctx, d.settings(m))
}

func (s *pluginServer) Probe(ctx context.Context, m *pb.ProbeRequest) (*pb.ProbeResponse, error) {
	return serveCall(ctx, m.GetMail(), plain, s.plugin.Probe, func(e *encoder, list []registrar.Component) *pb.ProbeResponse {
		return &pb.ProbeResponse{Components: each(list, e.component)}
	})
}

func (s *pluginServer) Start(ctx context.Context, _ *pb.StartRequest) (*pb.StartResponse, error) {
	return &pb.StartResponse{}, s.plugin.Start(ctx)
}

func (s *pluginServer) Health(ctx context.Context, _ *pb.HealthRequest) (*pb.HealthResponse, error) {
	return serveCallNoArgs(ctx, s.plugin.Health, func(e *encoder, list []registrar.Component) *pb.HealthResponse {
		return &pb.HealthResponse{Components: each(list, e.component)}
	})
}

func (s *pluginServer) Drain(ctx context.Context, _ *pb.DrainRequest) (*pb.DrainResponse, error) {
	return &pb.DrainResponse{}, s.plugin.Drain(ctx)
}
