package ordering

import (
	"strings"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/shared/registrar"
)

// identities are the marks by which a client is recognised: who the client is, and not how to reach
// the client. The first is made of what is sent, whatever lines and punctuation were typed; then
// come those under which earlier versions kept clients, of what is sent and of what was typed.
func (ord *Orders) identities(typed registrar.Registrant) []string {
	sent := mailform.Normal(typed)
	parts := []string{"identity of what is sent", string(sent.Kind)}
	for _, key := range mailform.IdentityKeys(sent.Kind) {
		parts = append(parts, key, mailform.Letters(strings.Join(sent.Fields[key], " ")))
	}
	return []string{ord.store.Fingerprint(parts...), ord.firstIdentity(sent), ord.firstIdentity(typed)}
}

func (ord *Orders) firstIdentity(r registrar.Registrant) string {
	parts := []string{"identity", string(r.Kind)}
	for _, key := range mailform.IdentityKeys(r.Kind) {
		parts = append(parts, key, strings.ToLower(strings.Join(r.Fields[key], "\n")))
	}
	return ord.store.Fingerprint(parts...)
}
