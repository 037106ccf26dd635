package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"registrar.panel/host/wording"
	"registrar.panel/shared/registrar"
)

// Settings is one plugin's part of the file, judged by its schema.
type Settings struct {
	// Config is as registrar.Settings.Config wants it, secrets included: don't print it.
	Config   json.RawMessage
	Warnings []Problem
	InForce  []Setting // what Config says, without secrets

	at map[string]Position // by path; "" is the whole block
}

// Setting is one value that a plugin works with.
type Setting struct {
	Path    string // "smtp.address"
	Value   string // as JSON; "" = it is a secret, or there is none
	Secret  bool   // the value is set, and not shown
	Written bool   // the file gives it; otherwise it is the schema's default
	About   string // in the words of the schema
}

// Settings reads a registrar's config block by the schema of its plugin. Mistakes, and secrets that
// can't be read, are an [*Error].
func (c *Config) Settings(name string, s registrar.Schema) (*Settings, error) {
	r, ok := c.Registrar(name)
	if !ok {
		return nil, fmt.Errorf("read settings: there is no registrar %q", name)
	}
	d := decoder{secrets: c.secrets, at: map[string]Position{"": r.configAt}, hidden: map[string]bool{}}
	values := d.body(r.body, s, "", r.configAt)
	if err := asError(d.problems); err != nil {
		return nil, err
	}
	if d.fault != nil {
		return nil, fmt.Errorf("read settings of %s: the plugin's schema is broken: %w", name, d.fault)
	}
	text, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("read settings of %s: %w", name, err)
	}
	return &Settings{Config: text, Warnings: d.warnings, InForce: d.inForce, at: d.at}, nil
}

// Locate puts the plugin's own complaints at their places in the file: at the attribute, or at the
// innermost block around it that the file has. The plugin's phrases translate complaints that have
// no texts in other languages. It returns nil if there are no problems.
func (s *Settings) Locate(problems []registrar.Problem, phrases ...registrar.Phrase) error {
	located := make([]Problem, len(problems))
	for i, p := range problems {
		located[i] = Problem{s.position(p.Path), p.String(), textsOf(p, phrases)}
	}
	return asError(located)
}

// textsOf returns the lines of a complaint, by language.
func textsOf(p registrar.Problem, phrases []registrar.Phrase) map[string]string {
	all := map[string]string{}
	for _, lang := range wording.All()[1:] {
		text := p.Texts[lang.Name]
		if text == "" {
			text = lang.Sayings(func() []registrar.Phrase { return phrases }, wording.Panel).Line(p.Message)
		}
		if text != p.Message {
			all[lang.Name] = (registrar.Problem{Path: p.Path, Message: text}).String()
		}
	}
	return all
}

func (s *Settings) position(path string) Position {
	for {
		if at, ok := s.at[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// decoder walks a body along a schema and records where each value stands.
type decoder struct {
	secrets  secrets
	problems []Problem
	warnings []Problem
	fault    error // of the schema itself
	at       map[string]Position
	hidden   map[string]bool // by path: the values that are secret
	inForce  []Setting
}

func (d *decoder) add(at Position, format string, args ...any) {
	d.problems = append(d.problems, Problem{Position: at, Message: fmt.Sprintf(format, args...)})
}

func (d *decoder) body(b hcl.Body, s registrar.Schema, path string, at Position) map[string]any {
	content, diags := b.Content(bodySchema(s))
	d.problems = append(d.problems, problemsOf(diags)...)
	// The result has every attribute of the schema: one that the file leaves out has its default or is null.
	values := map[string]any{}
	for _, a := range s.Attributes {
		values[a.Name] = d.attribute(content.Attributes[a.Name], a, within(path, a.Name), at)
	}
	blocks := content.Blocks.ByType()
	for _, block := range s.Blocks {
		if block.Repeated {
			values[block.Name] = d.repeated(blocks[block.Name], block, within(path, block.Name))
		} else {
			values[block.Name] = d.single(blocks[block.Name], block, within(path, block.Name), at)
		}
	}
	return values
}

func bodySchema(s registrar.Schema) *hcl.BodySchema {
	var b hcl.BodySchema
	for _, a := range s.Attributes {
		b.Attributes = append(b.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	for _, block := range s.Blocks {
		b.Blocks = append(b.Blocks, hcl.BlockHeaderSchema{Type: block.Name, LabelNames: block.Labels})
	}
	return &b
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// single treats an absent block as an empty one: it has its defaults, and a required value is
// missing from the block around it.
func (d *decoder) single(blocks hcl.Blocks, s registrar.Block, path string, around Position) map[string]any {
	if len(blocks) == 0 {
		return d.body(hcl.EmptyBody(), s.Schema, path, around)
	}
	for _, again := range blocks[1:] {
		d.add(positionOf(again.DefRange), "the block %s is given twice: the first stands in line %d", path, blocks[0].DefRange.Start.Line)
	}
	return d.block(blocks[0], s, path)
}

func (d *decoder) repeated(blocks hcl.Blocks, s registrar.Block, path string) []any {
	list := []any{}
	seen := map[string]int{}
	for i, b := range blocks {
		// A problem names a block by its labels if it has some, because people know it by them.
		key := path + "[" + strconv.Itoa(i) + "]"
		if len(b.Labels) > 0 {
			key = path + quoted(b.Labels)
		}
		if line, twice := seen[key]; twice {
			d.add(positionOf(b.DefRange), "%s is given twice: the first stands in line %d", key, line)
		}
		seen[key] = b.DefRange.Start.Line
		list = append(list, d.block(b, s, key))
	}
	return list
}

func quoted(labels []string) string {
	var text strings.Builder
	for _, l := range labels {
		text.WriteString("[" + strconv.Quote(l) + "]")
	}
	return text.String()
}

func (d *decoder) block(b *hcl.Block, s registrar.Block, path string) map[string]any {
	at := positionOf(b.DefRange)
	d.at[path] = at
	values := d.body(b.Body, s.Schema, path, at)
	for i, name := range s.Labels {
		if i < len(b.Labels) {
			values[name] = b.Labels[i]
		}
	}
	return values
}

// attribute returns the JSON of one setting; blockAt is where a missing one belongs.
func (d *decoder) attribute(written *hcl.Attribute, a registrar.Attribute, path string, blockAt Position) json.RawMessage {
	value := cty.NullVal(cty.DynamicPseudoType)
	at := blockAt
	if written != nil {
		at = positionOf(written.Expr.Range())
		// Problems that the plugin reports later lead back to this place.
		d.at[path] = at
		value = d.evaluate(written.Expr, a, path)
		if value == cty.NilVal {
			return nil
		}
		// The text in place of an unread secret may suit only a password, so a setting with a default gets the default.
		if d.secrets.unread && a.Default != "" && value.RawEquals(cty.StringVal(unreadSecret)) {
			value = cty.NullVal(cty.String)
		}
	}

	if value.IsNull() && a.Required {
		d.add(at, "%s is required", path)
		return nil
	}

	if value.IsNull() {
		value = d.fallback(a, path)
	}

	typed, err := convert.Convert(value, typeOf(a.Type))
	if err != nil || !suits(typed, a) {
		d.add(at, "%s must be %s", path, wanted(a))
		return nil
	}

	text, err := ctyjson.Marshal(typed, typed.Type())
	if err != nil {
		d.fault = fmt.Errorf("attribute %s: %w", path, err)
	}

	d.inForce = append(d.inForce, d.setting(path, a, written != nil, text))
	return text
}

// setting returns a value for people. A value is only reported as set if the schema calls it
// sensitive, it comes from a secret, or it seems to contain a password.
func (d *decoder) setting(path string, a registrar.Attribute, written bool, value json.RawMessage) Setting {
	s := Setting{Path: path, Written: written, About: a.Description}
	switch given := string(value); {
	case given == "null":
	case a.Sensitive, d.hidden[path], slices.ContainsFunc(textsIn(value), holdsPassword):
		s.Secret = given != `""`
	default:
		s.Value = given
	}
	return s
}

// textsIn returns the texts of a value, which may be a list.
func textsIn(value json.RawMessage) []string {
	var one string
	if json.Unmarshal(value, &one) == nil {
		return []string{one}
	}
	var several []string
	_ = json.Unmarshal(value, &several) // another type has none
	return several
}

// evaluate resolves references; cty.NilVal means that it has recorded a problem.
func (d *decoder) evaluate(e hcl.Expression, a registrar.Attribute, path string) cty.Value {
	if a.Sensitive {
		return d.sensitive(e, path)
	}
	value, diags := e.Value(evalContext)
	if diags.HasErrors() {
		d.problems = append(d.problems, problemsOf(diags)...)
		return cty.NilVal
	}
	if value.Type() != referenceType {
		// A URL that contains a password is a secret even if the schema does not call it one.
		if value.Type() == cty.String && value.IsKnown() && !value.IsNull() && holdsPassword(value.AsString()) {
			d.warnings = append(d.warnings, literalSecret(positionOf(e.Range()), path))
		}
		return value
	}
	return d.resolve(value, e, path)
}

func (d *decoder) sensitive(e hcl.Expression, path string) cty.Value {
	value, problem := sensitive(e, path)
	if problem != nil {
		d.problems = append(d.problems, *problem)
		return cty.NilVal
	}
	return d.resolve(value, e, path)
}

func (d *decoder) resolve(value cty.Value, e hcl.Expression, path string) cty.Value {
	d.hidden[path] = true
	text, literal, err := d.secrets.resolve(value)
	if err != nil {
		d.add(positionOf(e.Range()), "%s: %v", path, err)
		return cty.NilVal
	}
	if literal && text != "" {
		d.warnings = append(d.warnings, literalSecret(positionOf(e.Range()), path))
	}
	if value.IsNull() {
		return value
	}
	return cty.StringVal(text)
}

// fallback returns the schema's default, or null.
func (d *decoder) fallback(a registrar.Attribute, path string) cty.Value {
	want := typeOf(a.Type)
	if a.Default == "" {
		return cty.NullVal(want)
	}
	if want == cty.String {
		return cty.StringVal(a.Default)
	}

	// The schema writes a default as the file would. One that can't be read is the plugin's
	// fault and no mistake in the file.
	e, diags := hclsyntax.ParseExpression([]byte(a.Default), "default", hcl.InitialPos)
	if !diags.HasErrors() {
		var value cty.Value
		if value, diags = e.Value(nil); !diags.HasErrors() {
			return value
		}
	}
	d.fault = fmt.Errorf("the default of %s is not %s", path, wanted(a))
	return cty.NullVal(want)
}

func typeOf(t registrar.AttributeType) cty.Type {
	switch t {
	case registrar.TypeInt:
		return cty.Number
	case registrar.TypeBool:
		return cty.Bool
	case registrar.TypeStrings:
		return cty.List(cty.String)
	}
	return cty.String
}

// suits checks the rules that cty's types can't express.
func suits(v cty.Value, a registrar.Attribute) bool {
	switch {
	case v.IsNull():
		return true
	case !v.IsWhollyKnown():
		return false
	case a.Type == registrar.TypeInt:
		_, exact := v.AsBigFloat().Int64()
		return v.AsBigFloat().IsInt() && exact == 0
	case a.Type == registrar.TypeStrings:
		for _, element := range v.AsValueSlice() {
			if element.IsNull() || !allowed(element.AsString(), a.OneOf) {
				return false
			}
		}
		return true
	case a.Type == registrar.TypeBool:
		return true
	}

	return allowed(v.AsString(), a.OneOf)
}

func allowed(value string, oneOf []string) bool {
	return len(oneOf) == 0 || slices.Contains(oneOf, value)
}

// wanted says for people what an attribute accepts.
func wanted(a registrar.Attribute) string {
	choice := strings.Join(a.OneOf, ", ")
	switch {
	case a.Type == registrar.TypeStrings && choice != "":
		return "a list of: " + choice
	case choice != "":
		return "one of " + choice
	case a.Type == registrar.TypeInt:
		return "a whole number"
	case a.Type == registrar.TypeBool:
		return "true or false"
	case a.Type == registrar.TypeStrings:
		return "a list of strings"
	case a.Type == registrar.TypeDuration:
		return `a duration such as "90s", "24h", "55d"`
	}
	return "a string"
}
