package r01

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/gateway"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
)

// Plugin is the R01 registrar that is not at work yet. New returns one.
type Plugin struct {
	log    *slog.Logger
	now    func() time.Time
	timing sqldb.LeaseTiming

	mu       sync.Mutex
	settings *settings // after Configure
	dataDir  string
	create   bool
}

// New returns a plugin that does nothing until it is configured and started.
func New(log *slog.Logger) *Plugin { return NewTimed(log, LeaseTiming(sqldb.DefaultLeaseTiming())) }

// LeaseTiming is the timing of the lease by which one of several instances works. A holder that hears nothing
// for SafeFor after it last asked stops working, well before others may take over.
type LeaseTiming struct{ TTL, RenewEvery, SafeFor time.Duration }

// NewTimed is New with another timing of the lease, the same for every instance.
func NewTimed(log *slog.Logger, t LeaseTiming) *Plugin {
	return &Plugin{log: log, now: time.Now, timing: sqldb.LeaseTiming(t)}
}

var _ registrar.Plugin = (*Plugin)(nil)

// Describe implements registrar.Catalogue.
func (p *Plugin) Describe(context.Context) (registrar.Description, error) { return description(), nil }

// Form implements registrar.Catalogue.
func (p *Plugin) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	form, err := mailform.Form(q.TLD, q.Kind, q.Registrant)
	if err != nil {
		return form, registrar.Errorf(registrar.Invalid, "%s", err)
	}
	return form, nil
}

// Configure implements registrar.Plugin.
func (p *Plugin) Configure(_ context.Context, s registrar.Settings) error {
	parsed, problems := parse(s.Config)
	if err := registrar.InvalidSettings(problems); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings, p.dataDir, p.create = &parsed, s.DataDir, s.Create
	return nil
}

// Probe implements registrar.Plugin.
func (p *Plugin) Probe(ctx context.Context, mail bool) ([]registrar.Component, error) {
	s := p.configured()
	remarks, unread := mailbox.Check(ctx, s.mailbox)
	report := []registrar.Component{
		registrar.Probed("smtp", smtpout.Check(ctx, s.smtp), "logged in; 8BITMIME is offered"),
		registrar.Probed("imap", unread, remarked("logged in; the folder is there", remarks)),
	}
	report = append(report, s.registry.probe(ctx)...)
	if !s.server.IsEmpty() {
		report = append(report, registrar.Probed("store", sqldb.Probe(ctx, s.server), "the database answers"))
	}

	// Without a relay or a mailbox a test mail would only repeat what was reported above.
	if mail && report[0].OK && report[1].OK {
		remark, err := p.testMail(ctx, s)
		report = append(report, registrar.Probed("test mail", err, remarked("sent and received unchanged", remark)))
	}

	return report, nil
}

// remarked adds remarks about a server that is odd but usable.
func remarked(well, remarks string) string {
	if remarks == "" {
		return well
	}
	return well + "; about the server: " + remarks
}

func (p *Plugin) configured() settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.settings
}

// Recognise implements registrar.Recogniser: before Start it judges by the mail alone.
func (p *Plugin) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	s := p.configured()
	parts := gateway.Parts{Recogniser: s.recogniser, Verifier: mailauth.New(s.sender, net.DefaultResolver), Logger: p.log, Now: p.now, Random: rand.Text}
	return gateway.New(s.engine, parts).Foresight.Recognise(ctx, raw)
}

// Start implements registrar.Plugin.
func (p *Plugin) Start(ctx context.Context) (registrar.Registrar, error) {
	r, err := p.open(ctx, p.configured())
	if err != nil {
		return nil, err
	}

	tasks, err := r.turn.Try(ctx)
	if err != nil {
		return nil, errors.Join(err, r.close(ctx))
	}

	// The context of the call ends with the call; the work ends with Drain.
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	r.loops.Go(func() { r.turn.Run(ctx, tasks) })
	p.log.Info("started", "data", p.dataDir)
	return r, nil
}
