package mailform

import (
	"strings"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Layout A: groups of "name: value" lines with an empty line or a rule between them, one result
// for each group. R01's own layout is not public; this one is ours. r01-mail 3.3

const valueRule = "built-in: name and value"

// statuses are the statuses of R01's task queue.
var statuses = map[string]registrar.ReplyOutcome{
	"TASK_QUEUED":  registrar.ReplyQueued,
	"TASK_SUCCESS": registrar.ReplyDone,
	"TASK_FAILURE": registrar.ReplyRejected,
}

const (
	stateDelegated    = "REGISTERED, DELEGATED"
	stateNotDelegated = "REGISTERED, NOT DELEGATED"
	notConfirmed      = "R01 does not say that the domain is delegated"
)

// valueNames are the names of lines that mean something, with the group names of patterns that
// they correspond to. Other lines are skipped.
var valueNames = map[string]string{
	"task": "task", "action": "action", "domain": "domain", "nic-hdl": "handle", "status": "status",
	"message": "message", "state": "state", "paid-till": "paid_till",
}

// valueLine begins in the first column, because indented text is quoted. r01-mail 3.6
var valueLine = lazyregexp.New(`^([A-Za-z][A-Za-z-]*)[ \t]*:[ \t]*(.*)$`)

// group is what the lines of a block say.
type group struct {
	texts  map[string]string
	differ bool     // one name has two values
	odd    []string // values of names that mean nothing to us
	prose  []string // lines that are no values
}

// answers reports whether a group is an answer in this layout.
func (g group) answers() bool { return strings.HasPrefix(g.texts["status"], "TASK_") }

// readGroup reads the lines of one block. A value may continue on the next lines.
func readGroup(lines []string) group {
	g := group{texts: map[string]string{}}
	last, value := "", "" // the field that may go on
	for _, l := range lines {
		m := valueLine.FindStringSubmatch(l)
		name := ""
		if m != nil {
			name = valueNames[strings.ToLower(m[1])]
		}

		switch {
		case name != "":
			g.set(last, value)
			last, value = name, plain(m[2])
		// A mail program has wrapped or folded the value. r01-mail 3.3
		case last != "" && runsOn(last, value, l):
			value = strings.TrimSpace(value + " " + plain(l))
		default:
			g.set(last, value)
			last, value = "", ""
			g.other(l, m)
		}
	}

	g.set(last, value)
	return g
}

// other takes in a line that is no known value. An indented copy of a value is quoted.
func (g *group) other(line string, m []string) {
	switch {
	case m != nil:
		g.odd = append(g.odd, m[2])
	case !indented(line) || !valueLine.MatchString(strings.TrimSpace(line)):
		g.prose = append(g.prose, line)
	}
}

// set takes in a value. A message may have several lines of this name.
func (g *group) set(name, value string) {
	value = cased(name, value)
	before := g.texts[name]
	switch {
	case value == "":
	case before != "" && name == "message":
		g.texts[name] = before + " " + value
	case before != "" && before != value:
		g.differ = true
	default:
		g.texts[name] = value
	}
}

func cased(name, value string) string {
	if name == "status" || name == "state" || name == "action" {
		return strings.ToUpper(value)
	}
	return value
}

func indented(line string) bool { return strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") }

var stateWords = lazyregexp.New(`(?i)^[ \t]*(?:(?:not|registered|delegated|verified|unverified)[, \t]*)+$`)

// runsOn reports whether a line continues a value that a mailer has wrapped or folded.
func runsOn(name, value, line string) bool {
	switch {
	case closing.MatchString(line):
		return false
	case value == "":
		return true
	case name == "message", name == "domain" && strings.HasPrefix(strings.TrimSpace(line), "<"):
		return true
	case name == "state":
		return stateWords.MatchString(line)
	}
	return false
}

// resultOfValues returns what a group states; ok is false when that is not certain.
func resultOfValues(g group) (r Result, ok bool) {
	outcome, known := statuses[g.texts["status"]]
	if !known || g.differ {
		return Result{}, false
	}
	// A task that is not a number puts the mail in doubt. r01-mail 3.3
	if r, ok = resultOf(valueRule, outcome, g.texts); !ok || r.Task != g.texts["task"] {
		return Result{}, false
	}
	r.Action, r.State = Action(g.texts["action"]), stateOf(r.State)
	if outcome == registrar.ReplyDone {
		return r, r.succeed()
	}
	contradicts := r.Action == ActionNew && strings.HasPrefix(r.State, "REGISTERED")
	return r, !contradicts
}

var twoStates = lazyregexp.New(`^((?:NOT[ _-]?)?)REGISTERED[,;/ ]+((?:NOT[ _-]?)?)DELEGATED(?:[,;/ ]+((?:UN|NOT[ _-]?)?VERIFIED))?$`)

// stateOf writes a state in our form, with what the registry adds about the registrant. A state
// that is not understood is not changed.
func stateOf(said string) string {
	m := twoStates.FindStringSubmatch(said)
	if m == nil || m[1] != "" {
		return said
	}
	state := stateDelegated
	if m[2] != "" {
		state = stateNotDelegated
	}
	if m[3] != "" {
		state += ", " + m[3]
	}
	return state
}

// succeed judges a success: the success of a new domain needs evidence of delegation, too. r01-mail 3.1
func (r *Result) succeed() (certain bool) {
	understood := twoStates.MatchString(r.State)
	switch {
	// A client can't be delegated.
	case r.Domain == "":
		return r.Handle != ""
	case strings.HasPrefix(r.State, "NOT "):
		return false
	// Only a new domain needs a word on delegation. r01-mail 3.1
	case r.Action == ActionProlong, r.Action == ActionUpdate:
		return true
	case r.Action != ActionNew && r.Action != "":
		return false
	case understood && strings.HasPrefix(r.State, stateDelegated):
		return true
	case r.State != "" && !understood:
		return false
	}

	// A domain that is registered without a word on delegation is not done. r01-mail 3.1
	r.Outcome = registrar.ReplyNotDelegated
	if r.State == "" && r.Message == "" {
		r.Message = notConfirmed
	}

	return true
}
