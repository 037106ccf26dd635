package r01sim

import (
	"bytes"
	"strings"
	"time"
)

// replays are the robot's own mails about requests that are over, sent again.
func replays() []lieRow {
	replay := func(change func(*forger, *spoken) forged) func(*forger) (forged, bool) {
		return func(f *forger) (forged, bool) {
			old := f.record()
			if old == nil {
				return forged{}, false
			}
			l := change(f, old)
			l.claims, l.repeats = append(l.claims, claimOf(old.one)), old.about.origin.messageID
			return l, true
		}
	}

	return []lieRow{
		{kind: "replay", says: "an old mail of the robot, byte for byte", write: replay(func(_ *forger, old *spoken) forged { return reread(old.raw) })},
		{kind: "replay-blanks", says: "an old mail with other blanks, which its signature bears", write: replay(func(f *forger, old *spoken) forged { return reread(f.blanks(old.raw)) })},
		{kind: "replay-encoded", says: "an old mail in another transfer encoding", write: replay(func(f *forger, old *spoken) forged { return f.again(old, false, true) })},
		{kind: "replay-new-id", says: "an old mail under a new Message-ID", write: replay(func(f *forger, old *spoken) forged {
			return f.rehead(old.raw, map[string]string{"Message-ID": f.letter().messageID})
		})},
		{kind: "replay-old-date", says: "an old mail under a new Message-ID, dated a year ago", write: replay(func(f *forger, old *spoken) forged {
			return f.rehead(old.raw, map[string]string{"Message-ID": f.letter().messageID, "Date": f.now.AddDate(-1, 0, 0).Format(time.RFC1123Z)})
		})},
		{kind: "replay-new-date", says: "an old mail under a new Message-ID, dated now", write: replay(func(f *forger, old *spoken) forged {
			return f.rehead(old.raw, map[string]string{"Message-ID": f.letter().messageID, "Date": f.now.Format(time.RFC1123Z)})
		})},
		{kind: "replay-unbound", says: "an old text in a new mail that answers nothing", write: replay(func(f *forger, old *spoken) forged { return f.again(old, true, false) })},
	}
}

// record returns an old mail, about an earlier request for the same object if there is one.
func (f *forger) record() *spoken {
	var same []*spoken
	old := f.liar.old()
	for _, a := range old {
		if a.about.object == f.about.object && a.about != f.about {
			same = append(same, a)
		}
	}
	switch {
	case len(same) > 0:
		return pick(f.Rand, same)
	case len(old) > 0:
		return pick(f.Rand, old)
	}
	return nil
}

// reread finds the recorded parts of a mail.
func reread(raw []byte) forged {
	r, rejection := openMail(raw)
	if rejection != nil { // can't happen: the mail is one of ours
		return forged{raw: raw}
	}
	date, _ := r.header.Date() // a mail without a date claims no time
	return forged{messageID: r.request.MessageID, date: date, raw: raw}
}

// blanks adds blanks at the ends of lines of the body. The relaxed
// canonicalization of a signature ignores them. RFC 6376 3.4.4
func (f *forger) blanks(raw []byte) []byte {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	lines := bytes.Split(body, []byte("\r\n"))
	for i, l := range lines {
		if len(l) > 0 && (i == 0 || f.IntN(2) == 0) {
			lines[i] = append(bytes.Clone(l), " \t"[f.IntN(2)])
		}
	}
	return bytes.Join([][]byte{head, bytes.Join(lines, []byte("\r\n"))}, []byte("\r\n\r\n"))
}

// rehead writes a mail with other values in its header, which breaks the signature.
func (f *forger) rehead(raw []byte, values map[string]string) forged {
	// The old finding of the receiving server is left out, because the server writes a new one for this mail.
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var kept []string
	replaced := false
	for _, line := range strings.Split(string(head), "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		continued := strings.HasPrefix(line, "\t") || strings.HasPrefix(line, " ")
		if !continued {
			replaced = strings.EqualFold(name, "Authentication-Results")
			for field, value := range values {
				if strings.EqualFold(name, field) {
					kept, replaced = append(kept, name+": "+value), true
				}
			}
		}

		if !replaced {
			kept = append(kept, line)
		}
	}

	head = append(findings(f.server, f.robot, false), strings.Join(kept, "\r\n")...)
	return reread(bytes.Join([][]byte{head, body}, []byte("\r\n\r\n")))
}

// again repeats an old mail in another encoding, or in a mail without thread.
func (f *forger) again(old *spoken, unbound, encoded bool) forged {
	r := reply{to: f.callback, from: f.robot, date: f.now, messageID: f.letter().messageID, subject: "R01 notice", results: []result{old.one}}
	style := f.style()
	if !unbound {
		r.request, style.Threaded, style.KeepSubject = old.about.origin, true, true
	}
	if encoded {
		was := reread(old.raw)
		r.messageID, r.date = was.messageID, was.date
		style.Encoding = pick(f.Rand, []string{"quoted-printable", "base64"})
	}
	l, _ := f.seal(r, style)
	return l
}
