package api

// Phrase is a sentence that a registrar says, in each language that its plugin has for it. Answers
// have it in English; {name} is a place for a value.
type Phrase struct {
	Code  string            `json:"code"`
	Texts map[string]string `json:"texts"` // by language: "en", "ru"
}
