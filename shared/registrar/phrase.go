package registrar

// Phrase is a sentence that a registrar says, or a part of one, in the languages of people.
//
// What a registrar tells people is English, and is kept so: what an operation waits for, a step, an alarm,
// the detail of a component. A host that shows it in another language finds the phrase that the sentence
// is made of, and says the same by the phrase's other text. What no phrase covers is shown as it is.
type Phrase struct {
	// Code names the phrase: "waits.queued". It is no part of what is said.
	Code string
	// Texts are by language, "en" and "ru". A place is a name in braces, and stands in each of them:
	// "registration of {name}". What stands in a place may be made of phrases itself.
	Texts map[string]string
}
