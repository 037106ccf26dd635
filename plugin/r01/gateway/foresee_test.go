package gateway

import (
	"strings"
	"testing"

	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/shared/registrar"
)

// foreseen is what was said of a mail before it came, and how things stood then.
type foreseen struct {
	registrar.Recognition
	version registrar.Version
	reviews int
}

func (v *vector) foresees(raw []byte) foreseen {
	v.t.Helper()
	f := foreseen{version: v.operation(v.op.ID).Version, reviews: v.reviewsWaiting()}
	var err error
	if f.Recognition, err = v.Recognise(v.t.Context(), raw); err != nil {
		v.t.Fatal(err)
	}
	if now := v.operation(v.op.ID).Version; now != f.version || v.reviewsWaiting() != f.reviews {
		v.t.Errorf("looking at a mail changed the operation from version %s to %s", f.version, now)
	}
	return f
}

func (v *vector) reviewsWaiting() int {
	v.t.Helper()
	list, err := v.Desk.Reviews(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	return len(list)
}

// comesTrue compares what was foreseen with what became of the mail.
func (v *vector) comesTrue(f foreseen) {
	v.t.Helper()
	waits, moved := v.reviewsWaiting() > f.reviews, v.operation(v.op.ID).Version != f.version
	var fits bool
	switch f.Fate {
	case registrar.FateWait:
		fits = waits && !moved
	case registrar.FateApply:
		fits = !waits && moved
	case registrar.FateNote, registrar.FateIgnore:
		fits = !waits
	}
	if !fits || f.Reason == "" || !f.Stored {
		v.t.Errorf("it was foreseen that it is to %q (%s); it waits: %v, the operation moved: %v", f.Fate, f.Reason, waits, moved)
	}
}

// What ties a mail to a request, and how far its sender is proved.
func TestRecogniseTellsBindingAndProof(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		mail  func(g *gate) string
		judge mailauth.Verdict
		asked bool
		by    registrar.BindingKind // the strongest; "" = none
		proof registrar.Proof
		fate  registrar.Fate
		says  string
	}{
		{"a thread", func(g *gate) string { return g.reply(g.last(), delegated("bound.ru")...) }, mailauth.Verdict{Verified: true}, false,
			registrar.BindingThread, registrar.ProofNotAsked, registrar.FateApply, "registration of bound.ru becomes Succeeded"},
		{"a token", func(g *gate) string {
			token := inbox.Tokens(header(g.t, g.relay.taken[g.last()], "Subject"))[0]
			return strings.Replace(g.mail("", delegated("bound.ru")...), "Subject: answer", "Subject: Re: ["+token+"]", 1)
		}, mailauth.Verdict{Verified: true}, true, registrar.BindingToken, registrar.ProofGiven, registrar.FateApply, "becomes Succeeded"},
		{"a thread without proof", func(g *gate) string { return g.reply(g.last(), delegated("bound.ru")...) }, mailauth.Verdict{Reason: "it is not signed"}, true,
			registrar.BindingThread, registrar.ProofMissing, registrar.FateWait, "it is not signed"},
		{"a proof that can't be had", func(g *gate) string { return g.reply(g.last(), delegated("bound.ru")...) }, mailauth.Verdict{Temporary: true, Reason: "DNS is silent"}, true,
			registrar.BindingThread, registrar.ProofUnavailable, registrar.FateWait, "DNS is silent"},
		{"a hint", func(g *gate) string { return g.mail("", delegated("bound.ru")...) }, mailauth.Verdict{Verified: true}, false,
			registrar.BindingHint, registrar.ProofNotAsked, registrar.FateWait, "guess"},
		{"another's", func(g *gate) string {
			return strings.Replace(g.reply(g.last(), delegated("bound.ru")...), "To: callback@panel.example", "To: other@panel.example", 1)
		}, mailauth.Verdict{Verified: true}, false, registrar.BindingAgainst, registrar.ProofNotAsked, registrar.FateWait, "other@panel.example"},
		{"nothing", func(g *gate) string { return g.mail("", "Good morning.") }, mailauth.Verdict{Verified: true}, false,
			"", registrar.ProofNotAsked, registrar.FateWait, "no rule recognises it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o1", "bound.ru"))
			g.send()
			g.judge, g.settings.Proof = c.judge, c.asked
			raw := []byte(strings.ReplaceAll(c.mail(g), "\n", "\r\n"))
			rec, err := g.Recognise(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Proof != c.proof || rec.Fate != c.fate || !strings.Contains(rec.Reason, c.says) || !rec.Stored {
				t.Errorf("it says %+v", rec)
			}
			if (len(rec.Bindings) == 0) != (c.by == "") || c.by != "" && rec.Bindings[0].By != c.by {
				t.Fatalf("bindings %+v, want %q first", rec.Bindings, c.by)
			}
			if tied := c.by != "" && c.by != registrar.BindingAgainst; tied && rec.Bindings[0].Operation != op.ID {
				t.Errorf("it is bound to %q, want %s", rec.Bindings[0].Operation, op.ID)
			}
			g.expect(op.ID, registrar.Sent)

			alone, err := New(*g.settings, Parts{Recogniser: g.parts.Recogniser, Verifier: g.verifier, Logger: g.parts.Logger, Now: g.now, Random: g.parts.Random}).Foresight.Recognise(t.Context(), raw)
			if err != nil || alone.Stored || alone.Fate != c.fate || alone.Proof != c.proof {
				t.Errorf("without a store it says %+v, %v", alone, err)
			}
			if (len(alone.Bindings) == 0) != (c.by == "") || c.by != "" && (alone.Bindings[0].By != c.by || alone.Bindings[0].Operation != "") {
				t.Errorf("without a store the bindings are %+v", alone.Bindings)
			}
		})
	}
}
