package registrar

// Phrase is a sentence that a registrar says, or a part of one, in several languages.
//
// A registrar's texts for people are English, and are stored so: what an operation waits for, a step, an
// alarm, the detail of a component. A host that shows a text in another language finds the phrases that it
// consists of, and uses their other texts. A text that no phrase covers is shown as it is.
type Phrase struct {
	// Code names the phrase: "waits.queued". People don't see it.
	Code string
	// Texts are by language, "en" and "ru". A place is a name in braces, which occurs in each text:
	// "registration of {name}". What fills a place may consist of phrases itself.
	Texts map[string]string
}
