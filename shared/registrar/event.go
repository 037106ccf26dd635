package registrar

import "time"

// Cursor is the place of an event in a plugin's record. The first event has cursor 1.
type Cursor uint64

// Level grades an event for people.
type Level string

// [LevelInfo] is as expected. [LevelWarning] is unusual, and a person may have to act. [LevelError] is a
// failure or an alarm.
const (
	LevelInfo    Level = "info"
	LevelWarning Level = "warning"
	LevelError   Level = "error"
)

// Levels lists every level.
func Levels() []Level { return []Level{LevelInfo, LevelWarning, LevelError} }

// EventType is the kind of thing that happened.
type EventType string

// [EventMailIn]: a mail came. [EventCleared]: an alarm has ended.
const (
	EventOperation EventType = "operation" // an operation changed state
	EventMailOut   EventType = "mail-sent" // a request left
	EventMailIn    EventType = "mail-received"
	EventDomain    EventType = "domain" // a domain's record changed
	EventAlarm     EventType = "alarm"  // an alarm was raised
	EventCleared   EventType = "alarm-cleared"
	EventReview    EventType = "review"   // a mail waits for a person, or no longer does
	EventNotice    EventType = "notice"   // a message of the registrar that answers nothing
	EventDecision  EventType = "decision" // a person decided something
)

// EventTypes lists every type.
func EventTypes() []EventType {
	return []EventType{EventOperation, EventMailOut, EventMailIn, EventDomain, EventAlarm,
		EventCleared, EventReview, EventNotice, EventDecision}
}

// Event is one thing that happened. It never changes.
type Event struct {
	Cursor  Cursor
	At      time.Time
	Type    EventType
	Level   Level
	Message string // for people; masked
	Actor   string // as in Step

	Name      string // the domain it is about; "" = none
	Order     OrderID
	Operation OperationID
	Mail      MailID
	Review    ReviewID

	// Kind, State and Reason describe Operation right after the event, so that no second call is needed to
	// know how it ended. All three are "" if the registrar does not say.
	Kind   OperationKind
	State  OperationState
	Reason string // why it failed, was withdrawn or stands still

	// Domain is the record of Name right after the event, including what else happened in the same moment;
	// nil = the event changed no domain.
	Domain *Domain
}
