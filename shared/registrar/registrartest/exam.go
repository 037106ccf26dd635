package registrartest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

const (
	defaultPatience = 20 * time.Second
	// examTime is how many times the patience one check may take in total.
	examTime = 6
)

// run is one examination of a subject.
type run struct {
	subject     Subject
	description registrar.Description
	fault       error // why there is no description
	dead        error // why no instance can be started
	tag         string
}

func newRun(ctx context.Context, s Subject) (*run, error) {
	if s.Open == nil {
		return nil, errors.New("examine registrar: Subject.Open is missing")
	}
	if s.Patience == 0 {
		s.Patience = defaultPatience
	}

	// A registrar that can't be started is examined, too: the report then says why each rule was not judged.
	r := &run{subject: s, tag: strings.ToLower(rand.Text()[:6])}
	instance, err := s.Open.Open(ctx)
	if err != nil {
		r.dead = fmt.Errorf("start: %w", err)
		r.fault = r.dead
		return r, nil
	}

	defer instance.Close()
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	r.description, r.fault = instance.Describe(ctx)
	return r, nil
}

// judge applies one check.
func (r *run) judge(ctx context.Context, c check) Result {
	result := Result{Rule: c.Rule}
	if why := r.missing(c.Rule); why != "" {
		result.Outcome, result.Reason = Skipped, why
		return result
	}

	began := time.Now()
	findings, err := r.examine(ctx, c)
	result.Took, result.Findings = time.Since(began), findings

	// A breach that was seen counts even if the check could not go on after it.
	switch {
	case len(findings) > 0:
		result.Outcome = Broken
	case errors.As(err, new(notTried)):
		result.Outcome, result.Reason = Skipped, err.Error()
	case err != nil:
		result.Outcome, result.Reason = NotJudged, err.Error()
	default:
		result.Outcome = Passed
	}
	return result
}

// notTried is why a check had nothing to judge. The report says so.
type notTried string

func (n notTried) Error() string { return string(n) }

func (r *run) examine(ctx context.Context, c check) (findings []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, examTime*r.subject.Patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	e := &exam{run: r, ctx: ctx, dir: dir, tag: r.tag + strings.ToLower(rand.Text()[:4])}
	// Deferred after the directory's removal, so that everything at work ends before it.
	defer e.close()
	err = c.judge(e)
	return e.findings, err
}

// missing returns why a rule is skipped; "" = it is not.
func (r *run) missing(rule Rule) string {
	if c := rule.Capability; c != "" && !r.description.Has(c) {
		return fmt.Sprintf("the capability %s is not declared", c)
	}
	if k := rule.Kind; k != "" && !slices.Contains(r.description.Kinds, k) {
		return fmt.Sprintf("the kind %s is not declared", k)
	}
	if k := rule.Kind; k != "" && !r.sells(k) {
		return fmt.Sprintf("the kind %s is not offered in .%s", k, r.tld())
	}
	for _, need := range rule.Needs {
		if why := r.lacks(need); why != "" {
			return why
		}
	}
	return ""
}

// sells reports whether a kind is offered in the zone of made-up names.
func (r *run) sells(kind registrar.OperationKind) bool {
	_, ok := r.description.Offered(r.tld(), kind)
	return ok
}

func (r *run) lacks(need Need) string {
	_, program := r.subject.Open.(Program)
	switch {
	case need == NeedSettings && r.subject.Config == nil:
		return "no settings are given, and it starts the registrar"
	case need == NeedSecrets && !hasSecret(r.description.Schema):
		return "no setting is a secret"
	case need == NeedDS && !slices.Contains(r.description.OrderFields, "ds"):
		return "it reads no DS records"
	case need == NeedYears && !slices.Contains(r.description.OrderFields, "years"):
		return "it reads no years, and a host submits no order that names any"
	case need == NeedRoles && !takesRoles(r):
		return "it takes no contact beside the registrant"
	case need == NeedProgram && !program:
		return "it is about a plugin's process, and this is none"
	case need == NeedHandle && r.subject.Handle == "":
		return "no handle to adopt is given"
	case need == NeedIDN && r.subject.IDN == "":
		return "no name beyond ASCII is given"
	case need == NeedPremium && r.subject.Premium == "":
		return "no name with a price of its own is given"
	case need == NeedSamples && len(r.subject.BadConfigs) == 0:
		return "no settings with mistakes are given"
	case need == NeedWitness && r.subject.Witness == "":
		return "no witness is given, and only one can tell how often an order reached the registrar"
	}

	return ""
}

// takesRoles reports whether the order of the exams may bring contacts besides the registrant.
func takesRoles(r *run) bool {
	e := &exam{run: r}
	return len(rolesOf(r, e.tld(), firstKind(r))) > 0
}

// exam is one check in progress.
type exam struct {
	*run
	ctx      context.Context
	dir      string
	tag      string
	names    int
	lives    []*life
	findings []string
}

// life is an instance and the directory it works on.
type life struct {
	*Instance
	dir  string
	over bool
}

// broken records a breach of the rule.
func (e *exam) broken(format string, args ...any) {
	e.findings = append(e.findings, fmt.Sprintf(format, args...))
}

// mustBe records an error that is not the one that the contract demands.
func (e *exam) mustBe(what string, err error, want registrar.Code) bool {
	if errors.Is(err, want) {
		return true
	}
	e.broken("%s: %s, want %s", what, told(err), string(want))
	return false
}

// told describes an error with its code.
func told(err error) string {
	if err == nil {
		return "it was accepted"
	}
	return fmt.Sprintf("%s (%s)", err, string(registrar.CodeOf(err)))
}

// open starts an instance.
func (e *exam) open() (*life, error) {
	if e.dead != nil {
		return nil, e.dead
	}
	instance, err := e.subject.Open.Open(e.ctx)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	l := &life{Instance: instance, dir: filepath.Join(e.dir, "data")}
	e.lives = append(e.lives, l)
	return l, os.MkdirAll(l.dir, 0o700)
}

func (e *exam) configure(l *life, create bool) error {
	return l.Configure(e.ctx, registrar.Settings{Config: e.subject.Config, DataDir: l.dir, Create: create})
}

// catalogue returns an instance that can be asked for forms.
func (e *exam) catalogue() (*life, error) {
	if e.subject.Config == nil {
		return e.open()
	}
	return e.configured(true)
}

// configured returns an instance with valid settings.
func (e *exam) configured(create bool) (*life, error) {
	l, err := e.open()
	if err == nil {
		err = e.configure(l, create)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare a configured registrar: %w", err)
	}
	return l, nil
}

// working returns an instance at work.
func (e *exam) working() (*life, error) { return e.begin(true) }

func (e *exam) begin(create bool) (*life, error) {
	l, err := e.configured(create)
	if err == nil {
		err = l.Start(e.ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare a registrar at work: %w", err)
	}
	return l, nil
}

// again crashes an instance and starts the next one on the same directory.
func (e *exam) again(l *life) (*life, error) {
	l.Crash()
	l.over = true
	return e.begin(false)
}

// end drains an instance and closes it.
func (e *exam) end(l *life) {
	if l.over {
		return
	}
	l.over = true
	drain(l)
	l.Close()
}

func (e *exam) close() {
	for _, l := range slices.Backward(e.lives) {
		e.end(l)
	}
}

// soon waits until a condition holds.
func (e *exam) soon(what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(e.ctx, e.subject.Patience)
	defer cancel()
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not come within %s", what, e.subject.Patience)
		case <-time.After(pause):
		}
	}
}

// within runs a call that may hang, and reports whether it returned in time. A call that did not goes on,
// until the process ends.
func (e *exam) within(call func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
		return true
	case <-time.After(e.subject.Patience):
		return false
	}
}
