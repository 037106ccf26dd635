package smtpout

import "testing"

func TestAboutUs(t *testing.T) {
	t.Parallel()

	for said, want := range map[string]bool{
		"554 5.7.0 The limit on outgoing messages was exceeded. Try again later": true,
		"554 Message rejected: hourly limit exceeded":                            true,
		"550 5.4.5 Daily user sending quota exceeded":                            true,
		"554 5.2.0 STOREDRV.Submission.Exception: submission quota exceeded":     true,
		"550 5.7.1 Our system has detected an unusual rate of unsolicited mail":  true,
		"550 5.1.0 Too many messages from this sender":                           true,
		"550 Sender rate limited":                                                true,
		"554 5.3.2 System not accepting network messages":                        true,
		"554 5.3.0 out of disk space":                                            true,
		"550 5.4.300 Message expired":                                            true,
		"554 5.7.1 Message rejected due to policy":                               true,
		"550 Account suspended":                                                  true,
		"554 5.7.1 <x@y>: Relay access denied":                                   true,
		"530 5.7.0 Authentication required":                                      true,
		"554 Your address is on a blocklist":                                     true,
		"550 5.7.501 Access denied, spam abuse detected":                         false,
		"554 5.7.1 spam":                               false,
		"554 5.6.0 Message contains 8-bit text":        false,
		"550 5.1.1 unknown user":                       false,
		"550 5.1.2 Host unknown":                       false,
		"552 5.3.4 Message size exceeds fixed limit":   false,
		"552 message too large":                        false,
		"552 5.2.3 Message exceeds maximum size limit": false,
		"550 Virus found":                              false,
		"554 Transaction failed":                       false,
		"550 unlimited nonsense":                       false,
		"554 5.6.2 Conversion required but prohibited": false,
		"": false,
	} {
		if got := (Result{Outcome: Refused, Response: said}).AboutUs(); got != want {
			t.Errorf("%q: got %v", said, got)
		}
		if (Result{Outcome: Deferred, Response: said}).AboutUs() || (Result{Outcome: Unknown, Response: said}).AboutUs() {
			t.Errorf("%q counts though it is no refusal", said)
		}
	}
}
