package registrar

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Queue is the power [CapQueue]: mails are listed in pages without opening them, those of strangers wait in
// a separate list, and many can be resolved at once.
type Queue interface {
	// ReviewPage lists waiting entries, oldest first, without text.
	ReviewPage(ctx context.Context, q ReviewQuery) (ReviewPage, error)

	// MailPage lists stored mails, the newest first, without text.
	MailPage(ctx context.Context, q MailQuery) (MailPage, error)

	// ResolveReviews applies one reading to many mails. An entry that can't be resolved in this way stays
	// and is reported; the others are resolved. A decision about a sender includes mails that came since
	// the person looked.
	ResolveReviews(ctx context.Context, d ReviewsDecision) (ReviewsResolved, error)

	// IgnoredSenders lists the senders whose unproved mails are ignored.
	IgnoredSenders(ctx context.Context) ([]IgnoredSender, error)

	// HeedSender has the mails of an ignored sender read again from now on. by is the person who decides.
	HeedSender(ctx context.Context, address, by string) error
}

// PageSize returns how many entries a page has if so many are wanted; 0 = [MaxPage].
func PageSize(wanted int) int {
	if wanted <= 0 {
		return MaxPage
	}
	return min(wanted, MaxPage)
}

// ReviewQuery asks for a part of the review queue, oldest first.
type ReviewQuery struct {
	Strangers bool        // list the mails of strangers instead of those that a person must see
	After     ReviewPlace // the zero place is the beginning
	Size      int         // 0 = MaxPage
}

// ReviewPlace is a place in the review queue: right after this entry.
type ReviewPlace struct {
	ReceivedAt time.Time
	ID         ReviewID
}

// Place returns the place after an entry.
func (r Review) Place() ReviewPlace { return ReviewPlace{r.ReceivedAt, r.ID} }

// Compare orders places as the queue does.
func (p ReviewPlace) Compare(other ReviewPlace) int {
	return cmp.Or(p.ReceivedAt.Compare(other.ReceivedAt), cmp.Compare(p.ID, other.ID))
}

// ReviewPage is a part of the review queue.
type ReviewPage struct {
	Reviews []Review
	More    bool // further entries wait after the last one
}

// MailQuery asks for a part of the stored mails, the newest first.
type MailQuery struct {
	Before MailPlace // the zero place is the beginning
	Size   int       // 0 = MaxPage
}

// MailPlace is a place in the list of mails: right after this one, so at older mails.
type MailPlace struct {
	At time.Time
	ID MailID
}

// Place returns the place after a mail.
func (m Mail) Place() MailPlace { return MailPlace{m.At, m.ID} }

// Compare orders places as the list does.
func (p MailPlace) Compare(other MailPlace) int {
	return cmp.Or(other.At.Compare(p.At), cmp.Compare(other.ID, p.ID))
}

// MailPage is a part of the stored mails.
type MailPage struct {
	Mails []Mail
	More  bool
}

// SeenReview is an entry as a person saw it.
type SeenReview struct {
	ID      ReviewID
	Version Version
}

// ReviewsDecision is one reading for many mails. It moves no operation.
type ReviewsDecision struct {
	Reviews   []SeenReview // either these
	From      string       // or all waiting mails of this address, or of @domain
	Outcome   ReplyOutcome // notice or ignore
	By        string       // who decided; required
	Note      string       // why, for the timeline
	FromNowOn bool         // also ignore unproved mails of their senders from now on
}

// MostReviews is the most entries that one decision may name.
const MostReviews = 1000

// longestNote bounds a note, and longestSender an address, in characters.
const (
	longestNote   = 1000
	longestSender = 320
)

// Problems reports what the decision lacks or has wrong.
func (d ReviewsDecision) Problems() []Problem {
	list := d.about()
	if strings.TrimSpace(d.By) == "" {
		list = append(list, Problem{Path: "by", Message: "is required: who decides"})
	}

	// These two outcomes move no operation. Outcomes that do are decided mail by mail.
	allowed := []ReplyOutcome{ReplyIgnore, ReplyNotice}
	switch {
	case !slices.Contains(allowed, d.Outcome):
		list = append(list, Problem{Path: "outcome", Message: fmt.Sprintf("must be one of %v for several mails: any other is decided for each", allowed)})
	case d.FromNowOn && d.Outcome != ReplyIgnore:
		list = append(list, Problem{Path: "from_now_on", Message: "needs the outcome ignore"})
	}
	if utf8.RuneCountInString(d.Note) > longestNote {
		list = append(list, Problem{Path: "reason", Message: fmt.Sprintf("must have %d characters at most", longestNote)})
	}
	return list
}

// about reports what is wrong with the mails that the decision is about.
func (d ReviewsDecision) about() (list []Problem) {
	switch {
	case (len(d.Reviews) == 0) == (d.From == ""):
		return []Problem{{Path: "reviews", Message: "must name entries, or from must name a sender, and not both"}}
	case len(d.Reviews) > MostReviews:
		return []Problem{{Path: "reviews", Message: fmt.Sprintf("must be %d at most", MostReviews)}}
	case d.From != "" && !isSender(d.From):
		return []Problem{{Path: "from", Message: "must be one mail address, or @ and a domain"}}
	}

	for i, r := range d.Reviews {
		if r.Version == "" {
			list = append(list, unseen(fmt.Sprintf("reviews[%d].version", i), "the review entry"))
		}
	}
	return list
}

// isSender reports whether a text can be one mail address, or @ and a domain.
func isSender(text string) bool {
	return strings.Count(text, "@") == 1 && !strings.HasSuffix(text, "@") && !strings.ContainsAny(text, " <>,;\t\r\n") && utf8.RuneCountInString(text) <= longestSender
}

// ReviewsResolved is the result of a decision on many mails.
type ReviewsResolved struct {
	Resolved int             // entries
	Refused  []RefusedReview // those of the named entries that stay as they are
	Ignored  []string        // senders whose unproved mails are ignored from now on
}

// RefusedReview is an entry that stays as it is, and why.
type RefusedReview struct {
	ID     ReviewID
	Code   Code
	Reason string
}

// Add adds the result of another part of the same decision.
func (r *ReviewsResolved) Add(part ReviewsResolved) {
	r.Resolved += part.Resolved
	r.Refused = append(r.Refused, part.Refused...)
	for _, address := range part.Ignored {
		if !slices.Contains(r.Ignored, address) {
			r.Ignored = append(r.Ignored, address)
		}
	}
}

// IgnoredSender is an address, or @ and a domain, whose unproved mails are ignored by a person's decision.
// Mails that answer one of ours, or claim to be the registrar's, are still read.
type IgnoredSender struct {
	Address string
	Since   time.Time
	By      string
	Note    string
}
