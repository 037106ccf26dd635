package registrartest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"registrar.panel/shared/registrar"
)

// bystander asks a witness: it is the client of Ledger.
type bystander struct{ url string }

func (b bystander) call(ctx context.Context, method, domain string, body any, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(b.url, "/")+"/"+url.PathEscape(domain), bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("ask the witness: %w", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask the witness: %w", err)
	}
	defer answer.Body.Close()

	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	switch {
	case err != nil:
		return fmt.Errorf("ask the witness: %w", err)
	case answer.StatusCode == http.StatusNotImplemented:
		return notTried("the witness can't have the registrar behave so: " + strings.TrimSpace(string(said)))
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("ask the witness: it answers with status %d: %s", answer.StatusCode, strings.TrimSpace(string(said)))
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(said, into); err != nil {
		return fmt.Errorf("ask the witness: %w", err)
	}
	return nil
}

// behave sets how the registrar treats the orders for a domain.
func (b bystander) behave(ctx context.Context, domain string, how Behaviour) error {
	return b.call(ctx, http.MethodPut, domain, behaviourBody{how}, nil)
}

// reached returns how often orders of a kind for a domain have reached the registrar.
func (b bystander) reached(ctx context.Context, domain string, kind registrar.OperationKind) (int, error) {
	var said reachedBody
	err := b.call(ctx, http.MethodGet, domain, nil, &said)
	return said.Reached[kind], err
}
