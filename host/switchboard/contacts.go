package switchboard

import (
	"maps"
	"slices"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Limits on what is shown of a registrar's contacts.
const (
	mostRoles  = 20
	mostFields = 100
	mostValues = 20
)

// tameContacts bounds contacts, and masks what a plugin should have masked.
func tameContacts(c registrar.Contacts) registrar.Contacts {
	tamed := registrar.Contacts{}
	roles := slices.DeleteFunc(c.Roles(), func(r registrar.ContactRole) bool { return !r.Valid() })
	for _, role := range roles[:min(len(roles), mostRoles)] {
		r := registrar.Registrant{Kind: c[role].Kind, Fields: map[string][]string{}}
		keys := slices.Sorted(maps.Keys(c[role].Fields))
		for _, key := range keys[:min(len(keys), mostFields)] {
			for _, v := range c[role].Fields[key][:min(len(c[role].Fields[key]), mostValues)] {
				shown := input.OneLine(key, input.LongestID)
				r.Fields[shown] = append(r.Fields[shown], registrar.DataPersonal.Masked(input.OneLine(v, input.LongestMessage)))
			}
		}
		tamed[role] = r
	}
	return tamed
}
