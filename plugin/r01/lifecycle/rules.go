package lifecycle

// Lists that several rules share.
var (
	successes  = []Event{Done, HalfDone}
	refusals   = []Event{Rejected, Unfunded, Unauth, Doubted}
	datedKinds = []Kind{NewDomain, Prolong, Transfer}
	undated    = []Kind{UpdateDomain, UpdateClient}
	answered   = []Binding{ByThread, ByToken}
	ours       = []Binding{ByThread, ByToken, ByHandle}
	trusted    = []Proof{NotAsked, Proved}
	byRegistry = []Source{FromWhois, FromList}
)

// Rules returns the table by which evidence is weighed. The first line that suits decides.
func Rules() []Rule { return rules }

var rules = []Rule{
	// A mail as a whole. r01-mail 3.8
	{Name: "any doubt in a mail", Source: []Source{FromReply}, when: inDoubt, Action: Wait, Reason: NotWhole, Ask: true},
	{Name: "an answer to another request", Source: []Source{FromReply, FromBounce}, Binding: []Binding{Against}, Action: Wait, Reason: NotOurs},
	{Name: "about something else", Source: []Source{FromReply, FromBounce}, Object: []Match{OtherObject}, Action: Wait, Reason: NotAbout},
	{Name: "tied to nothing", Source: []Source{FromReply, FromBounce}, Binding: []Binding{Unbound}, Action: Wait, Reason: NotBound},

	// Late messages that repeat what is known need no proof, because they move nothing. r01-mail 3.9
	{Name: "late, and known", Source: []Source{FromReply}, State: []State{succeeded}, Event: []Event{Queuing, Doubted}, Action: Note},
	{Name: "late success, and known", Source: []Source{FromReply}, State: []State{succeeded}, Event: []Event{Done}, Till: []Till{NoTill, DueTill},
		when: nothingNew, Action: Note},
	{Name: "late refusal, and known", Source: []Source{FromReply}, State: []State{failed}, Event: append([]Event{Queuing}, refusals...), Action: Note},

	// Who says it. r01-mail 3.10
	{Name: "a sender who can't be proved now", Source: []Source{FromReply}, Proof: []Proof{Unavailable}, Action: Wait, Reason: ProofLater, Ask: true},
	{Name: "a sender without proof", Source: []Source{FromReply}, Proof: []Proof{Missing}, Action: Wait, Reason: NoProof, Ask: true},

	// When it was said.
	{Name: "older than the request", Source: []Source{FromReply}, Made: []Moment{Before}, Action: Wait, Reason: TooOld, Ask: true},
	{Name: "a refusal older than the last transmission", Source: []Source{FromReply}, Event: refusals, Made: []Moment{Between}, Action: Wait, Reason: TooOld, Ask: true},

	// Late messages that add to what is known, or contradict it. r01-mail 3.9
	{Name: "a later expiry, late", Source: []Source{FromReply}, State: []State{succeeded}, Event: []Event{Done}, Binding: answered, Proof: trusted, Till: []Till{DueTill},
		when: better, Action: Amend},
	{Name: "late, and otherwise", Source: []Source{FromReply}, State: final, Binding: ours, Action: Wait, Reason: Contradicts, Ask: true, Alarm: true},
	{Name: "late and otherwise, by a hint, proved", Source: []Source{FromReply}, State: final, Binding: []Binding{ByHint}, Proof: []Proof{Proved}, Action: Wait, Reason: Contradicts, Ask: true, Alarm: true},

	// What ties it to the request. r01-mail 3.7
	{Name: "another handle than ours", Source: []Source{FromReply}, Binding: []Binding{ByHandle, ByHint}, when: otherHandle, Action: Wait, Reason: HandleOnly},
	{Name: "a hint, proved: queued", Source: []Source{FromReply}, Event: []Event{Queuing}, Binding: []Binding{ByHint}, Proof: []Proof{Proved}, Made: []Moment{After},
		when: alone, Action: Apply},
	{Name: "a hint, proved: done, with its date", Source: []Source{FromReply}, Event: []Event{Done}, Kind: datedKinds, Till: []Till{DueTill},
		Binding: []Binding{ByHint}, Proof: []Proof{Proved}, Made: []Moment{After}, when: alone, Action: Apply},
	{Name: "a hint, proved: changed", Source: []Source{FromReply}, Event: []Event{Done}, Kind: undated,
		Binding: []Binding{ByHint}, Proof: []Proof{Proved}, Made: []Moment{After}, when: alone, Action: Apply},
	{Name: "a hint", Source: []Source{FromReply}, Binding: []Binding{ByHint}, Action: Wait, Reason: HintOnly, Ask: true},

	// What it says.
	{Name: "done, and the expiry of before", Source: []Source{FromReply}, Event: successes, Kind: datedKinds, Till: []Till{OldTill}, Action: Wait, Reason: NotMoved, Ask: true},
	{Name: "done, and an expiry that can't be", Source: []Source{FromReply}, Event: successes, Kind: datedKinds, Till: []Till{BadTill}, Action: Wait, Reason: Implausible, Ask: true},
	{Name: "an answer to our request", Source: []Source{FromReply}, Binding: answered, Proof: trusted, Action: Apply},
	{Name: "our own fresh handle", Source: []Source{FromReply}, Kind: []Kind{NewClient}, Binding: []Binding{ByHandle}, Proof: trusted, Action: Apply},

	// Reports on delivery. r01-mail 3.8
	{Name: "a delivery that is delayed, or of a copy", Source: []Source{FromBounce}, Fate: []Fate{Delayed, NotRobot, Delivered}, Action: Note},
	{Name: "a bounce of what failed", Source: []Source{FromBounce}, State: []State{failed}, Action: Note},
	{Name: "a bounce without proof", Source: []Source{FromBounce}, Proof: []Proof{Missing, Unavailable}, Action: Wait, Reason: NoProof, Ask: true},
	{Name: "a bounce that proves nothing", Source: []Source{FromBounce}, Fate: []Fate{NoFate, Doubtful, Untold}, Action: Wait, Reason: FateUntold, Ask: true},
	{Name: "a bounce of an earlier transmission", Source: []Source{FromBounce}, Made: []Moment{Before, Between}, Action: Wait, Reason: TooOld},
	{Name: "a bounce of what may run", Source: []Source{FromBounce}, when: mayRun, Action: Wait, Reason: StillRuns, Ask: true},
	{Name: "a bounce of our request", Source: []Source{FromBounce}, Binding: answered, Fate: []Fate{Returned}, Action: Apply},

	// Our own mail, relay and queue.
	{Name: "our own copy", Source: []Source{FromCopy}, Binding: []Binding{ByThread}, Action: Apply},
	{Name: "the relay's answer", Source: []Source{FromRelay}, Action: Apply},
	{Name: "our own queue", Source: []Source{FromQueue}, Action: Apply},
	{Name: "silence", Source: []Source{FromDeadline}, Action: Apply},
	{Name: "a restored store", Source: []Source{FromRestore}, Action: Apply},
	{Name: "a refusal that is over", Source: []Source{FromRelease}, when: releasable, Action: Apply},
	{Name: "a refusal that may not have been of ours", Source: []Source{FromRelease}, Action: Moot, Reason: NotReleased},

	// The registry. docs/registry.md
	{Name: "the record of another domain", Source: byRegistry, Object: []Match{OtherObject}, Action: Wait, Reason: NotAbout, Alarm: true},
	{Name: "a year that is not there, and R01 found it too early", Source: byRegistry, Event: []Event{Rejected}, Kind: []Kind{Prolong}, State: []State{needsAction},
		Made: []Moment{After}, Object: []Match{SameObject}, Till: []Till{OldTill, BadTill}, when: toVerify, Action: Apply},
	{Name: "a refusal that no registry shows", Source: byRegistry, Event: []Event{Rejected}, Action: Note},
	{Name: "an expiry that no zone sells", Source: byRegistry, Kind: datedKinds, Till: []Till{BadTill}, Action: Wait, Reason: Implausible, Alarm: true},
	{Name: "an expiry that has not moved", Source: byRegistry, Kind: []Kind{Prolong}, Till: []Till{OldTill, NoTill}, Action: Note, Reason: NotMoved},
	{Name: "the year is there already", Source: byRegistry, Event: []Event{Withdrawn}, Kind: []Kind{Prolong}, Till: []Till{DueTill}, Action: Apply},
	{Name: "nothing to withdraw", Source: byRegistry, Event: []Event{Withdrawn}, Action: Note},
	{Name: "renewed before we asked", Source: byRegistry, Kind: []Kind{Prolong}, Made: []Moment{Before}, Action: Wait, Reason: TooOld, Alarm: true},
	{Name: "a record older than the request", Source: byRegistry, Made: []Moment{NoDate, Before, Between}, Action: Note, Reason: TooOld},
	{Name: "a record of before", Source: byRegistry, Kind: datedKinds, Till: []Till{OldTill}, Action: Note, Reason: NotMoved},
	{Name: "the registry's record", Source: byRegistry, Object: []Match{SameObject}, Action: Apply},

	// People.
	{Name: "a look at what has moved on", Source: []Source{FromPerson}, when: stale, Action: Refuse, Reason: MovedOn},
	{Name: "a denial before it is settled", Source: []Source{FromPerson}, when: premature, Action: Refuse, Reason: Premature},
	{Name: "a transfer code that was got, without it", Source: []Source{FromPerson}, Event: append([]Event{SaidDone}, successes...), Kind: []Kind{AuthCode},
		when: codeless, Action: Refuse, Reason: NoCode},
	{Name: "a person's decision", Source: []Source{FromPerson}, Action: Apply},
}
