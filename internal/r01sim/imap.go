package r01sim

import (
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"log/slog"

	"registrar.panel/internal/wake"
)

func newMailbox(o Options) *imapmemserver.User {
	user := imapmemserver.NewUser(o.IMAPUser, o.IMAPPassword)
	for _, name := range []string{"INBOX", o.Mailbox} {
		_ = user.Create(name, nil) // fails only if the name exists already
	}
	return user
}

// uidValidity differs from start to start, as it must for a mailbox that begins empty.
func (s *Simulator) uidValidity() uint32 { return uint32(s.options.Now().Unix()) }

func (s *Simulator) imapServer() *imapserver.Server {
	validity := s.uidValidity()
	return imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{user: s.mailbox, validity: validity, changed: &s.changed}, nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapIdle: {},
			imap.CapNamespace: {}},
		InsecureAuth: true,
		Logger:       slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	})
}

// imapSession is a session of the only user.
type imapSession struct {
	*imapmemserver.UserSession // nil until login

	user     *imapmemserver.User
	validity uint32          // of every mailbox; the library's own counts from 1 at each start
	changed  *wake.Broadcast // woken when a mailbox changes
}

// Idle announces changes. The library's own Idle does not announce a change
// that came between its "+ idling" and its listening until the next change.
func (t *imapSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	for {
		next := t.changed.Next()
		if err := t.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-next:
		case <-stop:
			return nil
		}
	}
}

// Login opens the user's session.
func (t *imapSession) Login(name, password string) error {
	if err := t.user.Login(name, password); err != nil {
		return err
	}
	t.UserSession = imapmemserver.NewUserSession(t.user)
	return nil
}

// Select opens a mailbox.
func (t *imapSession) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	data, err := t.UserSession.Select(name, options)
	if err == nil {
		data.UIDValidity = t.validity
	}
	return data, err
}

// Status returns the state of a mailbox.
func (t *imapSession) Status(name string, options *imap.StatusOptions) (*imap.StatusData, error) {
	data, err := t.UserSession.Status(name, options)
	if err == nil && options.UIDValidity {
		data.UIDValidity = t.validity
	}
	return data, err
}

// Append stores a mail.
func (t *imapSession) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	data, err := t.UserSession.Append(name, r, options)
	if err == nil {
		data.UIDValidity = t.validity
		t.changed.Wake()
	}
	return data, err
}

// Copy copies mails between mailboxes.
func (t *imapSession) Copy(set imap.NumSet, to string) (*imap.CopyData, error) {
	data, err := t.UserSession.Copy(set, to)
	if err == nil {
		data.UIDValidity = t.validity
		t.changed.Wake()
	}
	return data, err
}

// Move copies and expunges. The library's own Move announces
// each expunge twice, so that clients miscount their mailbox.
func (t *imapSession) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	copied, err := t.Copy(set, to)
	if err != nil {
		return err
	}
	if err := w.WriteCopyData(copied); err != nil {
		return err
	}
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := t.Store(nil, copied.SourceUIDs, deleted, nil); err != nil {
		return err
	}
	return t.Expunge(nil, &copied.SourceUIDs)
}
