package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/host/config"
	"registrar.panel/shared/registrar"
)

// A mistake in plugin.hcl keeps its place and its exit code in Russian, and says what is wrong and what to do.
func TestMistakesOfTheFileInRussian(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ name, text, place, says string }{
		{"no HCL", "panel {", "plugin.hcl:1,7", "этот блок не закрыт до конца файла"},
		{"an unknown setting", "panel {\n  lissten = \"\"\n}", "plugin.hcl:2,3", `параметра "lissten" здесь не бывает. Возможно, "listen"?`},
		{"an unknown block", "panels {\n}", "plugin.hcl:1,1", `блока "panels" здесь не бывает. Возможно, "panel"?`},
		{"a type", "panel {\n  data = [1]\n}", "plugin.hcl:2,10", "значение не подходит: нужна строка, а стоит список"},
		{"a variable", "panel {\n  data = here\n}", "plugin.hcl:2,10", "переменных здесь не бывает"},
		{"a function", "panel {\n  token = secrt(\"env\", \"X\")\n}", "plugin.hcl:2,11", `panel.token: нужно secret("env", NAME), secret("file", PATH) или строка в кавычках`},
		{"a rule", "panel {\n  unpaid = \"never\"\n}", "plugin.hcl:2,12", `panel.unpaid: нужен срок от "1m" до "365d", например "7d" или "48h": по его истечении неоплаченный заказ завершается сам`},
		{"a secret", "panel {\n  token = secret(\"file\", \"none\")\n}", "plugin.hcl:2,11", "нет такого файла или каталога"},
		{"a name with a blank", "panel {\n  webhook \"Shop 1\" {\n    url = \"x\"\n    secret = \"y\"\n  }\n}", "plugin.hcl:3,11", `panel.webhook["Shop 1"].url: нужен адрес https://HOST/PATH`},
		{"a registrar called as a word", "registrar \"manual\" {\n}\nregistrar \"manual\" {\n  tlds = [\"ru\"]\n}", "plugin.hcl:3,1", `регистратор "manual" описан дважды: назовите один иначе`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			path := filepath.Join(dir, "plugin.hcl")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path)
			if err == nil {
				t.Fatal("the file has no mistake")
			}

			var russian, english bytes.Buffer
			inRussian, inEnglish := Report(err, NewTongue("ru").To(&russian)), Report(err, &english)
			if inRussian != inEnglish || inRussian != ExitUsage {
				t.Errorf("exits %d, and in English %d", inRussian, inEnglish)
			}
			if text := strings.ReplaceAll(russian.String(), dir+"/", ""); !strings.Contains(text, "panel: "+c.place+": ") || !strings.Contains(text, c.says) {
				t.Errorf("said %q, want %q at %s", text, c.says, c.place)
			}
			if strings.Count(russian.String(), "\n") != strings.Count(english.String(), "\n") {
				t.Errorf("said in other lines: %q", english.String())
			}
		})
	}
}

// A mistake that a registrar finds is shown with its text in the
// language, or with the registrar's phrases; joined errors are all found.
func TestMistakesOfRegistrarsInRussian(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "plugin.hcl")
	if err := os.WriteFile(path, []byte("registrar \"r01\" {\n  tlds = [\"ru\"]\n}"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := loaded.Settings("r01", registrar.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	phrase := registrar.Phrase{Code: "mistake.x", Texts: map[string]string{"en": "must be {what}, or it won't do", "ru": "нужно {what}, иначе не выйдет"}}
	one := settings.Locate([]registrar.Problem{{Path: "smtp.tls", Message: "must be none, or it won't do"}}, phrase)
	other := settings.Locate([]registrar.Problem{{Path: "bcc", Message: "is required", Texts: map[string]string{"en": "is required", "ru": "обязательно"}}, {Path: "new", Message: "is odd and old"}})

	var out bytes.Buffer
	if code := Report(errors.Join(one, other), NewTongue("ru").To(&out)); code != ExitUsage {
		t.Errorf("exits %d", code)
	}
	for _, want := range []string{"smtp.tls: нужно none, иначе не выйдет\n", "bcc: обязательно\n", "new: is odd and old\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
}
