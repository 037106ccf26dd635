package registrar

import (
	"slices"
	"strings"
)

// ZoneOf returns the zone that a name lies in: of the zones that the name ends with, label by
// label, the longest; "" = it lies in none. A zone has one label or several, as "ru" and
// "com.ru", and does not lie in itself. Names and zones are in ACE, lower case, without dots
// around.
//
// Everything that meets names with TLDs goes by it, in panels and in plugins: a name of com.ru
// is no name of ru where com.ru is a zone of its own.
func ZoneOf(name string, zones []string) string {
	for _, rest, below := strings.Cut(name, "."); below; _, rest, below = strings.Cut(rest, ".") {
		if slices.Contains(zones, rest) {
			return rest
		}
	}
	return ""
}
