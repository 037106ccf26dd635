package api

import (
	"bytes"
	"io"
	"net/http"
)

// Inside makes a client of an API in the same process, which takes the caller from the context of
// each call. Each answer is read as a whole first, so an endless answer can't be read.
func Inside(h http.Handler) *Client {
	return &Client{base: "http://panel", http: &http.Client{Transport: inside{h}}}
}

type inside struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Clone(r.Context())
	// The handler reads RequestURI, which a server sets and a client must not.
	asked.RequestURI = asked.URL.RequestURI()
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	defer asked.Body.Close()

	a := &kept{header: http.Header{}, status: http.StatusOK}
	i.ServeHTTP(a, asked)
	return &http.Response{Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r}, nil
}

// kept is an answer that stays in the process.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) { k.status = status }

func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }
