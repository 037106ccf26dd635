package supervisor

import (
	"math"
	"slices"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Limits on what a plugin says about itself: components, characters and entries of a list. People
// read it, and it is sent with every view of the plugins.
const (
	mostComponents   = 50
	longestComponent = 50
	longestDetail    = 200
	longestTitle     = 100
	longestReason    = 500
	mostWords        = 50
	mostPhrases      = 500
	longestPhrase    = 300
	mostLanguages    = 10
	longestLanguage  = 20
)

// components bounds a plugin's health. If some components have to go, those that are not well stay.
func components(said []registrar.Component) []registrar.Component {
	kept := make([]registrar.Component, 0, min(len(said), mostComponents))
	keep := func(ok bool) {
		for _, c := range said {
			if len(kept) == mostComponents {
				return
			}
			if c.OK == ok {
				kept = append(kept, component(c))
			}
		}
	}

	// If there is room for all, they stay in the plugin's own order.
	if len(said) > mostComponents {
		keep(false)
		keep(true)
		return kept
	}

	for _, c := range said {
		kept = append(kept, component(c))
	}

	return kept
}

func component(c registrar.Component) registrar.Component {
	kept := registrar.Component{Name: input.OneLine(c.Name, longestComponent), OK: c.OK, Detail: input.OneLine(c.Detail, longestDetail), Advice: c.Advice[:min(len(c.Advice), mostWords)]}
	for _, name := range registrar.Figures() {
		value, said := c.Figures[name]
		if !said || math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		if kept.Figures == nil {
			kept.Figures = map[registrar.Figure]float64{}
		}
		kept.Figures[name] = value
	}
	return kept
}

// described bounds a plugin's description of itself.
func described(d registrar.Description) registrar.Description {
	d.Title, d.Version = input.OneLine(d.Title, longestTitle), input.OneLine(d.Version, longestComponent)
	d.TLDs = terms(d.TLDs)
	d.Kinds = terms(d.Kinds)
	d.Offers = offers(d.Offers)
	d.Capabilities = terms(d.Capabilities)
	d.Phrases = phrases(d.Phrases)
	return d
}

// offers bounds a plugin's offers; a range of years that is malformed means that there is no choice.
func offers(said []registrar.Offer) []registrar.Offer {
	var kept []registrar.Offer
	for _, o := range said[:min(len(said), mostWords)] {
		o.TLDs, o.Kinds = terms(o.TLDs), slices.Clone(o.Kinds[:min(len(o.Kinds), mostWords)])
		for i, k := range o.Kinds {
			if k.Kind = registrar.OperationKind(input.OneLine(string(k.Kind), longestComponent)); k.Years.Wrong() {
				k.Years = registrar.Years{}
			}
			o.Kinds[i] = k
		}
		kept = append(kept, o)
	}
	return kept
}

// phrases keeps phrases of an ordinary length, because each is compared with every sentence.
func phrases(said []registrar.Phrase) (kept []registrar.Phrase) {
	for _, p := range said[:min(len(said), mostPhrases)] {
		texts := map[string]string{}
		for lang, text := range p.Texts {
			if len(texts) < mostLanguages && len(lang) <= longestLanguage && len(text) <= longestPhrase {
				texts[lang] = input.OneLine(text, longestPhrase)
			}
		}
		kept = append(kept, registrar.Phrase{Code: input.OneLine(p.Code, longestComponent), Texts: texts})
	}
	return kept
}

func terms[T ~string](said []T) []T {
	kept := make([]T, 0, min(len(said), mostWords))
	for _, w := range said[:min(len(said), mostWords)] {
		kept = append(kept, T(input.OneLine(string(w), longestComponent)))
	}
	return kept
}
