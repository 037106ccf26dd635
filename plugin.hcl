# A working example: it fits the simulator.
#
#   R01_MAIL_PASSWORD=secret R01_IMAP_PASSWORD=secret go run ./cmd/r01sim --calm
#   R01_MAIL_PASSWORD=secret R01_IMAP_PASSWORD=secret go run ./cmd/panel serve
#
# Secrets are references, secret("env", NAME) or secret("file", PATH). The panel reads them when it
# configures the plugin, and removes line ends at their end. A PATH is relative to this file.
# On kill -HUP the panel reads this file and its secrets again.

panel {
  data   = "data"                   # the panel's own database and run files; created with mode 0700
  listen = "unix://data/panel.sock" # API and pages: mode 0600, the Unix user is the name. Or HOST:PORT, where every caller
  #                                   needs a credential: panel token add NAME --rights look,order,money,secrets,admin
  # token  = secret("file", "panel.token") # a first credential with every right, at least 16 characters: openssl rand -hex 32
  # tls {                                  # for HOST:PORT; renewed files are read again. Required beyond loopback, or a proxy
  #   cert = "panel.crt"
  #   key  = "panel.pem"
  # }
  # behind_proxy = ["10.0.0.7"]            # a proxy that has TLS: only this proxy may call
  # store = secret("file", "panel.store") # postgres://USER:PASSWORD@HOST/DATABASE, for several panels on one
  #                                       # account; without it a file in data. See docs/nodes.md
  # unpaid    = "7d"              # an order that is not paid after this time ends by itself, and its name is free again
  # log_level = "info"            # trace | debug | info | warn | error; serve --log-level overrides it
  # webhook "shop" {              # a program that gets each entry of the Action Log; docs/http-api.md
  #   url    = "https://shop.example/panel-hook"
  #   secret = secret("env", "SHOP_HOOK_SECRET") # signs the entries; at least 16 characters
  #   events = ["operation", "domain"]           # default: all
  # }
  # notify {                      # tells people what needs them; docs/ops/notifications.md. panel notify test tries it
  #   url      = "https://panel.example" # of the pages, for the links in mails
  #   after    = "2m"             # an entry is reported when it has lasted, or been over, this long
  #   gather   = "10m"            # the time between two messages; what comes meanwhile shares one
  #   repeat   = "1d"             # after this time an open entry is reported again
  #   digest   = "08:30"          # a message each morning, even when nothing needs a person; default: none
  #   quiet    = "22:00-07:00"    # no messages in this time; default: never
  #   timezone = "Europe/Moscow"  # of these times; default: the machine's
  #   mail {
  #     from = "panel@hosting.example"
  #     to   = ["staff@hosting.example"]
  #     language = "ru"           # of the mails: en | ru; default: en
  #     smtp {
  #       address  = "mail.hosting.example:587"
  #       tls      = "starttls"   # none | starttls | implicit; none only on loopback unless allow_plaintext = true
  #       username = "panel"
  #       password = secret("env", "PANEL_SMTP_PASSWORD")
  #     }
  #   }
  #   webhook "ops" {             # gets the same as JSON, signed like other webhooks
  #     url    = "https://ops.example/panel"
  #     secret = secret("env", "OPS_HOOK_SECRET")
  #   }
  # }
  # keep {                        # personal data of finished business; data of open orders and held domains stay
  #   contacts  = "1095d"         # of concluded orders, here and with every registrar
  #   codes     = "30d"           # transfer codes of concluded orders
  #   cancelled = "90d"           # cancelled orders that were never paid
  # }
  # backup_recipients = ["age1…"] # recipients for the keys in backups (age-keygen); without them the keys are left out
}

registrar "r01" { # bundled with the panel
  tlds = ["ru", "su", "xn--p1ai"] # another registrar may have com.ru: a name goes to the longest zone it lies in
  # retired = true        # no longer run; its domains and orders stay on record, and the rest of the block is ignored
  # default = true        # if another registrar serves one of these, too, new domains go here

  # A plugin that is not bundled is a program of its own. The program and the directories above it must belong
  # to root or the panel's user, and others must not be able to write to them. It must not be a symbolic link.
  # path   = "/usr/local/lib/panel/registrar-other" # absolute, or relative to this file
  # sha256 = "…"                                     # as sha256sum prints it; dev = true waives only this
  #
  # For every plugin:
  # user = "registrar-r01"    # the plugin runs as this user, with its data and sockets; the panel must be root
  # env  = ["HTTPS_PROXY"]    # it inherits these variables, beside TZ, LANG, LC_ALL, SSL_CERT_*, TMPDIR, GOCOVERDIR
  # mtls = false              # no TLS on its connection; needs mtls_reason = "…", which is logged at each start

  config {
    agreement = "RP/01/00"
    password  = secret("env", "R01_MAIL_PASSWORD") # of R01's mail interface
    gateway   = "robot@registrar.example"          # R01's robot
    callback  = "callback@panel.example"           # From of every request; must be a contact address under the agreement
    bcc       = ""                                 # gets a copy of every request, with the password
    pay_type  = "real"                             # real | bonus | real,bonus | bonus,real
    charset   = "koi8-r"                           # koi8-r | windows-1251

    subjects {
      client  = "New client"
      domain  = "New domain"
      prolong = "Prolong domain"
      update  = "Update domain"
    }

    handles { # PREFIX_COUNTER_RANDOM-R01, and …-ORG-R01 for organizations
      prefix  = "MYCOMPANY"
      counter = 1
    }

    smtp {
      address  = "127.0.0.1:2525"
      tls      = "none" # none | starttls | implicit; none only on loopback unless allow_plaintext = true
      username = ""
      password = ""     # a secret(…) in real life
      # connections = 4 # how many mails are sent at the same time, each on a connection that is kept for the next
    }

    imap {
      address  = "127.0.0.1:1143"
      tls      = "none"
      username = "callback"
      password = secret("env", "R01_IMAP_PASSWORD")
      mailbox  = "INBOX"
      poll     = "1m" # the plugin uses IDLE if the server has it; this is the fallback and the safety net
    }

    # Which replies are trusted. For the simulator "none" is enough; with a real mailbox use one of the others:
    #   dkim                    the plugin checks R01's signature: safe from forged mail, even if a token leaks
    #   authentication-results  our own mail server has checked it: safe as long as that server removes such
    #                           headers from mail that comes from outside
    #   none                    our thread or token is enough: a reader of one mail about a request can forge its answer
    replies {
      from    = []     # e.g. ["robot@registrar.example"]; empty = any
      require = "none" # none | dkim | authentication-results: without the proof a reply waits in "panel review"
      # domains     = ["registrar.example"] # may sign; empty = the domains of "from"
      # authserv_id = "mx.panel.example"    # for authentication-results: our own server's name in that header
      # retry       = "24h"                   # how long the proof is retried when DNS does not answer
      # quota       = 100                     # unproved mails of one sender that may start to wait in a day; for all senders ten times as many
      # hosts       = ["mx.panel.example"]    # your own mail servers, as named in Received: their reports of undeliverable mail are trusted
    }

    # The plugin tries your own rules before the built-in ones. "panel review rule ID" writes one.
    # reply "queued" {
    #   subject = "^Accepted: "
    #   body    = "(?m)^Your request for (?P<domain>\\S+) was accepted"
    #   outcome = "queued"
    # }

    keep {
      mails     = "1095d" # how long the text of a mail is kept after its operation has ended
      strangers = "14d"   # the same for the first 64 KiB of strangers' mail, which waits in "panel review --strangers"
    }
    # reconciled = "…" # after restoring a backup: see docs/reliability.md

    deadlines {
      queued = "24h"  # R01 confirms a request within this time
      done   = "168h" # and reports the result within this time
      # settle = "168h" # how long a sent request may still be executed (the relay's queue lifetime plus R01's delay); default: queued
    }

    renewal {
      schedule = "0 4 * * *" # cron, in the time zone below
      timezone = "Europe/Moscow"
      mode     = "auto" # of new domains: auto | manual; default: manual. With auto the plugin renews them by its
      #                   schedule, and R01 is paid whether the customer has paid or not; with manual it only announces
      before   = "55d"  # R01 takes renewals from 60 days before paid-till on
      # r01_auto = true  # R01 renews by itself under this agreement: then mode must be "manual"
      # batch    = 10    # the largest number of domains in one mail
    }

    brake { # limits for paid requests; those above the limit wait, with an alarm
      per_hour = 1000
      per_day  = 5000
      reserve  = "20%" # of both: kept for customers' orders; renewals by schedule leave it alone
    }

    registry { # evidence that does not come from R01's robot; every setting is optional
      whois            = "127.0.0.1:4343" # whois.tcinet.ru:43 in real life
      whois_per_minute = 20               # more than 30 questions a minute get your address banned
      check            = "10m"            # between two questions about an operation that waits
      zone_list        = ""               # absolute path or URL, plain or gzip; the simulator's: http://127.0.0.1:8055/zone-list
      # zone_lists     = ["https://…/su_domains.gz", "https://…/rf_domains.gz"] # further lists, such as one for each zone
      hosted           = ""               # absolute path of a file with the names you host, one a line: names that are at R01 and not in this panel are listed for import
      every            = "6h"             # between two checks for new zone lists
      # registrars     = ["R01-RU"]       # the registry's names for R01; empty = the known ones
      report_only      = false            # true: log what the registry shows, and change nothing
      max_gone         = "1%"             # a zone list that misses a larger share of our domains is not believed
      misses           = 3                # how many zone lists in a row must miss a domain before it counts as gone
    }

    store = "sqlite" # a file in panel.data; or secret("file", "r01.store") with the URL of a PostgreSQL database
  }
}

registrar "manual" { # registered by hand by staff: panel operation resolve
  # plugin = "manual"   # default: the label names the plugin; a second account has a label of its own: registrar "r01-b" { plugin = "r01" … }
  tlds = ["com", "example"] # or zones of several labels: "co.uk"
  config {
    lookup  = "always_available" # always_available | always_taken | whois
    confirm = "operator"         # operator | at_once
    # store = as for r01, with a database of its own

    # whois "com" {              # for lookup = "whois": one block for each TLD; without one: unknown
    #   server = "whois.verisign-grs.com:43"
    #   free   = "(?i)^no match" # RE2 that matches the answer for a free name; there is a default
    # }
  }
}
