package registrar

// Figure names a number that a component reports for monitoring. Other figures than these may appear, and
// are not shown.
type Figure string

// Instants are Unix seconds.
const (
	FigureLookedAt Figure = "looked_at" // when all that waited in the mailbox had been fetched
	FigureHeardAt  Figure = "heard_at"  // when the registry last answered
	FigurePassedAt Figure = "passed_at" // when the last renewal pass completed
	FigureLeft     Figure = "left"      // requests that cost money and may still be sent now
	FigureMost     Figure = "most"      // such requests per hour, at most; 0 = none may leave until that is settled
	FigureQueued   Figure = "queued"    // such requests that wait to be sent, with renewals that a pass is to begin
	FigureNextAt   Figure = "next_at"   // when the next renewal pass is made
	FigureWaiting  Figure = "waiting"   // mails that wait for a person

	// When the request was sent that has waited longest for a first answer; absent = none waits.
	FigureUnansweredAt Figure = "unanswered_at"

	// Of the last 24 hours.
	FigureSent      Figure = "sent"       // requests that were sent
	FigureRead      Figure = "read"       // mails that came and were read
	FigureApplied   Figure = "applied"    // of those, the answers that were applied
	FigureForReview Figure = "for_review" // of those, the ones that a person must still read
)

// Figures lists every figure that has a meaning.
func Figures() []Figure {
	return []Figure{FigureLookedAt, FigureHeardAt, FigurePassedAt, FigureLeft, FigureMost, FigureQueued, FigureNextAt, FigureWaiting,
		FigureUnansweredAt, FigureSent, FigureRead, FigureApplied, FigureForReview}
}
