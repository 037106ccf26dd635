package mailform

import (
	"fmt"
	"regexp"
	"slices"

	"registrar.panel/shared/registrar"
)

// RuleConfig is a rule of the operator, as configured. r01-mail 3.2
type RuleConfig struct {
	Name    string
	From    string // RE2; "" = any sender
	Subject string // RE2; "" = any subject
	Body    string // RE2; "" = any text. One result for every match
	Outcome string // a registrar.ReplyOutcome
}

// pattern is a rule that was checked. It applies if everything that it names matches.
type pattern struct {
	name                string
	from, subject, body *regexp.Regexp
	outcome             registrar.ReplyOutcome
}

func operatorRules(configs []RuleConfig) (rules []rule, problems []registrar.Problem) {
	named := map[string]bool{}
	for _, c := range configs {
		path := fmt.Sprintf("reply[%q]", c.Name)
		if c.Name == "" || named[c.Name] {
			problems = append(problems, problem(path, "needs a name of its own"))
		}
		named[c.Name] = true
		p, wrong := c.compile(path)
		problems = append(problems, wrong...)
		rules = append(rules, p)
	}
	return rules, problems
}

func (c RuleConfig) compile(path string) (p pattern, problems []registrar.Problem) {
	p = pattern{name: c.Name, outcome: registrar.ReplyOutcome(c.Outcome)}
	if !slices.Contains(registrar.ReplyOutcomes(), p.outcome) {
		problems = append(problems, problem(path+".outcome", "must be one of %v", registrar.ReplyOutcomes()))
	}

	if c.Subject == "" && c.Body == "" {
		problems = append(problems, problem(path, "needs a subject or a body to look for"))
	}

	for _, part := range []struct {
		name, text string
		into       **regexp.Regexp
	}{{"from", c.From, &p.from}, {"subject", c.Subject, &p.subject}, {"body", c.Body, &p.body}} {
		if part.text == "" {
			continue
		}

		re, err := regexp.Compile(part.text)
		if err != nil {
			problems = append(problems, problem(path+"."+part.name, "is not a regular expression of RE2: %v", err))
			continue
		}

		for _, group := range re.SubexpNames() {
			// No code would read such a group, although the rule would seem to work.
			if group != "" && !slices.Contains(groupNames, group) {
				problems = append(problems, problem(path+"."+part.name, "has a group %q; there are %v", group, groupNames))
			}
		}

		*part.into = re
	}

	return p, problems
}

func (p pattern) read(in Input) (reading Reading, mine bool) {
	if p.from != nil && !slices.ContainsFunc(in.From, p.from.MatchString) {
		return Reading{}, false
	}

	subjects, bodies := matches(p.subject, in.Subject, 1), matches(p.body, in.Text, -1)
	for _, s := range subjects {
		for _, b := range bodies {
			texts, agree := merge(s, b)
			r, ok := resultOf(p.name, p.outcome, texts)
			// If a group does not match what its name says, the rule was not made for this mail.
			if !agree || !ok {
				return Reading{}, false
			}
			r.Outcome = p.outcome // the operator has said what it means
			reading.Results = append(reading.Results, r)
		}
	}

	// A rule with a pattern for the subject has judged the subject itself. r01-mail 3.2
	if len(reading.Results) > 0 && p.subject == nil && forwards(in.Subject) {
		return doubt("its subject says that it was forwarded"), true
	}

	return reading, len(reading.Results) > 0
}

// matches returns the named groups of up to n matches. Without a pattern there is one match without groups.
func matches(re *regexp.Regexp, text string, n int) []map[string]string {
	if re == nil {
		return []map[string]string{{}}
	}
	var all []map[string]string
	for _, m := range re.FindAllStringSubmatch(text, n) {
		all = append(all, groups(re, m))
	}
	return all
}

func groups(re *regexp.Regexp, match []string) map[string]string {
	texts := map[string]string{}
	for i, name := range re.SubexpNames() {
		if name != "" && match[i] != "" {
			texts[name] = match[i]
		}
	}
	return texts
}

func merge(a, b map[string]string) (both map[string]string, agree bool) {
	both = map[string]string{}
	for name, text := range a {
		both[name] = text
	}
	for name, text := range b {
		if other, twice := both[name]; twice && other != text {
			return nil, false
		}
		both[name] = text
	}
	return both, true
}
