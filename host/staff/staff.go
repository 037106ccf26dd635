// Package staff decides who signs in on the panel's pages, and how: with a name and a password, for a while,
// in one browser.
//
// It guarantees that neither passwords nor cookies are kept, that guessing is slow for an address and for a
// name, that an unknown name can't be told from a wrong password, and that a session ends: after two hours
// without a request, after twelve in any case, when its owner signs out here or everywhere, with another
// password, and when its owner leaves the staff.
package staff

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"os/user"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Book keeps the staff and their sessions.
type Book interface {
	Add(ctx context.Context, m access.Member) error
	SetPassword(ctx context.Context, name, hash string) error
	SetRights(ctx context.Context, name string, rights []access.Right) error
	Remove(ctx context.Context, name string) error
	List(ctx context.Context) ([]access.Member, error)
	Find(ctx context.Context, name string) (access.Member, bool, error)
	Open(ctx context.Context, n access.Session, hash string) (bool, error)
	Session(ctx context.Context, digest string) (access.Session, access.Member, bool, error)
	Seen(ctx context.Context, n access.Session) error
	Sessions(ctx context.Context, name string) ([]access.Session, error)
	End(ctx context.Context, digest string) error
	EndAll(ctx context.Context, name string) (int, error)
}

// Options of a room.
type Options struct {
	Book   Book
	Cost   Cost             // of hashing; zero = the usual
	Secure bool             // browsers reach the panel by TLS that a proxy provides
	Now    func() time.Time // nil = time.Now
	Logger *slog.Logger
}

// Room is where the staff sign in. It is the [http.Handler] of /sign-in and /sign-out.
type Room struct {
	Book
	hasher  *hasher
	secure  bool
	now     func() time.Time
	guesses *access.Guesses
	log     *slog.Logger
	page    *template.Template
	handler http.Handler
}

// New makes a room.
func New(o Options) (*Room, error) {
	h, err := newHasher(o.Cost)
	if err != nil {
		return nil, err
	}
	r := &Room{Book: o.Book, hasher: h, secure: o.Secure, now: o.Now, guesses: access.NewGuesses(o.Now), log: o.Logger}
	if r.now == nil {
		r.now = time.Now
	}
	r.page, err = template.ParseFS(files, "sign-in.html")
	r.handler = r.routes()
	return r, err
}

// Add adds a member to the staff.
func (r *Room) Add(ctx context.Context, name string, rights []string, password, by string) (access.Member, error) {
	if err := access.CheckName(name); err != nil {
		return access.Member{}, input.Mistake("name", err.Error())
	}
	// A caller on the socket has the name of a Unix user, and the Action Log knows callers only by their names.
	if _, err := user.Lookup(name); err == nil {
		return access.Member{}, input.Mistake("name", "is that of a user of this machine, who would be taken for the caller")
	}
	may, err := access.ParseRights(rights)
	if err != nil {
		return access.Member{}, input.Mistake("rights", err.Error())
	}
	if err := checkPassword(name, password); err != nil {
		return access.Member{}, err
	}

	hash, err := r.hasher.hash(ctx, password)
	if err != nil {
		return access.Member{}, err
	}
	now := r.now()
	m := access.Member{Name: name, Password: hash, Rights: may, CreatedAt: now, CreatedBy: by, ChangedAt: now}
	return m, r.Book.Add(ctx, m)
}

// SetRights replaces a member's rights.
func (r *Room) SetRights(ctx context.Context, name string, rights []string) error {
	may, err := access.ParseRights(rights)
	if err != nil {
		return input.Mistake("rights", err.Error())
	}
	return r.Book.SetRights(ctx, name, may)
}

// SetPassword replaces a member's password, and ends the member's sessions.
func (r *Room) SetPassword(ctx context.Context, name, password string) error {
	if err := checkPassword(name, password); err != nil {
		return err
	}
	hash, err := r.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return r.Book.SetPassword(ctx, name, hash)
}

// Why a person can't sign in.
var (
	errWrong   = errors.New("the name or the password is wrong")
	errCrowded = registrar.Errorf(registrar.Unavailable, "too many passwords are being tried: try again in a moment")
)

// SignIn opens a session, and returns its cookie. Guesses are slowed by the address that they come
// from, and by the name that they are for.
func (r *Room) SignIn(ctx context.Context, name, password, address string) (cookie string, err error) {
	m, _, err := r.Find(ctx, name)
	if err != nil {
		return "", err
	}

	// An unknown name has no hash and takes as long to check, so that the time does not show who is on the staff.
	ok, err := r.hasher.check(ctx, m.Password, password)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", r.wrong(ctx, name, address)
	}

	if cookie, err = newCookie(rand.Reader); err != nil {
		return "", err
	}
	// The checked hash is passed on, so that the session is opened only if it is still the member's.
	opened, err := r.Open(ctx, access.Session{Digest: access.SessionDigest(cookie), Name: m.Name, Address: input.OneLine(address, input.LongestID)}, m.Password)
	if err == nil && !opened {
		err = errWrong // the password was changed meanwhile
	}
	if err != nil {
		return "", err
	}
	r.log.Info("signed in", "name", m.Name, "address", address)
	return cookie, nil
}

func (r *Room) wrong(ctx context.Context, name, address string) error {
	count, waited := r.guesses.Wrong(ctx, "from "+address)
	// Guesses at one name that come from many addresses are slowed as well.
	if waited {
		_, waited = r.guesses.Wrong(ctx, "for "+input.OneLine(name, input.LongestPerson))
	}

	// Not each time: a guesser must not fill the log.
	if count == 1 || count%100 == 0 {
		r.log.Warn("a wrong password was given", "address", address, "times", count)
	}
	if !waited {
		return errCrowded
	}
	return errWrong
}

// Confirm returns nil if a password is the member's, and else why it can't be used; it is asked for before a change.
func (r *Room) Confirm(ctx context.Context, name, password, address string) error {
	m, _, err := r.Find(ctx, name)
	if err != nil {
		return err
	}
	ok, err := r.hasher.check(ctx, m.Password, password)
	if err != nil || ok {
		return err
	}
	if err = r.wrong(ctx, name, address); errors.Is(err, errWrong) {
		err = registrar.Errorf(registrar.Precondition, "%v", err)
	}
	return err
}

func newCookie(random io.Reader) (string, error) {
	token, err := access.NewToken(random)
	if err != nil {
		return "", fmt.Errorf("make cookie: %w", err)
	}
	return token, nil
}

// Caller returns the caller of a request, by the cookie of a session; ok is false without an open session.
func (r *Room) Caller(q *http.Request) (c access.Caller, ok bool, err error) {
	cookie, found := r.cookie(q)
	if !found {
		return c, false, nil
	}
	n, m, ok, err := r.Session(q.Context(), access.SessionDigest(cookie))
	if err != nil || !ok || !n.Valid(r.now()) {
		return c, false, err
	}
	if err := r.Seen(q.Context(), n); err != nil {
		r.log.Warn("the use of a session can't be noted", "name", m.Name, "err", err)
	}
	return m.Caller(), true, nil
}
