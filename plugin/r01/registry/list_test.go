package registry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const twoLines = "NEWTIME.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1\n" +
	"xn--e1afmkfd.xn--p1ai\tREGRU-RF\t01.02.2020\t01.02.2027\t04.03.2027\t0\n"

func TestRead(t *testing.T) {
	t.Parallel()

	date := func(y int, m time.Month, d int) registrar.Date { return registrar.Date{Year: y, Month: m, Day: d} }
	want := []Record{
		{Name: "newtime.ru", Registrar: "R01-RU", Delegated: true, Created: time.Date(2025, 11, 25, 0, 0, 0, -1, Moscow),
			PaidTill: date(2026, 11, 24), FreeDate: date(2026, 12, 25)},
		{Name: "xn--e1afmkfd.xn--p1ai", Registrar: "REGRU-RF", Created: time.Date(2020, 2, 2, 0, 0, 0, -1, Moscow),
			PaidTill: date(2027, 2, 1), FreeDate: date(2027, 3, 4)},
	}
	for name, data := range map[string][]byte{
		"plain": []byte(twoLines), "gzip": zipped(t, twoLines),
		"carriage returns": []byte(strings.ReplaceAll(twoLines, "\n", "\r\n")),
		"two members":      append(zipped(t, twoLines[:len(twoLines)/2]), zipped(t, twoLines[len(twoLines)/2:])...),
	} {
		var got []Record
		s, err := Read(t.Context(), bytes.NewReader(data), func(l *Line) { got = append(got, l.Record()) })
		if err != nil || s.Lines != 2 || s.Malformed != 0 || s.Zones["ru"] != 1 || s.Zones["xn--p1ai"] != 1 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReadDays(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"24.11.2026", "2026.11.24", "2026-11-24"} {
		line := strings.ReplaceAll(twoLines, "24.11.2026", text)
		var got registrar.Date
		_, err := Read(t.Context(), strings.NewReader(line), func(l *Line) {
			if string(l.Name) == "newtime.ru" {
				got = l.PaidTill
			}
		})
		if err != nil || got.String() != "2026-11-24" {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
}

// The short way to read a day gives what the long one gives, or leaves it to that.
func TestPlainDay(t *testing.T) {
	t.Parallel()

	short := 0
	for _, year := range []string{"0000", "0001", "1970", "2000", "2023", "2024", "9999", "20a4", "-024"} {
		for n := range 100 * 100 {
			text := fmt.Sprintf("%02d.%02d.%s", n/100, n%100, year)
			got, ok := plainDay([]byte(text))
			if !ok {
				continue
			}
			short++
			if want, valid := day(text); !valid || got != want {
				t.Errorf("%s is %s, and the long way says %s, %t", text, got, want, valid)
			}
		}
	}

	if want := 6 * 12 * 28; short != want {
		t.Errorf("%d days were read the short way, want %d", short, want)
	}

	for _, text := range []string{"", "01.02.202", "01.02.20244", "01-02-2024", "01.02-2024", "1.02.20244", "2024.01.02", "0x.02.2024"} {
		if got, ok := plainDay([]byte(text)); ok {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

func TestReadLines(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		why, line string
		ok        bool
	}{
		{"as it is", "A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1", true},
		{"third level", "A.COM.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t0", true},
		{"empty", "", false},
		{"blanks for tabs", "A.RU R01-RU 24.11.2025 24.11.2026 25.12.2026 1", false},
		{"one column less", "A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026", false},
		{"one column more", "A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1\t", false},
		{"no zone", "A\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1", false},
		{"no name", ".RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1", false},
		{"a dot at the end", "A.RU.\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1", false},
		{"not ACE", "ПРИМЕР.РФ\tR01-RF\t24.11.2025\t24.11.2026\t25.12.2026\t1", false},
		{"no registrar", "A.RU\t\t24.11.2025\t24.11.2026\t25.12.2026\t1", false},
		{"no such day", "A.RU\tR01-RU\t24.11.2025\t31.11.2026\t25.12.2026\t1", false},
		{"a moment", "A.RU\tR01-RU\t24.11.2025\t2026-11-24T00:00:00Z\t25.12.2026\t1", false},
		{"a word for a digit", "A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\tyes", false},
		{"neither 0 nor 1", "A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t2", false},
	} {
		many := strings.Repeat("B.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1\n", 200)
		n := 0
		s, err := Read(t.Context(), strings.NewReader(many+c.line+"\n"), func(*Line) { n++ })
		if err != nil || (s.Malformed == 0) != c.ok || n != s.Lines-s.Malformed {
			t.Errorf("%s: %+v, %d lines told, %v", c.why, s, n, err)
		}
	}
}

// A list that is not whole is an error, whatever it has told before.
func TestReadRefuses(t *testing.T) {
	t.Parallel()

	line := "A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1\n"
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "N%d.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1\n", i)
	}

	packed := zipped(t, many.String())
	spoiled := bytes.Clone(packed)
	spoiled[len(spoiled)-6] ^= 1 // in its checksum
	for _, c := range []struct {
		why  string
		data []byte
		says string
	}{
		{"empty", nil, "empty"},
		{"gzip of nothing", zipped(t, ""), "empty"},
		{"cut in a line", []byte(line + line[:20]), "middle of a line"},
		{"gzip cut off", packed[:len(packed)-100], "unexpected EOF"},
		{"gzip without its end", packed[:len(packed)-8], "unexpected EOF"},
		{"gzip with another checksum", spoiled, "checksum"},
		{"garbage after gzip", append(bytes.Clone(packed), "garbage garbage garbage"...), "gzip"},
		{"a web page", []byte(strings.Repeat("<p>moved</p>\n", 10)), "make no sense"},
		{"two senseless lines in a hundred", []byte(strings.Repeat(line, 98) + "?\n?\n"), "make no sense"},
		{"an endless line", bytes.Repeat([]byte("A"), 2*bufferSize), "too large"},
	} {
		_, err := Read(t.Context(), bytes.NewReader(c.data), func(*Line) {})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.why, err, c.says)
		}
	}
}

func TestReadStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	many := strings.Repeat("A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1\n", 2*lookAtClock)
	n := 0
	_, err := Read(ctx, strings.NewReader(many), func(*Line) {
		n++
		cancel()
	})
	if !errors.Is(err, context.Canceled) || n > lookAtClock {
		t.Errorf("%v after %d lines", err, n)
	}
}

func TestDigestTellsEditions(t *testing.T) {
	t.Parallel()
	digest := func(data []byte) uint32 {
		s, err := Read(t.Context(), bytes.NewReader(data), func(*Line) {})
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest
	}
	same := digest([]byte(twoLines))
	if digest(zipped(t, twoLines)) != same || digest([]byte(strings.Replace(twoLines, "R01", "R02", 1))) == same {
		t.Error("the digest is not that of the text")
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	s := Summary{Lines: 1000, Zones: map[string]int{"ru": 991, "su": 9}}
	for zone, want := range map[string]bool{"ru": true, "su": false, "xn--p1ai": false} {
		if s.Covers(zone) != want {
			t.Errorf("%s is covered: %v", zone, !want)
		}
	}
}

// FuzzRead: whatever a list holds, reading it ends well or in an error, and what it tells is
// in the form that the rest relies on.
func FuzzRead(f *testing.F) {
	f.Add([]byte(twoLines))
	f.Add(zipped(f, twoLines))
	f.Add(zipped(f, twoLines)[:40])
	f.Add([]byte("A.RU\tR01-RU\t24.11.2025\t24.11.2026\t25.12.2026\t1"))
	f.Add([]byte("a.b\tx\t2026.02.29\t2026-01-01\t01.01.0001\t0\n"))

	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		s, err := Read(t.Context(), bytes.NewReader(data), func(l *Line) {
			n++
			r := l.Record()
			if r.Name != strings.ToLower(r.Name) || !strings.Contains(r.Name, ".") || r.Registrar == "" {
				t.Errorf("told %+v", r)
			}
		})
		if n != s.Lines-s.Malformed && err == nil {
			t.Errorf("%d lines told of %+v", n, s)
		}

		if err == nil && s.Lines == 0 {
			t.Error("an empty list passes")
		}
	})
}
