package registrarrpc

import (
	"maps"
	"slices"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// words maps a closed type of the contract to its enum on the wire.
type words[T ~string, E ~int32] map[T]E

// encode translates a word; a word that is not in the dictionary is a fault.
func encode[T ~string, E ~int32](e *encoder, path string, w words[T, E], word T) E {
	enum, ok := w[word]
	if !ok {
		e.add(path, "%q is none of %q", word, slices.Sorted(maps.Keys(w)))
	}
	return enum
}

// decode translates back; an enum that is unspecified or unknown is a fault.
func decode[T ~string, E ~int32](d *decoder, path string, w words[T, E], enum E) T {
	for word, known := range w {
		if known == enum {
			return word
		}
	}
	if enum == 0 {
		d.add(path, "is missing")
	} else {
		d.add(path, "%d is not known here", int32(enum))
	}
	return ""
}

// encodeOptional is encode for a field that may be empty.
func encodeOptional[T ~string, E ~int32](e *encoder, path string, w words[T, E], word T) E {
	if word == "" {
		return 0
	}
	return encode(e, path, w, word)
}

// decodeOptional is decode for a field that may be empty.
func decodeOptional[T ~string, E ~int32](d *decoder, path string, w words[T, E], enum E) T {
	if enum == 0 {
		return ""
	}
	return decode(d, path, w, enum)
}

// decodeOpen is decode for a type to which a newer minor version may add words: an unknown one becomes the
// word that says the least.
func decodeOpen[T ~string, E ~int32](d *decoder, path string, w words[T, E], enum E, unknown T) T {
	if enum != 0 && !w.has(enum) {
		return unknown
	}
	return decode(d, path, w, enum)
}

func (w words[T, E]) has(enum E) bool {
	for _, known := range w {
		if known == enum {
			return true
		}
	}
	return false
}

// decodeKnown is decodeAll for a list of powers: this side can't use one that it does not know.
func decodeKnown[T ~string, E ~int32](d *decoder, path string, w words[T, E], list []E) []T {
	known := slices.DeleteFunc(slices.Clone(list), func(enum E) bool { return enum != 0 && !w.has(enum) })
	return decodeAll(d, path, w, known)
}

func encodeAll[T ~string, E ~int32](e *encoder, path string, w words[T, E], list []T) []E {
	return each(list, func(word T) E { return encode(e, path, w, word) })
}

func decodeAll[T ~string, E ~int32](d *decoder, path string, w words[T, E], list []E) []T {
	return each(list, func(enum E) T { return decode(d, path, w, enum) })
}

// The dictionaries. They are constants; nothing writes to them.
var (
	operationKinds = words[registrar.OperationKind, pb.OperationKind]{
		registrar.KindRegister: pb.OperationKind_OPERATION_KIND_REGISTER,
		registrar.KindTransfer: pb.OperationKind_OPERATION_KIND_TRANSFER,
		registrar.KindRenew:    pb.OperationKind_OPERATION_KIND_RENEW,
		registrar.KindUpdate:   pb.OperationKind_OPERATION_KIND_UPDATE,
		registrar.KindDelete:   pb.OperationKind_OPERATION_KIND_DELETE,
		registrar.KindRestore:  pb.OperationKind_OPERATION_KIND_RESTORE,
		registrar.KindLock:     pb.OperationKind_OPERATION_KIND_LOCK,
		registrar.KindUnlock:   pb.OperationKind_OPERATION_KIND_UNLOCK,
		registrar.KindAuthCode: pb.OperationKind_OPERATION_KIND_AUTH_CODE,
		registrar.KindTrade:    pb.OperationKind_OPERATION_KIND_TRADE,
	}
	registrantKinds = words[registrar.RegistrantKind, pb.RegistrantKind]{
		registrar.Person:       pb.RegistrantKind_REGISTRANT_KIND_PERSON,
		registrar.Organization: pb.RegistrantKind_REGISTRANT_KIND_ORGANIZATION,
		registrar.SoleTrader:   pb.RegistrantKind_REGISTRANT_KIND_SOLE_TRADER,
	}
	fieldTypes = words[registrar.FieldType, pb.FieldType]{
		registrar.FieldText:      pb.FieldType_FIELD_TYPE_TEXT,
		registrar.FieldDate:      pb.FieldType_FIELD_TYPE_DATE,
		registrar.FieldYesNo:     pb.FieldType_FIELD_TYPE_YESNO,
		registrar.FieldPhone:     pb.FieldType_FIELD_TYPE_PHONE,
		registrar.FieldEmail:     pb.FieldType_FIELD_TYPE_EMAIL,
		registrar.FieldAddress:   pb.FieldType_FIELD_TYPE_ADDRESS,
		registrar.FieldAgreement: pb.FieldType_FIELD_TYPE_AGREEMENT,
	}
	dataClasses = words[registrar.DataClass, pb.DataClass]{
		registrar.DataPublic:   pb.DataClass_DATA_CLASS_PUBLIC,
		registrar.DataPersonal: pb.DataClass_DATA_CLASS_PERSONAL,
		registrar.DataIdentity: pb.DataClass_DATA_CLASS_IDENTITY,
	}
	availabilityStatuses = words[registrar.AvailabilityStatus, pb.AvailabilityStatus]{
		registrar.Available:           pb.AvailabilityStatus_AVAILABILITY_STATUS_AVAILABLE,
		registrar.Taken:               pb.AvailabilityStatus_AVAILABILITY_STATUS_TAKEN,
		registrar.NameInvalid:         pb.AvailabilityStatus_AVAILABILITY_STATUS_INVALID,
		registrar.AvailabilityUnknown: pb.AvailabilityStatus_AVAILABILITY_STATUS_UNKNOWN,
	}
	operationStates = words[registrar.OperationState, pb.OperationState]{
		registrar.Queued:      pb.OperationState_OPERATION_STATE_QUEUED,
		registrar.Sending:     pb.OperationState_OPERATION_STATE_SENDING,
		registrar.Sent:        pb.OperationState_OPERATION_STATE_SENT,
		registrar.Accepted:    pb.OperationState_OPERATION_STATE_ACCEPTED,
		registrar.NeedsAction: pb.OperationState_OPERATION_STATE_NEEDS_ACTION,
		registrar.Uncertain:   pb.OperationState_OPERATION_STATE_UNCERTAIN,
		registrar.Succeeded:   pb.OperationState_OPERATION_STATE_SUCCEEDED,
		registrar.Failed:      pb.OperationState_OPERATION_STATE_FAILED,
		registrar.Cancelled:   pb.OperationState_OPERATION_STATE_CANCELLED,
	}
	evidenceKinds = words[registrar.EvidenceKind, pb.EvidenceKind]{
		registrar.EvidenceReply:    pb.EvidenceKind_EVIDENCE_KIND_REPLY,
		registrar.EvidenceRelay:    pb.EvidenceKind_EVIDENCE_KIND_RELAY,
		registrar.EvidenceCopy:     pb.EvidenceKind_EVIDENCE_KIND_COPY,
		registrar.EvidenceRegistry: pb.EvidenceKind_EVIDENCE_KIND_REGISTRY,
		registrar.EvidencePerson:   pb.EvidenceKind_EVIDENCE_KIND_PERSON,
		registrar.EvidenceAnswer:   pb.EvidenceKind_EVIDENCE_KIND_ANSWER,
	}
	verdicts = words[registrar.Verdict, pb.Verdict]{
		registrar.VerdictDone:   pb.Verdict_VERDICT_DONE,
		registrar.VerdictFailed: pb.Verdict_VERDICT_FAILED,
		registrar.VerdictResend: pb.Verdict_VERDICT_RESEND,
		registrar.VerdictCancel: pb.Verdict_VERDICT_CANCEL,
	}
	domainStatuses = words[registrar.DomainStatus, pb.DomainStatus]{
		registrar.StatusPending:         pb.DomainStatus_DOMAIN_STATUS_PENDING,
		registrar.StatusRegistering:     pb.DomainStatus_DOMAIN_STATUS_REGISTERING,
		registrar.StatusRegistered:      pb.DomainStatus_DOMAIN_STATUS_REGISTERED,
		registrar.StatusTransferring:    pb.DomainStatus_DOMAIN_STATUS_TRANSFERRING,
		registrar.StatusError:           pb.DomainStatus_DOMAIN_STATUS_ERROR,
		registrar.StatusExpired:         pb.DomainStatus_DOMAIN_STATUS_EXPIRED,
		registrar.StatusDeleted:         pb.DomainStatus_DOMAIN_STATUS_DELETED,
		registrar.StatusTransferredAway: pb.DomainStatus_DOMAIN_STATUS_TRANSFERRED_AWAY,
	}
	renewalModes = words[registrar.RenewalMode, pb.RenewalMode]{
		registrar.RenewAuto:   pb.RenewalMode_RENEWAL_MODE_AUTO,
		registrar.RenewManual: pb.RenewalMode_RENEWAL_MODE_MANUAL,
	}
	handleStates = words[registrar.HandleState, pb.HandleState]{
		registrar.HandlePending:    pb.HandleState_HANDLE_STATE_PENDING,
		registrar.HandleRegistered: pb.HandleState_HANDLE_STATE_REGISTERED,
		registrar.HandleFailed:     pb.HandleState_HANDLE_STATE_FAILED,
	}
	renewalActions = words[registrar.RenewalAction, pb.RenewalAction]{
		registrar.RenewalSend:     pb.RenewalAction_RENEWAL_ACTION_SEND,
		registrar.RenewalAnnounce: pb.RenewalAction_RENEWAL_ACTION_ANNOUNCE,
		registrar.RenewalHold:     pb.RenewalAction_RENEWAL_ACTION_HOLD,
	}
	levels = words[registrar.Level, pb.Level]{
		registrar.LevelInfo:    pb.Level_LEVEL_INFO,
		registrar.LevelWarning: pb.Level_LEVEL_WARNING,
		registrar.LevelError:   pb.Level_LEVEL_ERROR,
	}
	eventTypes = words[registrar.EventType, pb.EventType]{
		registrar.EventOperation: pb.EventType_EVENT_TYPE_OPERATION,
		registrar.EventMailOut:   pb.EventType_EVENT_TYPE_MAIL_SENT,
		registrar.EventMailIn:    pb.EventType_EVENT_TYPE_MAIL_RECEIVED,
		registrar.EventDomain:    pb.EventType_EVENT_TYPE_DOMAIN,
		registrar.EventAlarm:     pb.EventType_EVENT_TYPE_ALARM,
		registrar.EventCleared:   pb.EventType_EVENT_TYPE_ALARM_CLEARED,
		registrar.EventReview:    pb.EventType_EVENT_TYPE_REVIEW,
		registrar.EventNotice:    pb.EventType_EVENT_TYPE_NOTICE,
		registrar.EventDecision:  pb.EventType_EVENT_TYPE_DECISION,
	}
	replyOutcomes = words[registrar.ReplyOutcome, pb.ReplyOutcome]{
		registrar.ReplyQueued:       pb.ReplyOutcome_REPLY_OUTCOME_QUEUED,
		registrar.ReplyDone:         pb.ReplyOutcome_REPLY_OUTCOME_DONE,
		registrar.ReplyNotDelegated: pb.ReplyOutcome_REPLY_OUTCOME_DONE_NOT_DELEGATED,
		registrar.ReplyRejected:     pb.ReplyOutcome_REPLY_OUTCOME_REJECTED,
		registrar.ReplyNoFunds:      pb.ReplyOutcome_REPLY_OUTCOME_NO_FUNDS,
		registrar.ReplyAuthFailed:   pb.ReplyOutcome_REPLY_OUTCOME_AUTH_FAILED,
		registrar.ReplyVerify:       pb.ReplyOutcome_REPLY_OUTCOME_VERIFY,
		registrar.ReplyNotice:       pb.ReplyOutcome_REPLY_OUTCOME_NOTICE,
		registrar.ReplyIgnore:       pb.ReplyOutcome_REPLY_OUTCOME_IGNORE,
	}
	capabilities = words[registrar.Capability, pb.Capability]{
		registrar.CapRenewals: pb.Capability_CAPABILITY_RENEWALS,
		registrar.CapHandles:  pb.Capability_CAPABILITY_HANDLES,
		registrar.CapReviews:  pb.Capability_CAPABILITY_REVIEWS,
		registrar.CapMail:     pb.Capability_CAPABILITY_MAIL,
		registrar.CapQueue:    pb.Capability_CAPABILITY_QUEUE,
		registrar.CapCheck:    pb.Capability_CAPABILITY_CHECK,
		registrar.CapBackup:   pb.Capability_CAPABILITY_BACKUP,
		registrar.CapErase:    pb.Capability_CAPABILITY_ERASE,
		registrar.CapKeys:     pb.Capability_CAPABILITY_KEYS,
		registrar.CapCodes:    pb.Capability_CAPABILITY_AUTH_CODES,
		registrar.CapRefresh:  pb.Capability_CAPABILITY_REFRESH,
		registrar.CapContacts: pb.Capability_CAPABILITY_CONTACTS,
	}
	attributeTypes = words[registrar.AttributeType, pb.AttributeType]{
		registrar.TypeString:   pb.AttributeType_ATTRIBUTE_TYPE_STRING,
		registrar.TypeInt:      pb.AttributeType_ATTRIBUTE_TYPE_INT,
		registrar.TypeBool:     pb.AttributeType_ATTRIBUTE_TYPE_BOOL,
		registrar.TypeDuration: pb.AttributeType_ATTRIBUTE_TYPE_DURATION,
		registrar.TypeStrings:  pb.AttributeType_ATTRIBUTE_TYPE_STRINGS,
	}
)
