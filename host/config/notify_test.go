package config

import (
	"strings"
	"testing"
	"time"
)

const notifyText = `panel {
  notify {
    url      = "https://panel.example"
    repeat   = "4h"
    digest   = "08:30"
    quiet    = "22:00-07:00"
    timezone = "Europe/Moscow"
    mail {
      from = "panel@hosting.example"
      to   = ["anna@hosting.example", "boss@hosting.example"]
      smtp {
        address  = "mail.hosting.example:587"
        tls      = "starttls"
        username = "panel"
        password = secret("env", "PASSWORD")
      }
    }
    webhook "ops" {
      url    = "https://ops.example"
      secret = secret("env", "TOKEN")
    }
  }
}`

// The block is read with its defaults; its secrets are read by the panel that tells, and by no client.
func TestNotify(t *testing.T) {
	t.Parallel()
	c, err := parseText(notifyText)
	if err != nil {
		t.Fatal(err)
	}
	n := c.Panel.Notify
	if n.After != 2*time.Minute || n.Gather != 10*time.Minute || n.Repeat != 4*time.Hour || n.Digest != 8*60+30 || n.Quiet != [2]TimeOfDay{22 * 60, 7 * 60} ||
		len(n.Mail.To) != 2 || n.Mail.Language != "en" || n.Mail.TLS != "starttls" || len(n.Webhooks) != 1 || n.Webhooks[0].Name != "ops" {
		t.Errorf("read %+v, %+v", n, n.Mail)
	}
	if password, err := c.RelayPassword(*n.Mail); err != nil || password.Reveal() != "hunter2" {
		t.Errorf("the password: %v", err)
	}

	client, err := parseText(strings.Replace(notifyText, `"PASSWORD"`, `"MISSING"`, 1))
	if err != nil {
		t.Fatalf("a client: %v", err)
	}
	if _, err := client.RelayPassword(*client.Panel.Notify.Mail); err == nil || !strings.HasPrefix(err.Error(), "plugin.hcl:15,20: panel.notify.mail.smtp.password: ") {
		t.Errorf("the panel: %v", err)
	}

	for text, same := range map[string]bool{
		"\n\n" + notifyText:                                                         true,
		strings.Replace(notifyText, `"4h"`, `"5h"`, 1):                              false,
		strings.Replace(notifyText, "anna@", "boris@", 1):                           false,
		strings.Replace(notifyText, "smtp {", "language = \"ru\"\n      smtp {", 1): false,
		strings.Replace(notifyText, "https://ops", "https://other", 1):              false,
		"panel {}": false,
	} {
		other, err := parseText(text)
		if err != nil {
			t.Fatal(err)
		}
		if n.Same(other.Panel.Notify) != same || other.Panel.Notify.Same(n) != same {
			t.Errorf("the same: %v, want %v, as\n%s", !same, same, text)
		}
	}
}
