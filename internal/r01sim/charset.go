package r01sim

import (
	"fmt"
	"io"
	"mime"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

const (
	charsetKOI8R       = "koi8-r"
	charsetWindows1251 = "windows-1251"
	charsetUTF8        = "utf-8"
)

// codec returns the single-byte encoding of a charset, nil for UTF-8.
func codec(charset string) encoding.Encoding {
	switch charset {
	case charsetKOI8R:
		return charmap.KOI8R
	case charsetWindows1251:
		return charmap.Windows1251
	}
	return nil
}

func encodeText(charset, text string) ([]byte, error) {
	if c := codec(charset); c != nil {
		return c.NewEncoder().Bytes([]byte(text))
	}
	return []byte(text), nil
}

// decodeHeader decodes encoded words; text that it can't decode stays as it is.
func decodeHeader(s string) string {
	decoder := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		e, err := ianaindex.MIME.Encoding(charset)
		if err != nil || e == nil {
			return nil, fmt.Errorf("decode header: unknown charset %q", charset)
		}
		return e.NewDecoder().Reader(r), nil
	}}
	decoded, err := decoder.DecodeHeader(s)
	if err != nil {
		return s
	}
	return strings.TrimSpace(decoded)
}
