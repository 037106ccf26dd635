// Package witness brings in what the registry shows: by whois, one name at a time, and by zone
// lists, all at once.
//
// The [Asker] chooses which names to ask about and applies the answers; [Lists] reads zone
// lists and compares them with all that we hold; both hand what they saw, a [Sighting], to the
// [Judge], which says what it means for the requests that wait and for the domain's record.
//
// Guarantees: a sighting from before a request was sent confirms nothing; expiry never moves
// backwards; a list that is much shorter than the last, or shows too many domains gone, changes
// nothing; a domain is believed to be gone only when lists have shown that often enough. An
// error of one name or list does not hinder the others, and means that it is looked at again.
package witness
