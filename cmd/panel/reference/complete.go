// Package reference derives from the grammar of a command line what shells and man need:
// the words that may come next, the scripts with which bash, zsh and fish ask for them,
// and the manual page. It knows no command by name, so it never has to be updated.
package reference

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Candidate is a word that may come next.
type Candidate struct{ Word, Help string }

// Complete lists the words that may replace the last of words; the first of words
// is the one after the program's name. An empty list means that files may follow.
func Complete(app *kong.Application, words []string) []Candidate {
	if len(words) == 0 {
		words = []string{""}
	}

	words = joined(words)
	done, current := words[:len(words)-1], words[len(words)-1]
	node, waiting := walk(app.Node, done)
	if waiting != nil {
		return matching(values(waiting.Value, ""), current)
	}

	if name, _, found := strings.Cut(current, "="); found && strings.HasPrefix(name, "--") {
		if flag := find(node, name); flag != nil {
			return matching(values(flag.Value, name+"="), current)
		}
		return nil
	}

	if strings.HasPrefix(current, "-") {
		return matching(flags(node), current)
	}

	return matching(arguments(node), current)
}

// joined removes the equals signs that bash turns into words.
func joined(words []string) []string {
	var list []string
	for i, w := range words {
		if w != "=" || i == 0 {
			list = append(list, w)
		} else if i == len(words)-1 {
			list = append(list, "")
		}
	}
	return list
}

// walk follows the complete words; waiting is a flag whose value is missing.
func walk(node *kong.Node, words []string) (_ *kong.Node, waiting *kong.Flag) {
	for _, word := range words {
		switch {
		case waiting != nil:
			waiting = nil
		case strings.HasPrefix(word, "-"):
			name, _, given := strings.Cut(word, "=")
			if flag := find(node, name); flag != nil && !given && takesValue(flag) {
				waiting = flag
			}
		default:
			// A word that names no command below is an argument, so the node stays the same.
			for _, child := range node.Children {
				if child.Name == word {
					node = child
					break
				}
			}
		}
	}

	return node, waiting
}

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// find returns the flag of the node, or of those above it, that is written in this way.
func find(node *kong.Node, written string) *kong.Flag {
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if written == "--"+f.Name || f.Short != 0 && written == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

func flags(node *kong.Node) (list []Candidate) {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			list = append(list, Candidate{"--" + f.Name, f.Help})
		}
	}
	return list
}

func arguments(node *kong.Node) (list []Candidate) {
	for _, child := range node.Children {
		if !child.Hidden {
			list = append(list, Candidate{child.Name, child.Help})
		}
	}
	for _, p := range node.Positional {
		list = append(list, values(p, "")...)
	}
	return list
}

func values(v *kong.Value, prefix string) (list []Candidate) {
	if v.Enum == "" {
		return nil
	}
	for word := range strings.SplitSeq(v.Enum, ",") {
		list = append(list, Candidate{prefix + strings.TrimSpace(word), ""})
	}
	return list
}

func matching(list []Candidate, start string) (some []Candidate) {
	for _, c := range list {
		if strings.HasPrefix(c.Word, start) {
			some = append(some, c)
		}
	}
	return some
}
