package inbox

import (
	"context"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// Verifier checks whether a mail really comes from its claimed sender; package mailauth has the real one.
type Verifier interface {
	Verify(ctx context.Context, raw []byte) mailauth.Verdict
	// MadeHere checks whether a mail server of ours made the mail by itself.
	MadeHere(raw []byte) mailauth.Verdict
}

// Poisonous is how many attempts to read a mail are made before a person must look.
const Poisonous = 3

// Reader understands mails by themselves. It does not use the store.
type Reader struct {
	settings   *engine.Settings
	recogniser *mailform.Recogniser
	verifier   Verifier
	now        func() time.Time
}

// NewReader composes a reader.
func NewReader(s *engine.Settings, r *mailform.Recogniser, v Verifier, now func() time.Time) *Reader {
	return &Reader{settings: s, recogniser: r, verifier: v, now: now}
}

// reading is a mail on its way from the store to what it causes.
type reading struct {
	store.Mail
	raw     []byte
	letter  letter
	problem string
	until   time.Time // put off till then; zero = not
	err     error     // why it can't be applied now
}

// prepare does everything about a mail that needs no transaction. It does not check the sender
// of a mail that says it is automatic and asks for nothing of ours.
func (rr *Reader) prepare(ctx context.Context, o *reading) {
	if o.Tries >= Poisonous {
		o.problem = fmt.Sprintf("it could not be handled in %d attempts", Poisonous)
		return
	}
	if o.letter, o.problem = rr.understand(o.Mail, o.raw); o.problem == "" && !rr.idle(o.letter) {
		rr.prove(ctx, o)
	}
}
