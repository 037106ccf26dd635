package inbox

import (
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// inBatch returns the requests of a batch that a result is about: each domain is answered by
// its name or its task. A result that names nothing may be about the whole mail, which R01
// reads and authorizes as one. Money and refusals concern a single domain.
func inBatch(batch []store.Request, res mailform.Result, event lifecycle.Event) []store.Request {
	for _, r := range batch {
		if r.Object == res.Domain || res.Domain == "" && res.Task != "" && r.Task == res.Task {
			return []store.Request{r}
		}
	}
	if res.Domain == "" && res.Handle == "" && res.Task == "" && (event == lifecycle.Queuing || event == lifecycle.Unauth) {
		return batch
	}
	return nil
}

func reasonOf(res mailform.Result) string {
	if res.Message != "" {
		return res.Message
	}
	return string(res.Outcome)
}

// unfit says why a result can't be about the request that it was matched to: it has another object,
// or another kind of action; "" = it can. A result that names nothing fits if it is the only one.
func unfit(r store.Request, res mailform.Result, results int) string {
	about := "it is about %s, and the request it answers is about " + r.Object
	nameless := res.Domain == "" && res.Handle == ""
	switch {
	case r.Kind.AboutClient() && res.Domain != "":
		return fmt.Sprintf(about, res.Domain)
	case !r.Kind.AboutClient() && res.Domain != "" && res.Domain != r.Object:
		return fmt.Sprintf(about, res.Domain)
	case !r.Kind.AboutClient() && res.Domain == "" && res.Handle != "":
		return fmt.Sprintf(about, "client "+res.Handle)
	case nameless && results > 1 && r.Batch == "" && (res.Task == "" || r.Task != res.Task):
		return "one of its results names neither domain nor handle"
	case r.Task != "" && res.Task != "" && res.Task != r.Task:
		return fmt.Sprintf("it is about task %s, and R01 queued the request as task %s", res.Task, r.Task)
	case !compatible(r.Kind, string(res.Action)):
		return fmt.Sprintf("it is about %s, and the request it answers is a %s", res.Action, r.Kind)
	case r.Kind == lifecycle.UpdateClient && res.Handle != "" && !strings.EqualFold(r.Object, res.Handle),
		r.Kind == lifecycle.NewClient && !sameKindOfHandle(r.Object, res.Handle):
		return fmt.Sprintf(about, "client "+res.Handle)
	}

	return ""
}

// sameKindOfHandle reports whether R01's handle may be ours: R01 may spell our handle
// differently, but can't turn a person into an organization. r01-mail 2.8
func sameKindOfHandle(ours, theirs string) bool {
	if theirs == "" || strings.EqualFold(ours, theirs) {
		return true
	}
	kind, _ := mailform.KindOfHandle(ours)
	theirKind, ok := mailform.KindOfHandle(theirs)
	return ok && kind == theirKind
}

func compatible(k lifecycle.Kind, action string) bool {
	want := map[lifecycle.Kind]string{
		lifecycle.NewClient: "NEW", lifecycle.NewDomain: "NEW", lifecycle.Prolong: "PROLONG",
		lifecycle.UpdateDomain: "UPDATE", lifecycle.UpdateClient: "UPDATE", lifecycle.Transfer: "TRANSFER",
	}[k]
	return action == "" || strings.EqualFold(action, want)
}
