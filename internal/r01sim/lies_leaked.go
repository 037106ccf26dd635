package r01sim

// leaks are mails that R01 could have sent. They can be written with the thread of an open request.
func leaks() []lieRow {
	return []lieRow{
		{kind: "leaked-success", says: "success", write: func(f *forger) (forged, bool) { return f.tell(f.success()) }},
		{kind: "leaked-refusal", says: "a refusal", write: func(f *forger) (forged, bool) { return f.tell(f.refusal("The service is not available.")) }},
		{kind: "leaked-no-funds", says: "there is no money for it", write: func(f *forger) (forged, bool) { return f.tell(f.refusal(noFunds)) }},
		{kind: "leaked-auth-failed", says: "the password is wrong", write: func(f *forger) (forged, bool) { return f.tell(f.refusal(wrongAccount)) }},
		{kind: "leaked-queued", says: "queued, under a task number that is not R01's", write: func(f *forger) (forged, bool) {
			r := f.result(TaskQueued, "The task is in the queue.")
			r.task = 700_000 + f.IntN(1000)
			return f.tell(r)
		}},
		{kind: "leaked-bounce", says: "the request came back as undeliverable", write: func(f *forger) (forged, bool) {
			return f.bounce("Subject: " + encodeHeader(charsetUTF8, f.about.origin.subject) + "\nMessage-ID: " + f.about.origin.messageID + "\n")
		}},
		{kind: "leaked-handle", says: "the client is registered under the attacker's handle", suits: aboutClient, write: func(f *forger) (forged, bool) {
			return f.tell(f.successOf(f.attackersHandle()))
		}},
		{kind: "leaked-proof", says: "success with a proof of the sender that is made up", write: func(f *forger) (forged, bool) { return f.madeUpProof() }},
	}
}
