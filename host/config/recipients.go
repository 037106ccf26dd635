package config

import (
	"fmt"
	"strings"

	"filippo.io/age"
)

// Recipients parses the recipients to which the keys in backups are encrypted. Without any, keys
// are left out of backups.
func (p Panel) Recipients() ([]age.Recipient, error) {
	var all []age.Recipient
	for _, text := range p.BackupRecipients {
		one, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("panel.backup_recipients: %q is not an age recipient: make one with age-keygen", text)
		}
		all = append(all, one...)
	}
	return all, nil
}
