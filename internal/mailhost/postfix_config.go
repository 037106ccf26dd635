package mailhost

import "text/template"

// postfixValues fill in a configuration.
type postfixValues struct {
	Dir                           string
	SMTP, Submission, Submissions int
	Cert, Key                     string
	Auth                          string            // the socket of Dovecot's auth service; "" = no login
	Routes                        map[string]string // transports by domain
	Without                       string            // the extensions that EHLO does not offer
}

// The instance uses no DNS and no chroot. It tries a mail again every second, and bounces it soon. field-notes 4
var postfixMain = template.Must(template.New("main.cf").Parse(`compatibility_level = 3.6
queue_directory = {{.Dir}}/queue
data_directory = {{.Dir}}/data
maillog_file = {{.Dir}}/log
maillog_file_prefixes = {{.Dir}}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.invalid
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:nobody is local here
relay_domains ={{range $domain, $_ := .Routes}} {{$domain}}{{end}}
transport_maps = texthash:{{.Dir}}/transport
recipient_delimiter = +
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
lmtp_tls_security_level = none
smtpd_banner = $myhostname {{.Dir}}
smtpd_peername_lookup = no
smtpd_discard_ehlo_keywords = {{.Without}}
smtpd_tls_cert_file = {{.Cert}}
smtpd_tls_key_file = {{.Key}}
smtpd_tls_security_level = may
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
maximal_queue_lifetime = 1m
bounce_queue_lifetime = 1m
transport_retry_time = 1s
`))

var postfixMaster = template.Must(template.New("master.cf").Parse(`
127.0.0.1:{{.SMTP}} inet n - n - - smtpd
127.0.0.1:{{.Submission}} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
{{- template "login" .}}
127.0.0.1:{{.Submissions}} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
{{- template "login" .}}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
{{define "login"}}{{if .Auth}}
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path={{.Auth}}
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
{{- end}}{{end}}`))

var postfixTransport = template.Must(template.New("transport").Parse(
	`{{range $domain, $transport := .Routes}}{{$domain}} {{$transport}}
{{end}}`))
