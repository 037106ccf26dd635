# A working example: it fits the simulator.
#
#   R01_MAIL_PASSWORD=secret R01_IMAP_PASSWORD=secret go run ./cmd/r01sim --calm
#   R01_MAIL_PASSWORD=secret R01_IMAP_PASSWORD=secret go run ./cmd/panel serve
#
# Secrets are references, secret("env", NAME) or secret("file", PATH), and are read when
# the plugin is configured; line ends at their end are taken off. A PATH is relative to this file.
# kill -HUP makes the panel read this file, and them, again.

panel {
  data   = "data"                   # the panel's own database and run files; created with mode 0700
  listen = "unix://data/panel.sock" # API and pages: mode 0600, the Unix user is the name. Or HOST:PORT, where every caller
  #                                   needs a credential: panel token add NAME --rights look,order,money,secrets,admin
  # token  = secret("file", "panel.token") # a first credential with every right, of 16 characters at least: openssl rand -hex 32
  # tls {                                  # of HOST:PORT; read again when it was renewed. Beyond loopback it, or a proxy, is a must
  #   cert = "panel.crt"
  #   key  = "panel.pem"
  # }
  # behind_proxy = ["10.0.0.7"]            # a proxy that has TLS: only it may call
  # store = secret("file", "panel.store") # postgres://USER:PASSWORD@HOST/DATABASE, for several panels on one
  #                                       # account; without it a file in data. See docs/nodes.md
  # unpaid    = "7d"              # an order that is not paid by then ends by itself, and its name is free again
  # log_level = "info"            # trace | debug | info | warn | error; serve --log-level comes first
  # webhook "shop" {              # a program that is told each entry of the Action Log; docs/http-api.md
  #   url    = "https://shop.example/panel-hook"
  #   secret = secret("env", "SHOP_HOOK_SECRET") # signs what is sent; 16 characters at least
  #   events = ["operation", "domain"]           # without it, all
  # }
  # notify {                      # who is told what needs a person; docs/ops/notifications.md. panel notify test tries it
  #   url      = "https://panel.example" # of the pages, for the links in mails
  #   after    = "2m"             # how long something must stand, or be over, before it is told
  #   gather   = "10m"            # between two messages; what comes meanwhile is one
  #   repeat   = "1d"             # of what still stands
  #   digest   = "08:30"          # each morning, also when nothing needs a person; without it, none
  #   quiet    = "22:00-07:00"    # in which nothing is told; without it, never
  #   timezone = "Europe/Moscow"  # of these times; without it, the machine's
  #   mail {
  #     from = "panel@hosting.example"
  #     to   = ["staff@hosting.example"]
  #     language = "ru"           # of the mails: en | ru; without it, en
  #     smtp {
  #       address  = "mail.hosting.example:587"
  #       tls      = "starttls"   # none | starttls | implicit; none only on loopback unless allow_plaintext = true
  #       username = "panel"
  #       password = secret("env", "PANEL_SMTP_PASSWORD")
  #     }
  #   }
  #   webhook "ops" {             # told the same as JSON, signed as webhooks are
  #     url    = "https://ops.example/panel"
  #     secret = secret("env", "OPS_HOOK_SECRET")
  #   }
  # }
  # keep {                        # personal data of what is over; what is open, or about a domain that is held, stays
  #   contacts  = "1095d"         # of concluded orders, here and with every registrar
  #   codes     = "30d"           # transfer codes of concluded orders
  #   cancelled = "90d"           # orders that were cancelled and never paid
  # }
  # backup_recipients = ["age1…"] # whom the keys in backups are encrypted to (age-keygen); without, they are left out
}

registrar "r01" { # bundled with the panel
  tlds = ["ru", "su", "xn--p1ai"] # another registrar may have com.ru: a name goes by the longest zone it lies in
  # retired = true        # not run any more; its domains and orders stay on record, and the rest of the block is ignored
  # default = true        # when another registrar serves one of these, too: new domains go here

  # A plugin that is not bundled is a program of its own. It, and the directories above it, must
  # belong to root or the panel's user and not be writable by others; it must be no symbolic link.
  # path   = "/usr/local/lib/panel/registrar-other" # absolute, or relative to this file
  # sha256 = "…"                                     # as sha256sum prints it; dev = true waives it, and nothing else
  #
  # For every plugin:
  # user = "registrar-r01"    # runs as this user, with its data and sockets; the panel must be root
  # env  = ["HTTPS_PROXY"]    # inherits these variables too; else TZ, LANG, LC_ALL, SSL_CERT_*, TMPDIR, GOCOVERDIR
  # mtls = false              # its connection without TLS; needs mtls_reason = "…", which is logged at each start

  config {
    agreement = "RP/01/00"
    password  = secret("env", "R01_MAIL_PASSWORD") # of R01's mail interface
    gateway   = "robot@registrar.example"          # R01's robot
    callback  = "callback@panel.example"           # From of every request; must be a contact address under the agreement
    bcc       = ""                                 # a copy of every request; it carries the password
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
      # connections = 4 # how many mails are sent at a time, each on a connection that is kept for the next
    }

    imap {
      address  = "127.0.0.1:1143"
      tls      = "none"
      username = "callback"
      password = secret("env", "R01_IMAP_PASSWORD")
      mailbox  = "INBOX"
      poll     = "1m" # IDLE is used where the server has it; this is the fallback and the safety net
    }

    # Which replies are trusted. For the simulator "none" will do; with a real mailbox use one of the others:
    #   dkim                    the plugin checks R01's signature: safe from forged mail, also when a token leaks
    #   authentication-results  our own mail server has checked it: safe as long as that server takes such headers
    #                           out of mail from outside
    #   none                    our thread or token alone: a reader of one mail about a request can forge its answer
    replies {
      from    = []     # e.g. ["robot@registrar.example"]; empty = any
      require = "none" # none | dkim | authentication-results: without the proof a reply waits in "panel review"
      # domains     = ["registrar.example"] # may sign; empty = the domains of "from"
      # authserv_id = "mx.panel.example"    # for authentication-results: our own server's name in that header
      # retry       = "24h"                   # how long the proof is retried when DNS does not answer
      # quota       = 100                     # unproved mails of one sender that wait a day, and ten times as many of all
      # hosts       = ["mx.panel.example"]    # your own mail servers, as in Received: their reports of undeliverable mail are trusted
    }

    # Rules of your own are tried before the built-in ones. "panel review rule ID" writes one.
    # reply "queued" {
    #   subject = "^Accepted: "
    #   body    = "(?m)^Your request for (?P<domain>\\S+) was accepted"
    #   outcome = "queued"
    # }

    keep {
      mails     = "1095d" # how long the text of mails is kept after their operation has ended
      strangers = "14d"   # the first 64 KiB of strangers' mail, which waits in "panel review --strangers"
    }
    # reconciled = "…" # after restoring a backup: see docs/reliability.md

    deadlines {
      queued = "24h"  # R01 confirms a request within
      done   = "168h" # and reports the result within
      # settle = "168h" # how long a sent request may still be executed (the relay's queue lifetime plus R01's delay); default: queued
    }

    renewal {
      schedule = "0 4 * * *" # cron, in the time zone below
      timezone = "Europe/Moscow"
      mode     = "auto" # of new domains: auto | manual, and manual without this line. With auto the plugin renews them by
      #                   its schedule, and R01 is paid whether the customer has paid or not; with manual it only announces
      before   = "55d"  # R01 takes renewals from 60 days before paid-till on
      # r01_auto = true  # R01 renews by itself under this agreement: then mode must be "manual"
      # batch    = 10    # the largest number of domains in one mail
    }

    brake { # limits of paid requests; those above the limit wait, with an alarm
      per_hour = 1000
      per_day  = 5000
      reserve  = "20%" # of both: kept for what customers have ordered; renewals by schedule leave it alone
    }

    registry { # evidence that does not come from R01's robot; all of it optional
      whois            = "127.0.0.1:4343" # whois.tcinet.ru:43 in real life
      whois_per_minute = 20               # more than 30 questions a minute get your address banned
      check            = "10m"            # between two questions about an operation that waits
      zone_list        = ""               # absolute path or URL, plain or gzip; the simulator's: http://127.0.0.1:8055/zone-list
      # zone_lists     = ["https://…/su_domains.gz", "https://…/rf_domains.gz"] # further ones, such as one for each zone
      hosted           = ""               # absolute path of a file with the names you host, one a line: names that are at R01 and not in this panel are listed for import
      every            = "6h"             # between two checks for new zone lists
      # registrars     = ["R01-RU"]       # what the registry calls R01; empty = the names known
      report_only      = false            # log what the registry shows, and change nothing
      max_gone         = "1%"             # a zone list that misses a larger share of our domains is not believed
      misses           = 3                # how many zone lists in a row must miss a domain before it counts as gone
    }

    store = "sqlite" # a file in panel.data; or secret("file", "r01.store") with the URL of a PostgreSQL database
  }
}

registrar "manual" { # registered by hand by staff: panel operation resolve
  # plugin = "manual"   # absent, the label names the plugin; a second account of it has a label of its own: registrar "r01-b" { plugin = "r01" … }
  tlds = ["com", "example"] # or of several labels: "co.uk"
  config {
    lookup  = "always_available" # always_available | always_taken | whois
    confirm = "operator"         # operator | at_once
    # store = as for r01, a database of its own

    # whois "com" {              # for lookup = "whois": one for each TLD; without one: unknown
    #   server = "whois.verisign-grs.com:43"
    #   free   = "(?i)^no match" # RE2 that matches the answer for a free name; there is a default
    # }
  }
}
