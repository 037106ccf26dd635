package store

import (
	"fmt"

	"registrar.panel/shared/registrar"
)

// KeepCode seals the transfer code that an operation has brought.
func (t Operations) KeepCode(id registrar.OperationID, code registrar.AuthCode) error {
	err := t.tx.swap("update operations set sealed_code = $1 where id = $2", t.tx.box.Seal([]byte(code), codeContext(id)), id)
	if err != nil {
		return fmt.Errorf("keep code of operation %s: %w", id, err)
	}
	return nil
}

// Code opens the transfer code that an operation has brought. The error is ErrNotFound if there
// is none, and ErrRemoved if it was erased.
func (t Operations) Code(id registrar.OperationID) (registrar.AuthCode, error) {
	sealed, err := one(t.tx, scanBytes, "select sealed_code from operations where id = $1 and sealed_code is not null", id)
	if err != nil {
		return "", err
	}
	if len(sealed) == 0 {
		return "", ErrRemoved
	}
	code, err := t.tx.box.Open(sealed, codeContext(id))
	return registrar.AuthCode(code), err
}

func codeContext(id registrar.OperationID) string { return "operations|code|" + string(id) }

// Codes removes the transfer codes that finished operations have brought, and counts them.
func (t Erasures) Codes(q Finished) (int64, error) {
	n, err := t.change("update operations set sealed_code = $1 where length(sealed_code) > 0 and finished_at < $2 and ($3 = '' or customer = $3)",
		[]byte{}, q.before(), q.Customer)
	if err != nil {
		return 0, fmt.Errorf("erase transfer codes: %w", err)
	}
	return n, nil
}
