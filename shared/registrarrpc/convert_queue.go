package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) reviewQuery(q registrar.ReviewQuery) *pb.ReviewPageRequest {
	return &pb.ReviewPageRequest{Strangers: q.Strangers, AfterReceivedAt: e.time("after_received_at", q.After.ReceivedAt),
		AfterId: string(q.After.ID), Size: int64(q.Size)}
}

func (d *decoder) reviewQuery(m *pb.ReviewPageRequest) registrar.ReviewQuery {
	return registrar.ReviewQuery{Strangers: m.GetStrangers(), Size: int(m.GetSize()),
		After: registrar.ReviewPlace{ReceivedAt: d.time("after_received_at", m.GetAfterReceivedAt()), ID: registrar.ReviewID(m.GetAfterId())}}
}

func (e *encoder) reviewPage(p registrar.ReviewPage) *pb.ReviewPageResponse {
	return &pb.ReviewPageResponse{Reviews: each(p.Reviews, e.review), More: p.More}
}

func (d *decoder) reviewPage(m *pb.ReviewPageResponse) registrar.ReviewPage {
	return registrar.ReviewPage{Reviews: each(m.GetReviews(), d.review), More: m.GetMore()}
}

func (e *encoder) mailQuery(q registrar.MailQuery) *pb.MailPageRequest {
	return &pb.MailPageRequest{BeforeAt: e.time("before_at", q.Before.At), BeforeId: string(q.Before.ID), Size: int64(q.Size)}
}

func (d *decoder) mailQuery(m *pb.MailPageRequest) registrar.MailQuery {
	return registrar.MailQuery{Before: registrar.MailPlace{At: d.time("before_at", m.GetBeforeAt()), ID: registrar.MailID(m.GetBeforeId())}, Size: int(m.GetSize())}
}

func (e *encoder) mailPage(p registrar.MailPage) *pb.MailPageResponse {
	return &pb.MailPageResponse{Mails: each(p.Mails, e.mail), More: p.More}
}

func (d *decoder) mailPage(m *pb.MailPageResponse) registrar.MailPage {
	return registrar.MailPage{Mails: each(m.GetMails(), d.mail), More: m.GetMore()}
}

func (e *encoder) reviewsDecision(v registrar.ReviewsDecision) *pb.ResolveReviewsRequest {
	return &pb.ResolveReviewsRequest{
		Reviews: each(v.Reviews, func(r registrar.SeenReview) *pb.SeenReview {
			return &pb.SeenReview{Id: string(r.ID), Version: string(r.Version)}
		}),
		From: text(v.From), Outcome: encode(e, "outcome", replyOutcomes, v.Outcome), By: v.By, Note: text(v.Note), FromNowOn: v.FromNowOn,
	}
}

func (d *decoder) reviewsDecision(m *pb.ResolveReviewsRequest) registrar.ReviewsDecision {
	return registrar.ReviewsDecision{
		Reviews: each(m.GetReviews(), func(r *pb.SeenReview) registrar.SeenReview {
			return registrar.SeenReview{ID: registrar.ReviewID(r.GetId()), Version: registrar.Version(r.GetVersion())}
		}),
		From: m.GetFrom(), Outcome: decode(d, "outcome", replyOutcomes, m.GetOutcome()), By: m.GetBy(), Note: m.GetNote(), FromNowOn: m.GetFromNowOn(),
	}
}

func (e *encoder) reviewsResolved(v registrar.ReviewsResolved) *pb.ResolveReviewsResponse {
	return &pb.ResolveReviewsResponse{
		Resolved: int64(v.Resolved),
		Refused: each(v.Refused, func(r registrar.RefusedReview) *pb.RefusedReview {
			return &pb.RefusedReview{Id: string(r.ID), Code: string(r.Code), Reason: text(r.Reason)}
		}),
		Ignored: each(v.Ignored, text),
	}
}

func (d *decoder) reviewsResolved(m *pb.ResolveReviewsResponse) registrar.ReviewsResolved {
	return registrar.ReviewsResolved{
		Resolved: int(m.GetResolved()),
		Refused: each(m.GetRefused(), func(r *pb.RefusedReview) registrar.RefusedReview {
			return registrar.RefusedReview{ID: registrar.ReviewID(r.GetId()), Code: registrar.Code(r.GetCode()), Reason: r.GetReason()}
		}),
		Ignored: m.GetIgnored(),
	}
}

func (e *encoder) ignoredSender(v registrar.IgnoredSender) *pb.IgnoredSender {
	return &pb.IgnoredSender{Address: text(v.Address), Since: e.time("ignored.since", v.Since), By: v.By, Note: text(v.Note)}
}

func (d *decoder) ignoredSender(m *pb.IgnoredSender) registrar.IgnoredSender {
	present(&d.faults, "ignored sender", m)
	return registrar.IgnoredSender{Address: m.GetAddress(), Since: d.time("ignored.since", m.GetSince()), By: m.GetBy(), Note: m.GetNote()}
}
