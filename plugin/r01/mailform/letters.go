package mailform

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// typography replaces signs that koi8-r lacks by plain ones of the same meaning. r01-mail 1.3
var typography = strings.NewReplacer(
	"«", `"`, "»", `"`, "“", `"`, "”", `"`, "„", `"`, "‟", `"`, "‹", `"`, "›", `"`, "″", `"`, "〝", `"`, "〞", `"`,
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "ʼ", "'", "ʹ", "'", "ʻ", "'", "´", "'",
	"№", "No.",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "⁃", "-", "﹣", "-", "－", "-",
	"…", "...",
	"\u00a0", " ", "\u2009", " ", "\u202f", " ",
)

// spelt writes a value as it is sent: with plain signs, and with a letter that no charset of
// R01 has, such as a wide or a joined one, replaced by one that means the same.
func spelt(value string) string {
	value = typography.Replace(value)
	if writable(value) {
		return value
	}
	var b strings.Builder
	for _, r := range value {
		if same := norm.NFKC.String(string(r)); !isWritable(r) && writable(same) {
			b.WriteString(same)
		} else {
			b.WriteRune(r)
		}
	}
	return withoutStress(b.String())
}

const stress = '\u0301'

// withoutStress drops the stress marks that texts about Russian put over vowels: they belong to no spelling.
func withoutStress(value string) string {
	if !strings.ContainsRune(value, stress) {
		return value
	}
	var b strings.Builder
	before := rune(0)
	for _, r := range value {
		if r != stress || !unicode.Is(unicode.Cyrillic, before) {
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

// isWritable reports whether any charset that R01 reads has a character.
func isWritable(r rune) bool {
	for _, c := range Charsets() {
		if _, ok := c.table().EncodeRune(r); ok {
			return true
		}
	}
	return false
}

func writable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return !isWritable(r) })
}

// strangers lists the characters of a value that are not allowed, each once, and what to write
// instead if that is known.
func strangers(value string, fits func(rune) bool, latin bool) complaint {
	const most = 5
	var letters, instead []string
	seen := map[rune]bool{}
	for _, r := range value {
		if fits(r) || seen[r] || len(letters) == most {
			continue
		}
		seen[r] = true
		letters = append(letters, string(r))
		if t := transliterated(r, latin); t != "" {
			instead = append(instead, t)
		}
	}

	if len(letters) == 0 {
		return complaint{}
	}

	advice, adviceRu, code := "; write it as the Latin or Russian line of the document has it", "; напишите так, как в латинской или русской строке документа", codeLetters
	// Advice for only some of the letters would leave the value wrong.
	if len(instead) == len(letters) {
		advice, adviceRu = ": write "+strings.Join(instead, ", "), ": напишите "+strings.Join(instead, ", ")
	}

	if latin {
		code = codeLatin
	}

	c := says(code, "letters", strings.Join(letters, ", "), "advice", advice, "advice_ru", adviceRu,
		"code_points", fmt.Sprintf("%U", []rune(letters[0])[0]))

	if len(instead) == len(letters) {
		c.params["transliteration"] = strings.Join(instead, ", ")
	}

	return c
}

// unwritable complains about letters that no charset of R01 has. r01-mail 1.3
func unwritable(value string) complaint { return strangers(value, isWritable, false) }

// notLatin complains about characters that are not in ASCII.
func notLatin(value string) complaint {
	return strangers(value, func(r rune) bool { return r < unicode.MaxASCII }, true)
}

// transliterated spells a letter in letters that R01 takes, or returns "". latin asks for Latin ones.
func transliterated(r rune, latin bool) string {
	if t, ok := inTable(r, nearest()); ok {
		return t
	}
	if unicode.Is(unicode.Cyrillic, r) && latin {
		t, _ := inTable(r, romanised())
		return t
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(string(r)))
	if plain == "" || !writable(plain) || !unicode.IsLetter(r) || latin && strings.ContainsFunc(plain, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
	return plain
}

// inTable looks a letter up in a table of small letters.
func inTable(r rune, table map[rune]string) (string, bool) {
	if t, ok := table[r]; ok {
		return t, true
	}
	t, ok := table[unicode.ToLower(r)]
	if !ok || t == "" {
		return t, ok
	}
	first := []rune(t)
	return string(unicode.ToUpper(first[0])) + string(first[1:]), true
}

// nearest are letters that passports spell in their own way, by ICAO 9303, and Cyrillic letters
// of other languages, as Russian spells them.
var nearest = sync.OnceValue(func() map[rune]string {
	return map[rune]string{
		'ä': "ae", 'ö': "oe", 'ü': "ue", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "oe", 'å': "aa", 'ð': "d", 'þ': "th", 'đ': "d", 'ł': "l", 'ı': "i", 'ŋ': "n",
		'ħ': "h", 'ĸ': "k", 'ŧ': "t", 'ə': "a", 'ǝ': "a", 'ĳ': "ij", 'İ': "I",
		'ә': "а", 'ғ': "г", 'қ': "к", 'ң': "н", 'ө': "о", 'ұ': "у", 'ү': "у", 'һ': "х", 'җ': "ж", 'ҙ': "з", 'ҫ': "с", 'ҡ': "к", 'ҥ': "н", 'ҳ': "х", 'ҷ': "ч",
		'ӣ': "и", 'ӯ': "у", 'ӑ': "а", 'ӗ': "е", 'ӳ': "у", 'ӓ': "а", 'ӧ': "о", 'ӱ': "у", 'ӹ': "ы", 'ӟ': "з", 'ӝ': "ж", 'ӥ': "и", 'ӵ': "ч", 'ӏ': "I", 'ԥ': "п", 'ҟ': "к",
		'ҕ': "г", 'ӕ': "ае", 'ѣ': "е", 'ѳ': "ф", 'ѵ': "и", 'ѐ': "е", 'ѝ': "и",
	}
})

// romanised is Russian as passports have written it since 2014, by ICAO 9303, with the
// Ukrainian and Belarusian letters.
var romanised = sync.OnceValue(func() map[rune]string {
	return map[rune]string{
		'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ё': "e", 'ж': "zh", 'з': "z", 'и': "i", 'й': "i", 'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o",
		'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch", 'ъ': "ie", 'ы': "y", 'ь': "'", 'э': "e",
		'ю': "iu", 'я': "ia", 'і': "i", 'ї': "i", 'є': "ie", 'ґ': "g", 'ў': "u",
	}
})
