package engine

import (
	"log/slog"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Timeline records what happened: in the history of operations, the record of events, and the status of domains.
type Timeline struct {
	log *slog.Logger
	now func() time.Time
}

// Actors that are not persons: we, and R01.
const (
	ByPlugin    = "plugin"
	ByRegistrar = "registrar"
)

// typeOf classifies what happened for the Action Log.
func typeOf(f Fact) registrar.EventType {
	switch {
	case f.Event == lifecycle.Relayed:
		return registrar.EventMailOut
	case f.Evidence == registrar.EvidenceReply:
		return registrar.EventMailIn
	case f.Evidence == registrar.EvidencePerson:
		return registrar.EventDecision
	}
	return registrar.EventOperation
}

// Tell gives the domain the status that its operation has come to, and emits the event.
func (tl *Timeline) Tell(tx *store.Tx, op store.Operation, t registrar.EventType, c store.Change) error {
	if err := tl.showStatus(tx, op); err != nil {
		return err
	}
	message := c.Message
	if op.Error != "" {
		message += ": " + op.Error
	}
	tx.Emit(registrar.Event{At: c.At, Type: t, Level: levelOf(op.State), Message: message,
		Actor: c.Actor, Name: op.Domain, Order: op.Order, Operation: op.ID, Mail: c.Mail,
		Kind: op.Kind, State: op.State, Reason: op.Error})
	return nil
}

func (tl *Timeline) showStatus(tx *store.Tx, op store.Operation) error {
	status, ok := lifecycle.DomainStatus(op.Kind, op.State)
	if !ok {
		return nil
	}
	d, err := tx.Domains.Record(op.Domain)
	if err != nil {
		return err
	}
	if d.Status == status {
		return nil
	}
	d.Status = status
	tl.log.Info("domain moved", "domain", d.Name, "status", status, "operation", op.ID)
	return tx.Domains.Put(d, tl.now())
}

func levelOf(s registrar.OperationState) registrar.Level {
	switch {
	case s == registrar.Failed:
		return registrar.LevelError
	case s.WaitsForPerson():
		return registrar.LevelWarning
	}
	return registrar.LevelInfo
}

// Note puts a remark that changes nothing on the timeline.
func (tl *Timeline) Note(tx *store.Tx, r store.Request, f Fact, text string) error {
	c := store.Change{At: tl.now(), Message: text, Actor: f.Actor, Evidence: f.Evidence, Mail: f.Mail}
	ops, err := tx.Operations.Note(r.ID, c)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := tl.Tell(tx, op, registrar.EventMailIn, c); err != nil {
			return err
		}
	}
	return nil
}

// NoteRegistry puts what the registry showed on the timeline.
func (tl *Timeline) NoteRegistry(tx *store.Tx, r store.Request, message string) error {
	c := store.Change{At: tl.now(), Actor: ByRegistry, Evidence: registrar.EvidenceRegistry, Message: message}
	ops, err := tx.Operations.Note(r.ID, c)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := tl.Tell(tx, op, registrar.EventOperation, c); err != nil {
			return err
		}
	}
	return nil
}

// ByRegistry is the actor of what the registry showed.
const ByRegistry = "registry"
