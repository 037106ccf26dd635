package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// Edition identifies one edition of a list.
type Edition struct {
	ETag     string    // of a URL, if the server sends one
	Modified time.Time // when the list was made, by the server or the file system; zero = unknown
	Size     int64     // of a file
	Served   time.Time // the time of the server when it answered; zero = unknown, or from a cache
}

// Source is the place of a zone list: a file or a URL.
type Source struct {
	location string
	client   *http.Client
}

func (s *Source) String() string { return s.location }

// NewSource returns a source that does nothing until it is opened.
func NewSource(location string) *Source {
	return &Source{location: location, client: &http.Client{
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case len(via) >= 5:
				return errors.New("too many redirects")
			// A list says which domains are gone: it must not come over a connection that others can write
			// to.
			case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
				return errors.New("it redirects from https to http")
			}
			return nil
		},
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: 30 * time.Second, ResponseHeaderTimeout: time.Minute, DisableCompression: true}}}
}

// ValidateSource reports what is wrong with a location.
func ValidateSource(path, location string) []registrar.Problem {
	u, err := url.Parse(location)
	web := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	if web || err == nil && u.Scheme == "" && filepath.IsAbs(location) {
		return nil
	}
	return []registrar.Problem{{Path: path, Message: "must be an absolute path, or an http:// or https:// URL"}}
}

// ErrUnchanged means that the list is the edition that was last read.
var ErrUnchanged = errors.New("the zone list has not changed")

// Open opens the list, unless it is still the last edition. The caller closes it.
func (s *Source) Open(ctx context.Context, last Edition) (io.ReadCloser, Edition, error) {
	open := s.openFile
	if strings.Contains(s.location, "://") {
		open = s.openURL
	}
	r, mark, err := open(ctx, last)
	if err != nil {
		return nil, mark, fmt.Errorf("open zone list %s: %w", s.location, err)
	}
	return r, mark, nil
}

func (s *Source) openFile(_ context.Context, last Edition) (io.ReadCloser, Edition, error) {
	f, err := os.Open(s.location)
	if err != nil {
		return nil, Edition{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, Edition{}, errors.Join(err, f.Close())
	}
	// In milliseconds, as in the store: a finer time would differ after each look.
	mark := Edition{Modified: info.ModTime().UTC().Truncate(time.Millisecond), Size: info.Size()}
	if mark == last {
		return nil, mark, errors.Join(ErrUnchanged, f.Close())
	}
	return f, mark, nil
}

func (s *Source) openURL(ctx context.Context, last Edition) (io.ReadCloser, Edition, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.location, nil)
	if err != nil {
		return nil, Edition{}, err
	}

	if last.ETag != "" {
		r.Header.Set("If-None-Match", last.ETag)
	}
	if !last.Modified.IsZero() {
		r.Header.Set("If-Modified-Since", last.Modified.UTC().Format(http.TimeFormat))
	}

	answer, err := s.client.Do(r)
	if err != nil {
		return nil, Edition{}, err
	}

	// An answer from a cache has an Age, and its Date is not the present time.
	var served time.Time
	if t, err := http.ParseTime(answer.Header.Get("Date")); err == nil && answer.Header.Get("Age") == "" {
		served = t.UTC()
	}

	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		last.Served = served
		return nil, last, errors.Join(ErrUnchanged, answer.Body.Close())
	default:
		return nil, Edition{}, errors.Join(fmt.Errorf("the server answers %s", answer.Status), answer.Body.Close())
	}

	mark := Edition{ETag: answer.Header.Get("ETag"), Served: served}
	if t, err := http.ParseTime(answer.Header.Get("Last-Modified")); err == nil {
		mark.Modified = t.UTC()
	}

	return answer.Body, mark, nil
}
