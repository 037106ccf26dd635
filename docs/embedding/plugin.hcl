panel {
  data = "data"
}

registrar "r01" {
  tlds = ["ru"]
  path = "registrar-r01"
  dev  = true # the program may change while you try; in production: sha256 = "…", as sha256sum prints it

  config {
    agreement = "RP/01/00"
    password  = secret("env", "R01_MAIL_PASSWORD")
    gateway   = "robot@registrar.example"
    callback  = "callback@panel.example"

    smtp {
      address = "127.0.0.1:2525" # the simulated R01
      tls     = "none"
    }

    imap {
      address  = "127.0.0.1:1143"
      tls      = "none"
      username = "callback"
      password = secret("env", "R01_IMAP_PASSWORD")
    }
  }
}

registrar "acme" {
  tlds = ["example"]
  path = "registrar-acme"
  dev  = true

  config {
    url   = "http://127.0.0.1:8080" # the fake registrar
    token = secret("env", "ACME_TOKEN")
  }
}
