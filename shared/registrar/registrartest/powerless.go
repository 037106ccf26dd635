package registrartest

import (
	"context"

	"registrar.panel/shared/registrar"
)

// Powerless answers the optional powers like a registrar that has none of them. Tests of a panel
// embed it in their fakes.
type Powerless struct{}

// SetRenewal implements registrar.Renewer.
func (Powerless) SetRenewal(context.Context, string, registrar.RenewalMode) (registrar.Domain, error) {
	return registrar.Domain{}, unsupported(registrar.CapRenewals)
}

// RunRenewals implements registrar.Renewer.
func (Powerless) RunRenewals(context.Context, bool) ([]registrar.RenewalStep, error) {
	return nil, unsupported(registrar.CapRenewals)
}

// Refresh implements registrar.Refresher.
func (Powerless) Refresh(context.Context, string) (registrar.Domain, error) {
	return registrar.Domain{}, unsupported(registrar.CapRefresh)
}

// Contacts implements registrar.ContactReader.
func (Powerless) Contacts(context.Context, string) (registrar.Contacts, error) {
	return nil, unsupported(registrar.CapContacts)
}

// Handles implements registrar.HandleKeeper.
func (Powerless) Handles(context.Context, string) ([]registrar.Handle, error) {
	return nil, unsupported(registrar.CapHandles)
}

// AdoptHandle implements registrar.HandleKeeper.
func (Powerless) AdoptHandle(context.Context, string, string) (registrar.Handle, error) {
	return registrar.Handle{}, unsupported(registrar.CapHandles)
}

// ImportDomain implements registrar.HandleKeeper.
func (Powerless) ImportDomain(context.Context, registrar.Import) (registrar.Domain, error) {
	return registrar.Domain{}, unsupported(registrar.CapHandles)
}

// Reviews implements registrar.Reviews.
func (Powerless) Reviews(context.Context) ([]registrar.Review, error) {
	return nil, unsupported(registrar.CapReviews)
}

// Review implements registrar.Reviews.
func (Powerless) Review(context.Context, registrar.ReviewID) (registrar.Review, error) {
	return registrar.Review{}, unsupported(registrar.CapReviews)
}

// ResolveReview implements registrar.Reviews.
func (Powerless) ResolveReview(context.Context, registrar.ReviewDecision) (registrar.Review, error) {
	return registrar.Review{}, unsupported(registrar.CapReviews)
}

// ReviewRule implements registrar.Reviews.
func (Powerless) ReviewRule(context.Context, registrar.ReviewID) (registrar.SuggestedRule, error) {
	return registrar.SuggestedRule{}, unsupported(registrar.CapReviews)
}

// Mail implements registrar.Mails.
func (Powerless) Mail(context.Context, registrar.MailID) (registrar.Mail, error) {
	return registrar.Mail{}, unsupported(registrar.CapMail)
}

// RawMail implements registrar.Mails.
func (Powerless) RawMail(context.Context, registrar.MailID) (string, error) {
	return "", unsupported(registrar.CapMail)
}

// Recognise implements registrar.Recogniser.
func (Powerless) Recognise(context.Context, []byte) (registrar.Recognition, error) {
	return registrar.Recognition{}, unsupported(registrar.CapMail)
}

// ReviewPage implements registrar.Queue.
func (Powerless) ReviewPage(context.Context, registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return registrar.ReviewPage{}, unsupported(registrar.CapQueue)
}

// MailPage implements registrar.Queue.
func (Powerless) MailPage(context.Context, registrar.MailQuery) (registrar.MailPage, error) {
	return registrar.MailPage{}, unsupported(registrar.CapQueue)
}

// ResolveReviews implements registrar.Queue.
func (Powerless) ResolveReviews(context.Context, registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return registrar.ReviewsResolved{}, unsupported(registrar.CapQueue)
}

// IgnoredSenders implements registrar.Queue.
func (Powerless) IgnoredSenders(context.Context) ([]registrar.IgnoredSender, error) {
	return nil, unsupported(registrar.CapQueue)
}

// HeedSender implements registrar.Queue.
func (Powerless) HeedSender(context.Context, string, string) error {
	return unsupported(registrar.CapQueue)
}

// Backup implements registrar.BackerUp.
func (Powerless) Backup(context.Context, string) error { return unsupported(registrar.CapBackup) }

// Erase implements registrar.Eraser.
func (Powerless) Erase(context.Context, registrar.ErasureQuery) (registrar.Erasure, error) {
	return registrar.Erasure{}, unsupported(registrar.CapErase)
}

// RotateKeys implements registrar.KeyChanger.
func (Powerless) RotateKeys(context.Context) (registrar.Rotation, error) {
	return registrar.Rotation{}, unsupported(registrar.CapKeys)
}

// TransferCode implements registrar.CodeKeeper.
func (Powerless) TransferCode(context.Context, registrar.OperationID) (registrar.AuthCode, error) {
	return "", unsupported(registrar.CapCodes)
}

func unsupported(c registrar.Capability) error {
	return &registrar.Error{Code: registrar.Unsupported, Detail: "this registrar does not have the capability " + string(c)}
}
