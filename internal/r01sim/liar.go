package r01sim

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"registrar.panel/shared/registrar"
)

// liar is the hostile partner beside the robot: what it has overheard, and the
// lies it has told. It reads R01's mail, and never changes what the robot does.
type liar struct {
	kinds   []LieKind // kinds that it tells unasked
	rate    float64   // lies for each template, in the mean
	targets []*target
	byName  map[string]*target            // the same targets, by the request's Message-ID and the object
	written map[[sha256.Size]byte]*spoken // the robot's answers, by their bytes
	left    []*spoken                     // those of written that were delivered
	told    []Lie
}

func newLiar(kinds []LieKind, rate float64) liar {
	return liar{kinds: kinds, rate: rate, byName: map[string]*target{}, written: map[[sha256.Size]byte]*spoken{}}
}

// target is one template that reached the robot.
type target struct {
	origin   origin
	action   Action
	kind     Kind
	object   string
	task     int            // 0 = the template was not queued
	paidTill registrar.Date // of the domain at that time; zero = the domain was not registered
	over     bool           // the robot's final answer was delivered
}

func (t *target) name() string { return t.origin.messageID + " " + t.object }

func (t *target) paid() bool { return t.kind == KindDomain && t.action != ActionUpdate }

// spoken is an answer of the robot.
type spoken struct {
	about *target
	raw   []byte
	one   result
}

// overhear records a template, and plans lies about it.
func (d *dossier) overhear(t Template, task *Task) {
	about := &target{origin: d.origin, action: d.request.Action, kind: t.Kind, object: t.Object,
		paidTill: d.registry.domains[t.Object].PaidTill}
	if task != nil {
		about.task = task.ID
	}
	d.liar.targets = append(d.liar.targets, about)
	d.liar.byName[about.name()] = about
	d.plan(about)
}

// plan decides how often, when and how to lie about a request.
// As with the robot, chance depends on the request alone.
func (d *dossier) plan(about *target) {
	if len(d.liar.kinds) == 0 {
		return
	}

	// Lies come from the time of the request until a while after the robot's final answer.
	random := d.random("lie " + string(about.action) + " " + about.object)
	longest := float64(d.policy.Done) * (1 + d.policy.Jitter) * 1.5
	for left := d.liar.rate; left > 0; left-- {
		told, kind := random.Float64() < left, pick(random, d.liar.kinds)
		after, seed := time.Duration(random.Float64()*longest), random.Uint64()
		if told {
			d.agenda.after(d.pace(after), func() { d.lie(kind, about, seed) })
		}
	}
}

// lie tells a lie if the liar knows enough for it by now, and reports whether it did.
func (s *Simulator) lie(kind LieKind, about *target, seed uint64) bool {
	s.mu.Lock()
	l, ok := s.forge(kind, about, seed)
	if ok {
		s.liar.told = append(s.liar.told, l)
	}
	s.mu.Unlock()
	if !ok {
		return false
	}

	// Without the lock: a real server may be slow, and the robot must go on.
	s.logger.Info("lie", "kind", l.Kind, "object", l.Object, "claims", l.Claims)
	s.bring(l.Raw, func() {})
	return true
}

func (s *Simulator) forge(kind LieKind, about *target, seed uint64) (Lie, bool) {
	rows := lieTable()
	row := rows[slices.IndexFunc(rows, func(r lieRow) bool { return r.kind == kind })]
	now := s.options.Now()
	// Except for a stranger, every liar knows the parts of the request that an answer repeats.
	f := &forger{Rand: rand.New(rand.NewPCG(s.options.Seed, seed)), about: about, bound: row.group != LieOfStranger,
		liar: &s.liar, now: now, today: today(now), robot: s.options.Gateway, callback: s.options.Callback,
		server: s.options.AuthServID, seed: s.options.Seed}
	if row.suits != nil && !row.suits(about) {
		return Lie{}, false
	}
	forged, ok := row.write(f)
	if !ok {
		return Lie{}, false
	}
	return Lie{At: now.UTC(), Kind: kind, Group: row.group, Object: about.object, Request: about.origin.messageID,
		MessageID: forged.messageID, Date: forged.date.UTC(), Claims: forged.claims, Repeats: forged.repeats, Raw: forged.raw}, true
}

// say records an answer that was written. An answer about a mail as a whole belongs to no template.
func (d *dossier) say(raw []byte, one result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.liar.byName[(&target{origin: d.origin, object: one.object}).name()]; t != nil {
		d.liar.written[sha256.Sum256(raw)] = &spoken{about: t, raw: raw, one: one}
	}
}

// heard records that a mail was delivered.
func (l *liar) heard(raw []byte) {
	if a := l.written[sha256.Sum256(raw)]; a != nil {
		a.about.over = a.about.over || a.one.status != TaskQueued
		l.left = append(l.left, a)
	}
}

// old returns the robot's mails about requests that are over, as they were
// delivered. None of them reveals the thread or subject of an open request.
func (l *liar) old() []*spoken {
	var all []*spoken
	for _, a := range l.left {
		if a.about.over {
			all = append(all, a)
		}
	}
	return all
}

// Lies copies the lies that the hostile partner has told, oldest first.
func (s *Simulator) Lies() []Lie {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Lie(nil), s.liar.told...)
}

// TellLie tells a lie of the given kind about the latest request for an object, at
// once. It is an error if there was no such request, or if the kind does not suit it.
func (s *Simulator) TellLie(kind LieKind, object string) error {
	if !slices.Contains(LieKinds(LieGroups()...), kind) {
		return fmt.Errorf("tell lie: %q is no kind", kind)
	}

	s.mu.Lock()
	var about *target
	for _, t := range s.liar.targets {
		if t.object == object {
			about = t
		}
	}

	seed := s.random("told " + string(kind) + " " + object).Uint64()
	s.mu.Unlock()

	if about == nil {
		return fmt.Errorf("tell lie: no request for %q has come", object)
	}
	if !s.lie(kind, about, seed) {
		return fmt.Errorf("tell lie: %s does not suit %s of %s now", kind, about.action, object)
	}

	return nil
}
