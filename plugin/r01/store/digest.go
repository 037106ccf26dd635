package store

import (
	"context"
	"fmt"
)

// keyed turns a digest of contents into one that can't be used to test a guess without the key
// file: if everything in a mail is known except a passport number, that number is soon guessed.
func (tx *Tx) keyed(digest string) string { return tx.box.Fingerprint("digest", digest) }

// digestsSetting is the setting that says whether the digests are "plain" or "keyed".
const digestsSetting = "digests"

// keyDigests replaces the plain digests that earlier versions kept, so that mails from then are
// still recognised when they are fetched again.
func (s *Store) keyDigests(ctx context.Context) error {
	err := s.Write(ctx, func(tx *Tx) error {
		if kind, err := tx.Setting(digestsSetting); err != nil || kind == "keyed" {
			return err
		}

		for _, d := range []struct{ list, set string }{
			{"select hash from mails", "update mails set hash = $1 where hash = $2"},
			{"select distinct digest from requests where digest <> ''", "update requests set digest = $1 where digest = $2"},
		} {
			plain, err := collect(tx, scanText, d.list)
			if err != nil {
				return err
			}
			for _, digest := range plain {
				if err := tx.exec(d.set, tx.keyed(digest), digest); err != nil {
					return err
				}
			}
		}

		// In the same commit as the digests, so that none is keyed twice.
		return tx.SetSetting(digestsSetting, "keyed")
	})
	if err != nil {
		return fmt.Errorf("key digests: %w", err)
	}

	return nil
}
