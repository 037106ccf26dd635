package registrartest

import (
	"context"

	"registrar.panel/shared/registrar"
)

// Powerless answers the optional powers as a registrar does that has none of them. Those who test a
// panel embed it in their fakes.
type Powerless struct{}

func (Powerless) SetRenewal(context.Context, string, registrar.RenewalMode) (registrar.Domain, error) {
	return registrar.Domain{}, unsupported(registrar.CapRenewals)
}

func (Powerless) RunRenewals(context.Context, bool) ([]registrar.RenewalStep, error) {
	return nil, unsupported(registrar.CapRenewals)
}

func (Powerless) Refresh(context.Context, string) (registrar.Domain, error) {
	return registrar.Domain{}, unsupported(registrar.CapRefresh)
}

func (Powerless) Contacts(context.Context, string) (registrar.Contacts, error) {
	return nil, unsupported(registrar.CapContacts)
}

func (Powerless) Handles(context.Context, string) ([]registrar.Handle, error) {
	return nil, unsupported(registrar.CapHandles)
}

func (Powerless) AdoptHandle(context.Context, string, string) (registrar.Handle, error) {
	return registrar.Handle{}, unsupported(registrar.CapHandles)
}

func (Powerless) ImportDomain(context.Context, registrar.Import) (registrar.Domain, error) {
	return registrar.Domain{}, unsupported(registrar.CapHandles)
}

func (Powerless) Reviews(context.Context) ([]registrar.Review, error) {
	return nil, unsupported(registrar.CapReviews)
}

func (Powerless) Review(context.Context, registrar.ReviewID) (registrar.Review, error) {
	return registrar.Review{}, unsupported(registrar.CapReviews)
}

func (Powerless) ResolveReview(context.Context, registrar.ReviewDecision) (registrar.Review, error) {
	return registrar.Review{}, unsupported(registrar.CapReviews)
}

func (Powerless) ReviewRule(context.Context, registrar.ReviewID) (registrar.SuggestedRule, error) {
	return registrar.SuggestedRule{}, unsupported(registrar.CapReviews)
}

func (Powerless) Mail(context.Context, registrar.MailID) (registrar.Mail, error) {
	return registrar.Mail{}, unsupported(registrar.CapMail)
}

func (Powerless) RawMail(context.Context, registrar.MailID) (string, error) {
	return "", unsupported(registrar.CapMail)
}

func (Powerless) Recognise(context.Context, []byte) (registrar.Recognition, error) {
	return registrar.Recognition{}, unsupported(registrar.CapMail)
}

func (Powerless) ReviewPage(context.Context, registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return registrar.ReviewPage{}, unsupported(registrar.CapQueue)
}

func (Powerless) MailPage(context.Context, registrar.MailQuery) (registrar.MailPage, error) {
	return registrar.MailPage{}, unsupported(registrar.CapQueue)
}

func (Powerless) ResolveReviews(context.Context, registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return registrar.ReviewsResolved{}, unsupported(registrar.CapQueue)
}

func (Powerless) IgnoredSenders(context.Context) ([]registrar.IgnoredSender, error) {
	return nil, unsupported(registrar.CapQueue)
}

func (Powerless) HeedSender(context.Context, string, string) error {
	return unsupported(registrar.CapQueue)
}

func (Powerless) Backup(context.Context, string) error { return unsupported(registrar.CapBackup) }

func (Powerless) Erase(context.Context, registrar.ErasureQuery) (registrar.Erasure, error) {
	return registrar.Erasure{}, unsupported(registrar.CapErase)
}

func (Powerless) RotateKeys(context.Context) (registrar.Rotation, error) {
	return registrar.Rotation{}, unsupported(registrar.CapKeys)
}

func (Powerless) TransferCode(context.Context, registrar.OperationID) (registrar.AuthCode, error) {
	return "", unsupported(registrar.CapCodes)
}

func unsupported(c registrar.Capability) error {
	return &registrar.Error{Code: registrar.Unsupported, Detail: "this registrar does not have the capability " + string(c)}
}
