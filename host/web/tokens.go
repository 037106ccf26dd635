package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os/user"
	"strings"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// Vault keeps credentials.
type Vault interface {
	Add(ctx context.Context, c access.Credential) error
	Revoke(ctx context.Context, name string) (changed bool, err error)
	List(ctx context.Context) ([]access.Credential, error)
}

// noRight is the code for a caller without a right. No plugin answers with it.
const noRight registrar.Code = "FORBIDDEN"

// forbidden refuses what a caller may not do, even with the right to the route.
func forbidden(r *http.Request, right access.Right) error {
	return registrar.Errorf(noRight, "the credential %s does not have the right %s", caller(r).Name, right)
}

// checkFor checks the free text that says for whom a caller acts; the one who acts is the caller.
func checkFor(text string) error {
	if text != "" && strings.TrimSpace(text) == "" {
		return input.Mistake("by", "is required: who decides")
	}
	return nil
}

// forWhom returns that text, if it differs from the caller's name.
func forWhom(r *http.Request, text string) string {
	if text = strings.TrimSpace(text); text == caller(r).Name {
		return ""
	}
	return text
}

// IssueToken makes a token and stores the rest. The token can't be seen again.
func IssueToken(ctx context.Context, v Vault, in api.NewToken, by string) (api.IssuedToken, error) {
	rights, err := access.ParseRights(in.Rights)
	if err != nil {
		return api.IssuedToken{}, input.Mistake("rights", err.Error())
	}
	// A caller on the socket has the name of a Unix user, and the Action Log knows callers only by their names.
	if _, err := user.Lookup(in.Name); err == nil {
		return api.IssuedToken{}, input.Mistake("name", "is that of a user of this machine, who would be taken for the caller")
	}

	token, err := access.NewToken(rand.Reader)
	if err != nil {
		return api.IssuedToken{}, err
	}

	c := access.Credential{Name: in.Name, Digest: access.Digest(token), Rights: rights, CreatedBy: by, CreatedAt: time.Now()}
	if in.ExpiresAt != nil {
		c.ExpiresAt = *in.ExpiresAt
	}
	if err := v.Add(ctx, c); err != nil {
		return api.IssuedToken{}, err
	}
	return api.IssuedToken{Token: tokenOf(c), Secret: token}, nil
}

// ListTokens lists credentials as the API shows them.
func ListTokens(ctx context.Context, v Vault) ([]api.Token, error) {
	all, err := v.List(ctx)
	return list(all, tokenOf), err
}

func (s *Server) listTokens(r *http.Request) (paged[api.Token], error) {
	all, err := ListTokens(r.Context(), s.vault)
	if err != nil {
		return paged[api.Token]{}, err
	}
	return cut(r, all, func(t api.Token) string { return t.Name })
}

func (s *Server) addToken(r *http.Request, in api.NewToken) (api.IssuedToken, error) {
	issued, err := IssueToken(r.Context(), s.vault, in, caller(r).Name)
	if err == nil {
		s.log.Info("credential added", "name", issued.Name, "rights", fmt.Sprint(issued.Rights), "by", caller(r).Name)
	}
	return issued, err
}

func (s *Server) revokeToken(r *http.Request, _ none) (api.Revoked, error) {
	changed, err := s.vault.Revoke(r.Context(), r.PathValue("name"))
	if err == nil && changed {
		s.log.Info("credential revoked", "name", r.PathValue("name"), "by", caller(r).Name)
	}
	return api.Revoked{Name: r.PathValue("name"), Changed: changed}, err
}

func tokenOf(c access.Credential) api.Token {
	return api.Token{Name: c.Name, Rights: texts(c.Rights), CreatedAt: c.CreatedAt.UTC(), CreatedBy: c.CreatedBy,
		ExpiresAt: knownTime(c.ExpiresAt), RevokedAt: knownTime(c.RevokedAt), LastUsed: knownTime(c.LastUsed)}
}
