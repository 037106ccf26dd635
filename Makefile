# make test is the whole gate. It needs Go and make; on the first run it fetches modules and,
# on Debian as root, installs the packages its suites need.

# make module PATH=… takes the variable by which programs are found: it is given back.
ifeq ($(origin PATH),command line)
MODULE := $(PATH)
override PATH := $(shell echo "$$PATH" | grep -q : && echo "$$PATH" || echo /usr/local/go/bin:/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin)
endif

GO    ?= go
TOOLS  = $(GO) tool -modfile=.ci/tools/go.mod

.PHONY: test quick setup unit lint gofmt vet elsewhere staticcheck misspell generate generate-check landed release package-test fuzz screenshots module figures bench crash crash-nodes powercut

# Packages are installed while linters run, which need Go alone.
test:
	@$(MAKE) --no-print-directory --jobs=4 setup lint generate-check
	@$(MAKE) --no-print-directory unit

# What the suites need beside Go: a C compiler, mail servers, awkward mails, Python's gRPC.
setup:
	.ci/setup

# Not watched for races, because that would be most of the time of all tests: SQLite, translated from C, with its
# allocator; and what only computes, with neither goroutines nor atomics: keys, of which host and plugin make some at
# each start, hashes, patterns. (A package that uses sync.Map, as encoding/json does, must be watched: the linker
# could take its copy of the map's code for all others, and the detector would no longer see what a map orders.)
C_CODE   = modernc.org/sqlite/lib modernc.org/libc modernc.org/memory
KEYS     = $(addprefix crypto/internal/fips140/,nistec/... bigmod mlkem)
HASHES   = crypto/pbkdf2 $(addprefix crypto/internal/fips140/,sha256 hmac pbkdf2)
PATTERNS = regexp regexp/syntax text/template/parse unicode
RACE     = -race $(foreach package,$(C_CODE) $(KEYS) $(HASHES) $(PATTERNS),'-gcflags=$(package)=-race=false -d=checkptr=0')

# Most tests wait for other processes, so more of them run at a time than there are cores; how many
# families of processes, internal/testrun says. What a test does takes seconds: the time-out is for
# what hangs on a machine that is slow. lint has vetted.
unit:
	GO="$(GO)" .ci/unit $(RACE) -vet=off -shuffle=on -timeout 45m -p 2 -parallel 4

# What Go alone can do, in a minute once it is built: no root, no servers, no race detector, nothing that takes long.
quick:
	$(GO) vet ./...
	$(GO) test -vet=off -ldflags=-s -short -p 3 -parallel 4 ./... # most of them wait

# These programs live for seconds, and need not be thrifty.
lint gofmt vet elsewhere staticcheck misspell generate-check quick: export GOGC = 400

lint: gofmt vet elsewhere staticcheck misspell

gofmt:
	@unformatted=$$(gofmt -l cmd docs host internal plugin shared); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi

# Our vet tool is the same program in each clone, or go vet would know no result of before.
vet:
	$(GO) build -C .ci/tools -trimpath -buildvcs=false -o "$(CURDIR)/bin/lint" ./lint
	$(GO) vet -vettool=bin/lint ./...

elsewhere:
	$(GO) run ./.ci/elsewhere darwin/arm64

staticcheck:
	$(TOOLS) staticcheck ./...

misspell:
	@$(TOOLS) misspell -error -i occured $$(git ls-files '*.go' '*.md' '*.tmpl' '*.hcl' | grep -v testdata/) # occured: R01 writes it so

generate:
	$(TOOLS) buf generate --template shared/registrarrpc/buf.gen.yaml shared/registrarrpc

# The wire that plugins and panels out there speak, against which generate-check holds each change:
# to be written anew when a version of the contract is released, and at no other time.
landed:
	$(TOOLS) buf build shared/registrarrpc --exclude-source-info -o shared/registrarrpc/landed.binpb

# The committed code is what the proto says, and what was spoken yesterday is understood today.
generate-check:
	$(TOOLS) buf lint shared/registrarrpc
	$(TOOLS) buf format -d --exit-code shared/registrarrpc
	$(TOOLS) buf breaking shared/registrarrpc --against shared/registrarrpc/landed.binpb
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	$(TOOLS) buf generate --template shared/registrarrpc/buf.gen.yaml -o "$$tmp" shared/registrarrpc && \
	diff -r -x panel -x doc.go "$$tmp/shared/registrarrpc/registrarpb" shared/registrarrpc/registrarpb

# What a release consists of, in bin/release; VERSION=1.2.3 unless the commit has the tag v1.2.3.
PLATFORMS ?=
release:
	GO="$(GO)" .ci/package/release $(PLATFORMS)

# Installs, upgrades and removes the package on a copy of this machine, which is Debian; as root.
package-test:
	GO="$(GO)" .ci/package/try

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 1m
fuzz:
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$(grep -h '^func Fuzz' $$dir/*_test.go | sed 's/func \(Fuzz[A-Za-z0-9_]*\).*/\1/'); do \
			echo "$$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$dir || exit 1; \
		done; \
	done

# Keeps each page of the console as pictures in SCREENSHOTS, of a screen and of a telephone, in both
# languages: to be looked at by who changes a page. README shows two of them, as docs/pictures has them.
SCREENSHOTS ?= $(CURDIR)/bin/screenshots
screenshots:
	@mkdir -p "$(SCREENSHOTS)"
	SCREENSHOTS="$(SCREENSHOTS)" $(GO) test -vet=off -count=1 -run TestInABrowser ./host/console
	@ls "$(SCREENSHOTS)" | wc -l

# Gives the whole module another path: make module PATH=example.com/panel
module:
	@$(GO) run ./.ci/module "$(MODULE)"

# The figures by which the style is judged: sizes, nesting, comments, paragraphs, words.
figures:
	@$(GO) run ./.ci/figures

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Kill, freeze and starve panel, plugin and R01 until N SIGKILLs. SEED repeats a campaign.
SEED   ?= $(shell date +%s)
WORLDS ?= 4
crash: N ?= 1000
crash:
	$(GO) run ./cmd/crash -n $(N) -seed $(SEED) -worlds $(WORLDS)

# The same with two nodes on a PostgreSQL server, which is killed over and over, too.
crash-nodes: N ?= 500
crash-nodes:
	$(GO) test -run 'TestCrashOnPostgreSQL$$' -v -timeout 6h ./cmd/crash -nodekills $(N) -nodeseed $(SEED)

# Cuts the power N times under a database that is being written to.
powercut: N ?= 5000
powercut:
	$(GO) test -run 'TestPowerCuts$$' -v -timeout 1h ./internal/sqldb -powercuts $(N) -powerseed $(SEED)
