package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"registrar.panel/shared/secret"
)

// ErrNotServing means that no panel listens at the address.
var ErrNotServing = errors.New("no panel is serving")

// Client calls a panel. It is safe for concurrent use.
type Client struct {
	base  string
	http  *http.Client
	token secret.String
}

// Pinned makes a client believe this certificate, in PEM, and no other: that of a panel on the same
// machine, with any names in it.
func Pinned(certificate []byte) func(*Client) {
	return func(c *Client) {
		block, _ := pem.Decode(certificate)
		c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: true, // the whole certificate is compared instead
			VerifyPeerCertificate: func(given [][]byte, _ [][]*x509.Certificate) error {
				if block == nil || len(given) == 0 || !bytes.Equal(given[0], block.Bytes) {
					return errors.New("the certificate is not that of panel.tls")
				}
				return nil
			},
		}}
	}
}

// NewClient makes a client of the panel at HOST:PORT, http://…, https://… or unix://PATH. The token
// is empty on a socket, where the panel asks for none.
func NewClient(server string, token secret.String, options ...func(*Client)) (*Client, error) {
	c := &Client{http: &http.Client{}, token: token}
	for _, o := range options {
		o(c)
	}

	if path, ok := strings.CutPrefix(server, "unix://"); ok {
		c.base = "http://panel" // the name is not looked up
		// A new connection costs nothing here, and a client that is dropped leaves none behind.
		c.http.Transport = &http.Transport{IdleConnTimeout: time.Second, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}
		return c, nil
	}

	if !strings.Contains(server, "://") {
		server = "http://" + server
	}

	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("server must be HOST:PORT, http://…, https://… or unix://PATH")
	}

	c.base = strings.TrimSuffix(u.String(), "/")
	return c, nil
}

// Server returns the address of the panel.
func (c *Client) Server() string { return c.base }

// Path joins the parts of an address below /api/v1, and escapes each of them.
func Path(parts ...string) string {
	path := "/api/v1"
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// Get fetches a value.
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (v T, err error) {
	return v, c.call(ctx, http.MethodGet, withQuery(path, query), nil, &v)
}

// GetPartial is Get for answers from which some registrars' part may be missing.
func GetPartial[T any](ctx context.Context, c *Client, path string, query url.Values) (v T, missing []Missing, err error) {
	missing, err = c.callPartial(ctx, http.MethodGet, withQuery(path, query), nil, &v)
	return v, missing, err
}

// PostPartial is Post for such answers.
func PostPartial[T any](ctx context.Context, c *Client, path string, in any) (out T, missing []Missing, err error) {
	missing, err = c.callPartial(ctx, http.MethodPost, path, in, &out)
	return out, missing, err
}

// Post sends a value and returns the answer. in may be nil.
func Post[T any](ctx context.Context, c *Client, path string, in any) (out T, err error) {
	return out, c.call(ctx, http.MethodPost, path, in, &out)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	_, err := c.callPartial(ctx, method, path, in, out)
	return err
}

func (c *Client) callPartial(ctx context.Context, method, path string, in, out any) ([]Missing, error) {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return nil, fmt.Errorf("read the panel's answer: %w", err)
	}
	return missingIn(resp.Header), nil
}

func (c *Client) do(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if method != http.MethodGet {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
		body = bytes.NewReader(text)
	}

	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if !c.token.IsEmpty() {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}

	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}

	defer resp.Body.Close()
	return nil, failure(resp)
}

func unreachable(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return ErrNotServing
	}
	return fmt.Errorf("call the panel: %w", err)
}

func failure(resp *http.Response) error {
	var f Failure
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&f); err != nil || f.Error.Code == "" {
		return fmt.Errorf("call the panel: it answered %s", resp.Status)
	}
	return &f.Error
}

// RawMail fetches a stored mail as it came, masked.
func (c *Client) RawMail(ctx context.Context, id string) (string, error) {
	body, err := c.do(ctx, http.MethodGet, Path("mails", id, "raw"), nil)
	if err != nil {
		return "", err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("read the panel's answer: %w", err)
	}
	return string(text), nil
}

// Backup has the panel make an archive of everything it keeps, and writes it to w.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	body, err := c.do(ctx, http.MethodPost, Path("backup"), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("receive backup: %w", err)
	}
	return nil
}

// FollowLog yields the entries of the Action Log after an ID, for one domain or, if domain is "",
// for all, and continues with new ones; see [Client.Follow].
func (c *Client) FollowLog(ctx context.Context, domain string, after int64) iter.Seq2[Entry, error] {
	return c.Follow(ctx, url.Values{"domain": {domain}, "after": {strconv.FormatInt(after, 10)}})
}

// Follow yields the entries of the Action Log that a query selects, and continues with new ones
// until the panel or ctx ends.
func (c *Client) Follow(ctx context.Context, query url.Values) iter.Seq2[Entry, error] {
	query = maps.Clone(query)
	query.Set("follow", "1")

	return func(yield func(Entry, error) bool) {
		body, err := c.do(ctx, http.MethodGet, withQuery(Path("log"), query), nil)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer body.Close()
		for dec := json.NewDecoder(body); ; {
			var e Entry
			err := dec.Decode(&e)
			if ctx.Err() != nil || errors.Is(err, io.EOF) {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
