package web

import (
	"io"
	"net/http"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (s *Server) showReview(r *http.Request) (api.Review, error) {
	e, err := s.board.Review(r.Context(), registrar.ReviewID(r.PathValue("id")))
	return reviewOf(e), err
}

func (s *Server) reviewRule(r *http.Request) (api.Rule, error) {
	rule, err := s.board.ReviewRule(r.Context(), registrar.ReviewID(r.PathValue("id")))
	return ruleOf(rule), err
}

func (s *Server) resolveReview(r *http.Request, in api.ReviewDecision) (api.Review, error) {
	if err := checkFor(in.By); err != nil {
		return api.Review{}, err
	}
	e, err := s.orders.ResolveReview(r.Context(), registrar.ReviewDecision{Review: registrar.ReviewID(r.PathValue("id")), Version: registrar.Version(in.Version),
		Outcome: registrar.ReplyOutcome(in.Outcome), Operation: registrar.OperationID(in.Operation), By: caller(r).Name, Note: in.Reason,
		OperationVersion: registrar.Version(in.OperationVersion)}, forWhom(r, in.By))
	return reviewOf(e), err
}

func (s *Server) testReply(r *http.Request, in api.CapturedMail) (api.Recognition, error) {
	rec, err := s.board.Recognise(r.Context(), in.Registrar, in.Raw)
	return Recognition(rec), err
}

func (s *Server) showMail(r *http.Request) (api.Mail, error) {
	m, err := s.board.Mail(r.Context(), registrar.MailID(r.PathValue("id")))
	return mailOf(m), err
}

// rawMail answers with the mail as it came, masked, as text that no browser takes for anything else.
func (s *Server) rawMail(w http.ResponseWriter, r *http.Request) {
	text, err := s.board.RawMail(r.Context(), registrar.MailID(r.PathValue("id")))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// An error here means that the caller has gone.
	_, _ = io.WriteString(w, text)
}
