package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) mail(v registrar.Mail) *pb.Mail {
	return &pb.Mail{
		Id:      string(v.ID),
		At:      e.time("mail.at", v.At),
		Out:     v.Out,
		From:    text(v.From),
		To:      text(v.To),
		Subject: text(v.Subject),
		Text:    text(v.Text),
		State:   string(v.State),
	}
}

func (d *decoder) mail(m *pb.Mail) registrar.Mail {
	present(&d.faults, "mail", m)
	return registrar.Mail{
		ID:      registrar.MailID(m.GetId()),
		At:      d.time("mail.at", m.GetAt()),
		Out:     m.GetOut(),
		From:    m.GetFrom(),
		To:      m.GetTo(),
		Subject: m.GetSubject(),
		Text:    m.GetText(),
		State:   registrar.MailState(m.GetState()),
	}
}

func (e *encoder) suggestedRule(v registrar.SuggestedRule) *pb.ReviewRuleResponse {
	return &pb.ReviewRuleResponse{Block: text(v.Block), Name: text(v.Name), Settings: each(v.Settings, e.setting), Why: text(v.Why),
		Tried: int64(v.Tried), Matched: int64(v.Matched), Matches: each(v.Matches, e.ruleMatch)}
}

func (d *decoder) suggestedRule(m *pb.ReviewRuleResponse) registrar.SuggestedRule {
	return registrar.SuggestedRule{Block: m.GetBlock(), Name: m.GetName(), Settings: each(m.GetSettings(), d.setting), Why: m.GetWhy(),
		Tried: int(m.GetTried()), Matched: int(m.GetMatched()), Matches: each(m.GetMatches(), d.ruleMatch)}
}

func (e *encoder) ruleMatch(v registrar.RuleMatch) *pb.RuleMatch {
	return &pb.RuleMatch{
		Mail:    string(v.Mail),
		At:      e.time("match.at", v.At),
		From:    text(v.From),
		Subject: text(v.Subject),
		Outcome: encode(e, "match.outcome", replyOutcomes, v.Outcome),
		Domain:  text(v.Domain),
		State:   string(v.State),
	}
}

func (d *decoder) ruleMatch(m *pb.RuleMatch) registrar.RuleMatch {
	present(&d.faults, "match", m)
	return registrar.RuleMatch{
		Mail:    registrar.MailID(m.GetMail()),
		At:      d.time("match.at", m.GetAt()),
		From:    m.GetFrom(),
		Subject: m.GetSubject(),
		Outcome: decode(d, "match.outcome", replyOutcomes, m.GetOutcome()),
		Domain:  m.GetDomain(),
		State:   registrar.MailState(m.GetState()),
	}
}

func (e *encoder) review(v registrar.Review) *pb.Review {
	return &pb.Review{
		Id:         string(v.ID),
		Mail:       string(v.Mail),
		ReceivedAt: e.time("review.received_at", v.ReceivedAt),
		From:       text(v.From),
		Subject:    text(v.Subject),
		Reason:     text(v.Reason),
		Candidates: each(v.Candidates, func(id registrar.OperationID) string { return string(id) }),
		Text:       text(v.Text),
		ResolvedAt: e.time("review.resolved_at", v.ResolvedAt),
		ResolvedBy: v.ResolvedBy,
		Outcome:    encodeOptional(e, "review.outcome", replyOutcomes, v.Outcome),
		Version:    text(string(v.Version)),
		Stranger:   v.Stranger,
		Note:       text(v.Note),
	}
}

func (d *decoder) review(m *pb.Review) registrar.Review {
	present(&d.faults, "review", m)
	return registrar.Review{
		ID:         registrar.ReviewID(m.GetId()),
		Mail:       registrar.MailID(m.GetMail()),
		ReceivedAt: d.time("review.received_at", m.GetReceivedAt()),
		From:       m.GetFrom(),
		Subject:    m.GetSubject(),
		Reason:     m.GetReason(),
		Candidates: each(m.GetCandidates(), func(id string) registrar.OperationID { return registrar.OperationID(id) }),
		Text:       m.GetText(),
		ResolvedAt: d.time("review.resolved_at", m.GetResolvedAt()),
		ResolvedBy: m.GetResolvedBy(),
		Outcome:    decodeOptional(d, "review.outcome", replyOutcomes, m.GetOutcome()),
		Version:    registrar.Version(m.GetVersion()),
		Stranger:   m.GetStranger(),
		Note:       m.GetNote(),
	}
}

func (e *encoder) reviewDecision(v registrar.ReviewDecision) *pb.ResolveReviewRequest {
	return &pb.ResolveReviewRequest{
		Review:    string(v.Review),
		Outcome:   encode(e, "outcome", replyOutcomes, v.Outcome),
		Operation: string(v.Operation),
		By:        v.By,
		Version:   string(v.Version),

		OperationVersion: string(v.OperationVersion),
		Note:             text(v.Note),
	}
}

func (d *decoder) reviewDecision(m *pb.ResolveReviewRequest) registrar.ReviewDecision {
	return registrar.ReviewDecision{
		Review:    registrar.ReviewID(m.GetReview()),
		Outcome:   decode(d, "outcome", replyOutcomes, m.GetOutcome()),
		Operation: registrar.OperationID(m.GetOperation()),
		By:        m.GetBy(),
		Version:   registrar.Version(m.GetVersion()),

		OperationVersion: registrar.Version(m.GetOperationVersion()),
		Note:             m.GetNote(),
	}
}

func (e *encoder) recognition(r registrar.Recognition) *pb.Recognition {
	return &pb.Recognition{
		From:        text(r.From),
		Subject:     text(r.Subject),
		Kind:        r.Kind,
		Results:     each(r.Results, e.result),
		Doubt:       text(r.Doubt),
		Bindings:    each(r.Bindings, binding),
		Proof:       string(r.Proof),
		ProofDetail: text(r.ProofDetail),
		Fate:        string(r.Fate),
		Reason:      text(r.Reason),
		Stored:      r.Stored,
	}
}

func (d *decoder) recognition(m *pb.Recognition) registrar.Recognition {
	present(&d.faults, "recognition", m)
	return registrar.Recognition{
		From:    m.GetFrom(),
		Subject: m.GetSubject(),
		Kind:    m.GetKind(),
		Results: each(m.GetResults(), d.result),
		Doubt:   m.GetDoubt(),
		Bindings: each(m.GetBindings(), func(b *pb.Binding) registrar.Binding {
			return registrar.Binding{By: registrar.BindingKind(b.GetBy()), Value: b.GetValue(), Operation: registrar.OperationID(b.GetOperation())}
		}),
		Proof:       registrar.Proof(m.GetProof()),
		ProofDetail: m.GetProofDetail(),
		Fate:        registrar.Fate(m.GetFate()),
		Reason:      m.GetReason(),
		Stored:      m.GetStored(),
	}
}

func binding(b registrar.Binding) *pb.Binding {
	return &pb.Binding{By: string(b.By), Value: text(b.Value), Operation: string(b.Operation)}
}

func (e *encoder) result(r registrar.RecognisedResult) *pb.RecognisedResult {
	return &pb.RecognisedResult{
		Rule:     r.Rule,
		Outcome:  encode(e, "result.outcome", replyOutcomes, r.Outcome),
		Domain:   r.Domain,
		Handle:   r.Handle,
		Task:     text(r.Task),
		Message:  text(r.Message),
		State:    text(r.State),
		PaidTill: e.date("result.paid_till", r.PaidTill),
	}
}

func (d *decoder) result(m *pb.RecognisedResult) registrar.RecognisedResult {
	return registrar.RecognisedResult{
		Rule:     m.GetRule(),
		Outcome:  decode(d, "result.outcome", replyOutcomes, m.GetOutcome()),
		Domain:   m.GetDomain(),
		Handle:   m.GetHandle(),
		Task:     m.GetTask(),
		Message:  m.GetMessage(),
		State:    m.GetState(),
		PaidTill: d.date("result.paid_till", m.GetPaidTill()),
	}
}

func (*encoder) setting(s registrar.Setting) *pb.Setting {
	return &pb.Setting{Name: text(s.Name), Value: text(s.Value)}
}

func (*decoder) setting(m *pb.Setting) registrar.Setting {
	return registrar.Setting{Name: m.GetName(), Value: m.GetValue()}
}
