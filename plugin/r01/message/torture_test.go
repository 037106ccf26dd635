package message

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"registrar.panel/plugin/r01/mailform"
)

// torture finds the test mails of Python's e-mail package, which gather what mailers get
// wrong, and its other files, which are no mails at all.
func torture(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("/usr/lib/python3*/test/test_email/data/*")
	if err != nil {
		t.Fatal(err)
	}
	const fewest = 30
	if len(files) < fewest {
		t.Fatalf("%d test mails of Python are installed, want %d: apt-get install libpython3.11-testsuite (Debian 12) or libpython3.13-testsuite (Debian 13)", len(files), fewest)
	}
	mails := map[string][]byte{}
	for _, file := range files {
		if mails[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return mails
}

// A public set of awkward mails, each as it is, with other line ends, and cut off in the
// middle: none makes the reader panic, and none says anything about a request of ours.
func TestTorture(t *testing.T) {
	t.Parallel()

	recogniser, problems := mailform.NewRecogniser(nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}

	texts := 0
	for file, raw := range torture(t) {
		lf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		for _, variant := range [][]byte{raw, lf, bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")), raw[:len(raw)/2]} {
			m, err := Parse(variant)
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}

			if m.Text != "" {
				texts++
			}
			if found := recogniser.Recognise(mailform.Input{From: m.From, Subject: m.Subject, Text: m.Text}).Results; len(found) > 0 {
				t.Errorf("%s is taken for a reply: %+v", file, found)
			}
		}
	}

	if texts == 0 {
		t.Error("no text was read from any of them")
	}
}
