package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// tokenPattern is how our token stands in a subject. r01-mail 1.2
var tokenPattern = regexp.MustCompile(`\[([A-Z2-7]{26})\]`)

func tokens(text string) []string {
	var all []string
	for _, m := range tokenPattern.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// thread finds what a mail as a whole answers: by our Message-ID, then by our token in
// subject or unquoted body. One request, several that went out in one mail, or none.
// r01-mail 3.7
func (g *Gateway) thread(tx *store.Tx, l letter) ([]store.Request, error) {
	for _, id := range append(append([]string{}, l.InReplyTo...), l.References...) {
		if found, err := tx.RequestsByMessageID(id); err != nil || len(found) > 0 {
			return found, err
		}
	}
	for _, token := range tokens(l.Subject + "\n" + l.Text) {
		if found, err := tx.RequestsByToken(token); err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// match finds the request a result belongs to, first hit wins, or says why a person must
// decide. r01-mail 3.7
func (g *Gateway) match(tx *store.Tx, l letter, res mailform.Result, thread []store.Request) (store.Request, string, error) {
	r, err := g.candidate(tx, res, thread)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return r, "it belongs to no open request of ours", nil
	case errors.Is(err, errAmbiguous):
		return r, "it may belong to several requests", nil
	case err != nil:
		return r, "", err
	}
	return r, unfit(r, res, len(l.results)), nil
}

var errAmbiguous = errors.New("several candidates")

func (g *Gateway) candidate(tx *store.Tx, res mailform.Result, thread []store.Request) (store.Request, error) {
	if len(thread) == 1 {
		return thread[0], nil
	}
	for _, r := range thread { // each domain of a batch is answered by name, or by its task
		if r.Object == res.Domain || res.Domain == "" && res.Task != "" && r.Task == res.Task {
			return r, nil
		}
	}
	if len(thread) > 1 {
		return store.Request{}, store.ErrNotFound
	}
	if res.Task != "" {
		if r, err := tx.RequestByTask(res.Task); err == nil || !errors.Is(err, store.ErrNotFound) {
			return r, err
		}
	}
	for _, object := range []string{res.Handle, res.Domain} {
		if object == "" {
			continue
		}
		open, err := tx.OpenRequests(object)
		switch {
		case err != nil:
			return store.Request{}, err
		case len(open) == 1:
			return open[0], nil
		case len(open) > 1:
			return store.Request{}, errAmbiguous
		}
	}
	return store.Request{}, store.ErrNotFound
}

// unfit tells why a result can't be about the request it was matched to: another object,
// or another kind of action. A result that names nothing fits when it is the only one.
func unfit(r store.Request, res mailform.Result, results int) string {
	about := "it is about %s, and the request it answers is about " + r.Object
	switch {
	case r.Kind.AboutClient() && res.Domain != "":
		return fmt.Sprintf(about, res.Domain)
	case !r.Kind.AboutClient() && res.Domain != "" && res.Domain != r.Object:
		return fmt.Sprintf(about, res.Domain)
	case !r.Kind.AboutClient() && res.Domain == "" && res.Handle != "":
		return fmt.Sprintf(about, "client "+res.Handle)
	case res.Domain == "" && res.Handle == "" && results > 1:
		return "one of its results names neither domain nor handle"
	case r.Task != "" && res.Task != "" && res.Task != r.Task:
		return fmt.Sprintf("it is about task %s, and R01 queued the request as task %s", res.Task, r.Task)
	case !compatible(r.Kind, string(res.Action)):
		return fmt.Sprintf("it is about %s, and the request it answers is a %s", res.Action, r.Kind)
	case r.Kind == lifecycle.Prolong && res.Outcome == registrar.ReplyDone && !res.PaidTill.IsZero() && !r.Base.Before(res.PaidTill):
		return fmt.Sprintf("it says that %s is renewed and paid till %s, and it was paid till %s before", r.Object, res.PaidTill, r.Base)
	case r.Kind.AboutClient() && !sameKindOfHandle(r.Object, res.Handle):
		return fmt.Sprintf(about, "client "+res.Handle)
	}
	return ""
}

// sameKindOfHandle: R01 may spell our handle its own way, but not turn a person into an
// organization. r01-mail 2.8
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

// candidates are the operations a mail may belong to, for the person who decides.
func (g *Gateway) candidates(tx *store.Tx, l letter) ([]registrar.OperationID, error) {
	thread, err := g.thread(tx, l)
	if err != nil {
		return nil, err
	}
	requests := thread
	for _, object := range mailform.Objects(l.Text) {
		open, err := tx.OpenRequests(object)
		if err != nil {
			return nil, err
		}
		requests = append(requests, open...)
	}
	var ids []registrar.OperationID
	seen := map[string]bool{}
	for _, r := range requests {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		ops, err := tx.OperationsOf(r.ID)
		if err != nil {
			return nil, err
		}
		for _, op := range ops {
			ids = append(ids, op.ID)
		}
	}
	return ids, nil
}
