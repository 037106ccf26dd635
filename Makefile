# make test is the whole gate: it needs Go and make, and on the first run the network.

GO    ?= go
TOOLS  = $(GO) tool -modfile=.ci/tools/go.mod

.PHONY: test unit lint generate generate-check fuzz

test: lint generate-check unit

unit:
	$(GO) test -race -shuffle=on ./...

lint:
	@unformatted=$$(gofmt -l cmd host internal plugin shared); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOLS) staticcheck ./...

generate:
	$(TOOLS) buf generate --template shared/registrarrpc/buf.gen.yaml shared/registrarrpc

# The committed code is what the proto says.
generate-check:
	$(TOOLS) buf lint shared/registrarrpc
	$(TOOLS) buf format -d --exit-code shared/registrarrpc
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	$(TOOLS) buf generate --template shared/registrarrpc/buf.gen.yaml -o "$$tmp" shared/registrarrpc && \
	diff -r -x panel -x doc.go "$$tmp/shared/registrarrpc/registrarpb" shared/registrarrpc/registrarpb
