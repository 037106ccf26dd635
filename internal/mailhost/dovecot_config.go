package mailhost

import "text/template"

// dovecotValues fill in a configuration.
type dovecotValues struct {
	Dir               string
	IMAP, IMAPS, LMTP int
	Cert, Key         string
	Folders           []string
	Version           string
}

// The two languages of Dovecot's configuration. field-notes 4
var (
	dovecot23 = template.Must(template.New("2.3").Parse(`
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/log
protocols = imap lmtp
listen = 127.0.0.1
login_greeting = {{.Dir}}
ssl = yes
ssl_cert = <{{.Cert}}
ssl_key = <{{.Key}}
disable_plaintext_auth = no
auth_failure_delay = 0
first_valid_uid = 100
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
recipient_delimiter = +
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {{.Dir}}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home={{.Dir}}/mail/%u
}
` + dovecotServices))
	dovecot24 = template.Must(template.New("2.4").Parse(`dovecot_config_version = {{.Version}}
dovecot_storage_version = {{.Version}}
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/log
protocols {
  imap = yes
  lmtp = yes
}
listen = 127.0.0.1
login_greeting = {{.Dir}}
ssl = yes
ssl_server_cert_file = {{.Cert}}
ssl_server_key_file = {{.Key}}
auth_allow_cleartext = yes
auth_failure_delay = 0
first_valid_uid = 100
mail_driver = maildir
mail_path = ~/Maildir
mail_max_userip_connections = 100
recipient_delimiter = +
passdb passwd-file {
  passwd_file_path = {{.Dir}}/users
}
userdb static {
  fields {
    uid = nobody
    gid = nogroup
    home = {{.Dir}}/mail/%{user}
  }
}
` + dovecotServices))
)

// dovecotServices is the part that both languages have in common.
// Without the penalty a refused login is answered at once.
const dovecotServices = `
namespace inbox {
  inbox = yes
  separator = /
{{- range .Folders}}
  mailbox {{.}} {
    auto = create
  }
{{- end}}
}
service imap-login {
  inet_listener imap {
    port = {{.IMAP}}
  }
  inet_listener imaps {
    port = {{.IMAPS}}
    ssl = yes
  }
  chroot =
}
service lmtp {
  inet_listener lmtp {
    port = {{.LMTP}}
  }
}
service auth {
  unix_listener {{.Dir}}/auth {
    mode = 0666
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
`
