package registrartest

import (
	"encoding/json"
	"errors"
	"os"
	"strings"

	"registrar.panel/shared/registrar"
)

var settingsChecks = []check{
	{Rule{ID: "settings/shape", Level: Must,
		Demand: "Settings that are no JSON object are Invalid.", Place: "Plugin.Configure, Settings.Config",
		Remedy: "Return registrar.InvalidSettings when the JSON can't be read; don't start with half of it."}, refusesShapes},
	{Rule{ID: "settings/types", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A value of another type than the schema says is Invalid.", Place: "Plugin.Configure",
		Remedy: "Begin Configure with registrar.Schema.Problems."}, refusesTypes},
	{Rule{ID: "settings/choices", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A value that is none of an attribute's choices is Invalid, and so is a required one that is null or absent.", Place: "Attribute.OneOf, Attribute.Required",
		Remedy: "Begin Configure with registrar.Schema.Problems: another host may be less careful than this one."}, refusesChoices},
	{Rule{ID: "settings/paths", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Every problem in settings names an attribute or block of the schema and says what is wrong with it.", Place: "Plugin.Configure, Problem.Path",
		Remedy: "Write the path as block.attribute or block[\"label\"].attribute: the host shows the line of its configuration."}, namesSettings},
	{Rule{ID: "settings/mistakes", Level: Must, Needs: []Need{NeedSettings, NeedSamples},
		Demand: "A mistake that the schema can't tell is found, and named by its path.", Place: "Plugin.Configure",
		Remedy: "Check the value in Configure."}, findsMistakes},
	{Rule{ID: "settings/pure", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Settings that are refused leave nothing behind: good ones work after them.", Place: "Plugin.Configure",
		Remedy: "Judge all of the settings before any is kept."}, forgetsRefused},
	{Rule{ID: "settings/secrets", Level: Must, Needs: []Need{NeedSettings, NeedSecrets},
		Demand: "A message about mistakes in settings repeats no secret.", Place: "Problem.Message, Error.Detail",
		Remedy: "Name the attribute, never its value; hide what a decoder quotes."}, hidesSettings},
}

// tryConfig configures a fresh instance.
func tryConfig(e *exam, config json.RawMessage) (*life, error, error) {
	l, err := e.open()
	if err != nil {
		return nil, nil, err
	}
	return l, l.Configure(e.ctx, registrar.Settings{Config: config, DataDir: l.dir, Create: true}), nil
}

func refusesShapes(e *exam) error {
	for _, text := range []string{``, `{`, `[]`, `"settings"`, `42`} {
		l, refusal, err := tryConfig(e, json.RawMessage(text))
		if err != nil {
			return err
		}
		e.mustBe("settings that are "+text, refusal, registrar.Invalid)
		e.end(l)
	}
	return nil
}

// misfit is a value that has none of a schema's types.
var misfit = map[string]any{"no": []any{map[string]any{"such": "type"}}}

// trySetting configures an instance that was never at work, with one value changed.
func trySetting(e *exam, l *life, path string, value any) (refusal, err error) {
	config, err := changed(e.subject.Config, path, value)
	if err != nil {
		return nil, err
	}
	return l.Configure(e.ctx, registrar.Settings{Config: config, DataDir: l.dir, Create: true}), nil
}

func refusesTypes(e *exam) (err error) {
	l, err := e.open()
	if err != nil {
		return err
	}
	eachAttribute(e.description.Schema, "", func(path string, _ registrar.Attribute) {
		refusal, failed := trySetting(e, l, path, misfit)
		err = errors.Join(err, failed)
		e.mustBe("an object for "+path, refusal, registrar.Invalid)
	})
	return err
}

func refusesChoices(e *exam) (err error) {
	l, err := e.open()
	if err != nil {
		return err
	}
	eachAttribute(e.description.Schema, "", func(path string, a registrar.Attribute) {
		if len(a.OneOf) > 0 && a.Type == registrar.TypeString {
			refusal, failed := trySetting(e, l, path, "conformance")
			err = errors.Join(err, failed)
			e.mustBe(path+" = \"conformance\"", refusal, registrar.Invalid)
		}
		if a.Required {
			refusal, failed := trySetting(e, l, path, nil)
			err = errors.Join(err, failed)
			e.mustBe("no "+path, refusal, registrar.Invalid)
		}
	})
	return err
}

func namesSettings(e *exam) (err error) {
	l, err := e.open()
	if err != nil {
		return err
	}

	eachAttribute(e.description.Schema, "", func(path string, _ registrar.Attribute) {
		for _, value := range []any{misfit, nil, "conformance"} {
			refusal, failed := trySetting(e, l, path, value)
			err = errors.Join(err, failed)
			// A string may be "conformance", and an optional attribute null: an accepted value is not a
			// breach.
			if !errors.Is(refusal, registrar.Invalid) {
				continue
			}

			problems := problemsOf(refusal)
			if len(problems) == 0 {
				e.broken("a wrong %s: the refusal lists no problem: %s", path, refusal)
			}

			for _, p := range problems {
				if !inSchema(e.description.Schema, p.Path) || strings.TrimSpace(p.Message) == "" {
					e.broken("a wrong %s: the problem %q at the path %q", path, p.Message, p.Path)
				}
			}
		}
	})

	return err
}

func findsMistakes(e *exam) error {
	for _, bad := range e.subject.BadConfigs {
		l, refusal, err := tryConfig(e, bad.Config)
		if err != nil {
			return err
		}
		if e.mustBe(bad.Why, refusal, registrar.Invalid) && !names(problemsOf(refusal), bad.Path) {
			e.broken("%s: %s, want one at %q", bad.Why, pathsOf(problemsOf(refusal)), bad.Path)
		}
		e.end(l)
	}
	return nil
}

func forgetsRefused(e *exam) error {
	l, refusal, err := tryConfig(e, json.RawMessage(`{`))
	if err != nil {
		return err
	}
	if refusal == nil {
		return errors.New("broken settings were accepted")
	}
	if err := l.Start(e.ctx); !errors.Is(err, registrar.NotReady) {
		e.broken("Start after settings that were refused: %s, want NOT_READY", told(err))
	}
	if files, err := os.ReadDir(l.dir); err != nil || len(files) > 0 {
		e.broken("the data directory holds %d files", len(files))
	}
	if err := e.configure(l, true); err != nil {
		e.broken("good settings after refused ones: %s", told(err))
	}
	return nil
}

func hidesSettings(e *exam) (err error) {
	const canary = "settings-CANARY-815"
	config := e.subject.Config
	eachAttribute(e.description.Schema, "", func(path string, a registrar.Attribute) {
		if a.Sensitive && err == nil {
			config, err = changed(config, path, canary)
		}
	})

	if err != nil {
		return err
	}

	l, err := e.open()
	if err != nil {
		return err
	}

	configure := func(config json.RawMessage) {
		refusal := l.Configure(e.ctx, registrar.Settings{Config: config, DataDir: l.dir, Create: true})
		if refusal != nil && strings.Contains(refusal.Error(), canary) {
			e.broken("the refusal repeats a secret: %s", refusal)
		}
	}

	configure(config[:len(config)-1]) // not JSON: parsers tend to quote what they can't read

	// A mistake next to the secrets must not bring them to light, and neither must a mistake in a secret
	// itself.
	eachAttribute(e.description.Schema, "", func(path string, a registrar.Attribute) {
		values := []any{misfit, "", nil}
		if a.Sensitive {
			values = []any{[]any{canary}, canary + "\n", " " + canary}
		}
		for _, value := range values {
			if wrong, failed := changed(config, path, value); failed == nil {
				configure(wrong)
			}
		}
	})

	return nil
}
