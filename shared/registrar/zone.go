package registrar

import (
	"slices"
	"strings"
)

// ZoneOf returns the zone that a name lies in: the longest of the zones that the name ends with, label by
// label; "" = it lies in none. A zone has one label or several, such as "ru" and "com.ru", and does not lie
// in itself. Names and zones are in ACE, lower case, without dots at the ends.
//
// Panels and plugins use it wherever they compare names with TLDs: if com.ru is a zone of its own, a name
// in com.ru is not a name in ru.
func ZoneOf(name string, zones []string) string {
	for _, rest, below := strings.Cut(name, "."); below; _, rest, below = strings.Cut(rest, ".") {
		if slices.Contains(zones, rest) {
			return rest
		}
	}
	return ""
}
