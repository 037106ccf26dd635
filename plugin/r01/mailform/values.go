package mailform

import (
	"regexp"
	"strings"

	"registrar.panel/shared/registrar"
)

// valueLayout is layout A: groups of "name: value" lines with an empty line between them,
// one result to a group. R01's own layout is not public; this one is ours. r01-mail 3.3
type valueLayout struct{}

const valueRule = "built-in: name and value"

// statuses are those of R01's task queue.
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

// valueNames are the lines that mean something, and the group names of patterns they
// correspond to. Other lines are skipped.
var valueNames = map[string]string{
	"task": "task", "action": "action", "domain": "domain", "nic-hdl": "handle", "status": "status",
	"message": "message", "state": "state", "paid-till": "paid_till",
}

var valueLine = regexp.MustCompile(`^[ \t]*([A-Za-z][A-Za-z-]*)[ \t]*:[ \t]*(.*)$`)

func (valueLayout) read(in Input) (reading Reading, mine bool) {
	unclear := false
	for _, lines := range emptyLine.Split(in.Text, -1) {
		texts, agree := readValues(lines)
		if !strings.HasPrefix(texts["status"], "TASK_") {
			continue
		}
		mine = true
		r, ok := resultOfValues(texts)
		unclear = unclear || !agree || !ok
		reading.Results = append(reading.Results, r)
	}
	if unclear {
		return doubt("a group of its lines is not understood"), true
	}
	return reading, mine
}

// emptyLine parts groups and paragraphs.
var emptyLine = regexp.MustCompile(`\n(?:[ \t]*\n)+`)

// readValues reads the lines of one group. They agree unless one name has two values; a
// message may have several lines.
func readValues(lines string) (texts map[string]string, agree bool) {
	texts, agree = map[string]string{}, true
	for l := range strings.SplitSeq(lines, "\n") {
		m := valueLine.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		name, value := valueNames[strings.ToLower(m[1])], plain(m[2])
		if name == "status" || name == "state" || name == "action" {
			value = strings.ToUpper(value)
		}
		before, twice := texts[name]
		switch {
		case name == "" || value == "":
		case twice && name == "message":
			texts[name] = before + " " + value
		case twice && before != value:
			agree = false
		default:
			texts[name] = value
		}
	}
	return texts, agree
}

// resultOfValues is what a group states; ok is false when that is not certain.
func resultOfValues(texts map[string]string) (r Result, ok bool) {
	outcome, known := statuses[texts["status"]]
	if !known {
		return Result{}, false
	}
	if r, ok = resultOf(valueRule, outcome, texts); !ok {
		return Result{}, false
	}
	r.Action = Action(texts["action"])
	if outcome == registrar.ReplyDone {
		return r, r.succeed()
	}
	contradicts := r.Action == ActionNew && strings.HasPrefix(r.State, "REGISTERED")
	return r, !contradicts
}

// succeed weighs a success: that of a new domain takes evidence of delegation, too.
// r01-mail 3.1
func (r *Result) succeed() (certain bool) {
	switch {
	case r.Domain == "":
		return r.Handle != ""
	case r.Action == ActionProlong, r.Action == ActionUpdate:
		return true
	case r.Action != ActionNew && r.Action != "":
		return false
	case r.State == stateDelegated:
		return true
	case r.State != "" && r.State != stateNotDelegated:
		return false
	}
	r.Outcome = registrar.ReplyNotDelegated
	if r.State == "" && r.Message == "" {
		r.Message = notConfirmed
	}
	return true
}
