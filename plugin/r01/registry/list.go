package registry

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"registrar.panel/shared/registrar"
)

// Line is one domain of a zone list. It is valid only until the next one is read.
type Line struct {
	Name      []byte // ACE, lower case
	Registrar []byte // upper case
	Created   registrar.Date
	PaidTill  registrar.Date
	FreeDate  registrar.Date
	Delegated bool
}

// Summary describes a whole list.
type Summary struct {
	Lines     int
	Malformed int            // lines that could not be read
	Zones     map[string]int // lines by zone
	Digest    uint32         // CRC-32C of the text: the same for the same list
}

// Covers reports whether absence from the list says anything about a zone: a few stray lines are not a list
// of their zone.
func (s Summary) Covers(zone string) bool { return s.Zones[zone]*100 >= s.Lines && s.Zones[zone] > 0 }

const (
	maxLine = 4 << 10
	// maxText bounds the size of an unpacked list; all of .RU is some 400 MB.
	maxText = 8 << 30
	// maxMalformed is the percentage of unreadable lines that is still believed to be chance.
	maxMalformed = 1
	lookAtClock  = 1 << 16 // lines between two looks at the context
	bufferSize   = 256 << 10
)

var (
	errTruncated = errors.New("it ends in the middle of a line")
	errTooLarge  = errors.New("it is too large")
	errEmpty     = errors.New("it is empty")
)

// Read reads a zone list, plain or gzip, with one domain in each line, in any order: name, registrar,
// created, paid-till, free-date and 1 or 0 for delegated, separated by tabs. What each was given counts only
// if Read returns nil: only then was the list complete.
func Read(ctx context.Context, r io.Reader, each func(*Line)) (Summary, error) {
	s := Summary{Zones: map[string]int{}}
	text, err := unpacked(r)
	if err != nil {
		return s, fmt.Errorf("read zone list: %w", err)
	}
	defer text.Close()
	if err := s.read(ctx, text, each); err != nil {
		return s, fmt.Errorf("read zone list: after %d lines: %w", s.Lines, err)
	}
	switch {
	case s.Lines == 0:
		return s, fmt.Errorf("read zone list: %w", errEmpty)
	case s.Malformed*100 > s.Lines*maxMalformed:
		return s, fmt.Errorf("read zone list: %d of its %d lines make no sense", s.Malformed, s.Lines)
	}
	return s, nil
}

// unpacked recognises gzip by its first bytes and unpacks it in its own goroutine, one piece ahead of the
// reader. Closing it ends the goroutine, and leaves r open.
func unpacked(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, bufferSize)
	magic, err := b.Peek(2)
	switch {
	case errors.Is(err, io.EOF):
		return io.NopCloser(b), nil
	case err != nil:
		return nil, err
	case magic[0] != 0x1f || magic[1] != 0x8b:
		return io.NopCloser(b), nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, err
	}
	return readAhead(z), nil
}

// ahead is what its own goroutine reads; Close ends that goroutine, and waits for its end.
type ahead struct {
	*io.PipeReader
	ended chan struct{}
}

func readAhead(r io.Reader) ahead {
	text, pipe := io.Pipe()
	a := ahead{text, make(chan struct{})}
	go func() { // ends with r, with its failure, or with Close
		defer close(a.ended)
		_, err := io.CopyBuffer(pipe, r, make([]byte, bufferSize))
		pipe.CloseWithError(err) // nil is io.EOF
	}()
	return a
}

func (a ahead) Close() error {
	err := a.PipeReader.Close()
	<-a.ended
	return err
}

func (s *Summary) read(ctx context.Context, r io.Reader, each func(*Line)) error {
	var p parser
	// Pointers, because a lookup by bytes makes no string, while assigning a count would make one for each
	// line.
	zones := map[string]*int{}
	err := lines(ctx, r, &s.Digest, func(text []byte) {
		s.Lines++
		zone, ok := p.parse(text)
		if !ok {
			s.Malformed++
			return
		}

		n := zones[string(zone)]
		if n == nil {
			n = new(int)
			zones[string(zone)] = n
		}

		*n++
		each(&p.line)
	})

	for zone, n := range zones {
		s.Zones[zone] = *n
	}

	return err
}

// lines calls each with every line, without its line end. It returns nil if the text ended properly.
func lines(ctx context.Context, r io.Reader, digest *uint32, each func([]byte)) error {
	table := crc32.MakeTable(crc32.Castagnoli)
	buffer, held, total, n := make([]byte, bufferSize), 0, 0, 0
	for {
		got, err := r.Read(buffer[held:])
		*digest = crc32.Update(*digest, table, buffer[held:held+got])
		total += got

		rest := buffer[:held+got]
		for {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				break
			}
			each(rest[:end])
			rest = rest[end+1:]
			if n++; n%lookAtClock == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}

		// The start of a line that is not complete yet.
		held = copy(buffer, rest)
		switch {
		case errors.Is(err, io.EOF) && held > 0:
			return errTruncated
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case held > maxLine || total > maxText:
			return errTooLarge
		}
	}
}

// parser reuses its memory for each line, and remembers the days that it has read: a list repeats the same
// few.
type parser struct {
	line Line
	name [253]byte
	days map[string]registrar.Date
}

// parse reads a line and returns the zone of its name.
func (p *parser) parse(text []byte) (zone []byte, ok bool) {
	text = bytes.TrimSuffix(text, []byte("\r"))
	var fields [6][]byte
	for i := range fields {
		field, rest, found := bytes.Cut(text, []byte("\t"))
		// Neither more fields nor fewer: a list in another format is not believed.
		if found != (i < len(fields)-1) {
			return nil, false
		}
		fields[i], text = field, rest
	}

	if zone, ok = p.readName(fields[0]); !ok || len(fields[1]) == 0 {
		return nil, false
	}

	p.line.Registrar = fields[1]

	for i, into := range []*registrar.Date{&p.line.Created, &p.line.PaidTill, &p.line.FreeDate} {
		if *into, ok = p.day(fields[2+i]); !ok {
			return nil, false
		}
	}

	return zone, p.readDelegated(fields[5])
}

// readName folds the name to lower case and finds its zone. It is strict about bytes, not about the
// registry's rules for names.
func (p *parser) readName(field []byte) (zone []byte, ok bool) {
	if len(field) > len(p.name) {
		return nil, false
	}

	dot := -1
	for i, c := range field {
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
		case c == '.':
			dot = i
		default:
			return nil, false
		}

		p.name[i] = c
	}

	if dot < 1 || dot == len(field)-1 {
		return nil, false
	}

	p.line.Name = p.name[:len(field)]
	return p.line.Name[dot+1:], true
}

func (p *parser) readDelegated(field []byte) bool {
	p.line.Delegated = len(field) == 1 && field[0] == '1'
	return len(field) == 1 && (field[0] == '0' || field[0] == '1')
}

func (p *parser) day(text []byte) (registrar.Date, bool) {
	if d, ok := plainDay(text); ok {
		return d, true
	}
	if d, known := p.days[string(text)]; known {
		return d, true
	}
	d, ok := day(string(text))
	if !ok || len(text) != len("2006-01-02") {
		return registrar.Date{}, false
	}
	const plenty = 100_000 // days in 270 years
	if p.days == nil || len(p.days) >= plenty {
		p.days = map[string]registrar.Date{}
	}
	p.days[string(text)] = d
	return d, true
}

// plainDay reads DD.MM.YYYY up to the 28th, which every month has, without the library: each of millions of
// lines has three days.
func plainDay(text []byte) (registrar.Date, bool) {
	if len(text) != len("02.01.2006") || text[2] != '.' || text[5] != '.' {
		return registrar.Date{}, false
	}
	day, month, year := number(text[:2]), number(text[3:5]), number(text[6:])
	ok := day >= 1 && day <= 28 && month >= 1 && month <= 12 && year >= 1
	return registrar.Date{Year: year, Month: time.Month(month), Day: day}, ok
}

// number reads decimal digits; with any other character it returns a negative number.
func number(digits []byte) (n int) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Record returns a lasting copy of the line.
func (l *Line) Record() Record {
	return Record{Name: string(l.Name), Registrar: string(l.Registrar), Delegated: l.Delegated,
		Created:  l.Created.AddDays(1).In(Moscow).Add(-time.Nanosecond),
		PaidTill: l.PaidTill, FreeDate: l.FreeDate}
}
