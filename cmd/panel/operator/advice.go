package operator

import (
	"cmp"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// wordings words a registrar's advice as commands of this panel; an action that is not listed is left out.
var wordings = map[registrar.AdviceAction]func(parameters map[string]string) string{
	registrar.AdviseReadCode: func(p map[string]string) string {
		return "panel order secret " + cmp.Or(p["order"], "ORDER") + " --by YOU"
	},
	registrar.AdviseByHand: func(p map[string]string) string {
		return "carry it out at the registrar" + before(p["until"]) + ", then panel operation resolve"
	},
	registrar.AdviseGiveCode: func(p map[string]string) string {
		return "panel operation resolve " + cmp.Or(p["operation"], "ID") + " --outcome done --auth - --by YOU"
	},
	registrar.AdviseSettings: func(p map[string]string) string {
		return "look at " + cmp.Or(p["settings"], "the settings") + " in plugin.hcl, then panel plugins upgrade NAME"
	},
	registrar.AdviseReadMails:     func(map[string]string) string { return "panel review" },
	registrar.AdviseReadStrangers: func(map[string]string) string { return "panel review --strangers" },
	registrar.AdviseCompare:       func(map[string]string) string { return "panel domains" },
	registrar.AdviseSeeOperation: func(p map[string]string) string {
		return "panel operation show " + cmp.Or(p["operation"], "ID")
	},
	registrar.AdviseImport: func(p map[string]string) string {
		return "panel domain import " + cmp.Or(p["domain"], "NAME") + " --customer ID --handle H --paid-till " + cmp.Or(p["paid_till"], "DATE")
	},
}

// before returns the last day for something, in words; "" = there is none.
func before(day string) string {
	if day == "" {
		return ""
	}
	return " by " + day
}

// advised words advice, one line each.
func advised(all []api.Advice) (lines []string) {
	for _, a := range all {
		if word := wordings[registrar.AdviceAction(a.Action)]; word != nil {
			lines = append(lines, word(a.Parameters))
		}
	}
	return lines
}

// with appends advice to the text that it is about.
func with(text string, advice []api.Advice) string {
	if lines := advised(advice); len(lines) > 0 {
		text += ": " + strings.Join(lines, "; ")
	}
	return text
}

// detailed returns a component's detail, with the advice if the component is not well.
func detailed(h api.Component) string {
	if h.OK {
		return h.Detail
	}
	return with(h.Detail, h.Advice)
}
