package renewal

import (
	"context"
	"errors"
	"fmt"
	"github.com/robfig/cron/v3"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a schedule's zone must be known on every machine
	"unicode"

	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Config is an operator's settings for renewals.
type Config struct {
	Schedule string // cron expression of five fields, or a word such as "@daily"
	Timezone string // of the schedule: "Europe/Moscow"
	Mode     registrar.RenewalMode
	Before   time.Duration // whole days
	R01Auto  bool          // R01 renews by itself. r01-mail 4.2
	Batch    int           // the most domains in one mail
}

const (
	day      = 24 * time.Hour
	maxBatch = 100 // domains in one mail: its answer is still read as one reply
)

// Validate reports every mistake.
func (c Config) Validate() []registrar.Problem {
	var problems []registrar.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, registrar.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}

	if _, err := parse(c.Schedule); err != nil {
		add("schedule", "must be a cron expression such as \"0 4 * * *\": %v", err)
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "" {
		add("timezone", "must be the name of a time zone such as \"Europe/Moscow\"")
	}
	if c.Before < day || c.Before > policy.Opens*day || c.Before%day != 0 {
		add("before", "must be whole days from \"1d\" to \"%dd\": R01 takes renewals no earlier", policy.Opens)
	}
	if c.Batch < 1 || c.Batch > maxBatch {
		add("batch", "must be from 1 to %d domains in one mail", maxBatch)
	}
	if c.R01Auto && c.Mode == registrar.RenewAuto {
		add("r01_auto", "R01 renews by itself, so mode must be \"manual\": both at once pay twice")
	}

	return problems
}

var (
	errZone  = errors.New("the zone has a setting of its own: timezone")
	errNever = errors.New("no day is like that, so no pass would ever be made")
	errRare  = errors.New("a pause of years between two passes is too long")
	errOften = errors.New("passes more often than once a second are too many")
	errEmpty = errors.New("a comma has no value beside it")
	errStar  = errors.New("* and ? begin no range: write its first value")
)

// horizon is the longest wait for a pass. The library looks no further for a day, and every leap day of this
// century comes within it.
const horizon = 5 * 366 * day

// parse reads a schedule, and refuses expressions that the library reads otherwise than they are written. The
// library panics at some zones before an expression, so zones are refused, and a panic is a mistake in the
// expression.
func parse(expression string) (s cron.Schedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("it can't be read: %v", p)
		}
	}()

	if head := strings.ToUpper(strings.TrimSpace(expression)); strings.HasPrefix(head, "TZ=") || strings.HasPrefix(head, "CRON_TZ=") {
		return nil, errZone
	}
	if err := misread(expression); err != nil {
		return nil, err
	}
	if s, err = cron.ParseStandard(expression); err != nil {
		return nil, err
	}

	start := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // any year does
	switch next := s.Next(start); {
	case next.IsZero():
		return nil, errNever
	case next.After(start.Add(horizon)):
		return nil, errRare
	}

	// The library turns every shorter pause, and a negative one, into a second.
	if text, ok := strings.CutPrefix(expression, "@every "); ok {
		if pause, err := time.ParseDuration(text); err == nil && pause < time.Second {
			return nil, errOften
		}
	}

	return s, nil
}

// misread reports what the library would silently read as something else: it drops empty members of a list,
// and anything after a star's hyphen.
func misread(expression string) error {
	if strings.HasPrefix(expression, "@") {
		return nil
	}
	for value := range strings.FieldsFuncSeq(expression, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		if strings.HasPrefix(value, "*-") || strings.HasPrefix(value, "?-") {
			return errStar
		}
	}
	for field := range strings.FieldsSeq(expression) {
		if slices.Contains(strings.Split(field, ","), "") {
			return errEmpty
		}
	}
	return nil
}

// Policy returns the settings of package policy.
func (c Config) Policy() policy.Settings {
	return policy.Settings{Before: int(c.Before / day), R01: c.R01Auto}
}

// Next returns when the schedule makes the first pass after an instant; zero = not known.
func (c Config) Next(after time.Time) time.Time {
	times, err := parse(c.Schedule)
	zone, unheard := time.LoadLocation(c.Timezone)
	if err != nil || unheard != nil {
		return time.Time{}
	}
	return times.Next(after.In(zone))
}

// Schedule makes a pass at once and then by cron. If a pass is still running when the next one is due, the
// next one is left out.
type Schedule struct {
	pass   *Pass
	config Config
	log    *slog.Logger
	now    func() time.Time
}

// NewSchedule returns a Schedule for a valid configuration.
func NewSchedule(p *Pass, c Config, log *slog.Logger, now func() time.Time) *Schedule {
	return &Schedule{pass: p, config: c, log: log, now: now}
}

// Run makes passes until ctx ends, and returns after the last one has ended.
func (s *Schedule) Run(ctx context.Context) error {
	zone, err := time.LoadLocation(s.config.Timezone)
	if err != nil {
		return fmt.Errorf("schedule renewals: %w", err)
	}

	quiet := cronLog{s.log}
	c := cron.New(cron.WithLocation(zone), cron.WithLogger(quiet))

	times, err := parse(s.config.Schedule)
	if err != nil {
		return fmt.Errorf("schedule renewals: %w", err)
	}

	pass := cron.NewChain(cron.SkipIfStillRunning(quiet)).Then(cron.FuncJob(func() { s.untilMade(ctx) }))
	c.Schedule(times, pass)

	// The first at once: it makes up for passes that were missed while the plugin was down.
	var first sync.WaitGroup
	first.Go(pass.Run)
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
	first.Wait()

	return ctx.Err()
}

// doubted is the pause between tries of a pass while the day is in doubt.
const doubted = time.Minute

// untilMade makes a pass, as soon as the day is believed.
func (s *Schedule) untilMade(ctx context.Context) {
	for doubt := ""; ; {
		now := s.once(ctx)
		if now == "" {
			return
		}
		if now != doubt {
			s.log.Warn("renewal pass waits", "why", now)
			doubt = now
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(doubted):
		}
	}
}

// once makes a pass, and returns why it was left out. A pass that fails is made again at the next time; if
// none completes for long, an alarm reports that.
func (s *Schedule) once(ctx context.Context) (doubt string) {
	done, err := s.pass.Run(ctx, s.now())
	switch {
	case done.Doubt != "":
	case err == nil:
		s.log.Info("renewal pass completed", "planned", done.Planned, "announced", done.Announced, "restated", done.Restated, "held", done.Reminded)
	case ctx.Err() == nil:
		s.log.Error("renewal pass failed, will be made again at the next time", "err", err)
	}
	return done.Doubt
}

// cronLog reports only one of cron's messages: that a pass was left out.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Info(msg string, _ ...any) {
	if msg == "skip" {
		l.log.Warn("renewal pass left out, the last one is still running")
	}
}

func (l cronLog) Error(err error, msg string, _ ...any) {
	l.log.Error("schedule of renewals", "msg", msg, "err", err)
}
