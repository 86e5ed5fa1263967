# make run serves the demo, or ./framegate.yaml; make test runs every check and test. Both install what
# they need first, on Debian and Ubuntu.

# Go is often installed here and not yet in PATH.
export PATH := $(PATH):/usr/local/go/bin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
FUZZTIME ?= 20s
UNIT ?= -race
LDFLAGS := -X main.version=$(VERSION)

# Asked for in each recipe, since setup may have installed GStreamer just before.
GO = CGO_CFLAGS="$$(internal/setup/cflags.sh)" go

.PHONY: run build test lint unit fuzz bench schema versions clean setup setup-test

run: build
	./bin/framegate serve

build: setup
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

test: setup-test lint unit fuzz

lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

unit:
	$(GO) test $(UNIT) -timeout 20m ./...

fuzz:
	$(GO) test ./configs -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME)
	$(GO) test ./web -run '^$$' -fuzz '^FuzzParameters$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline -run '^$$' -fuzz '^FuzzParts$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline -run '^$$' -fuzz '^FuzzJPEG$$' -fuzztime $(FUZZTIME)

# One table of figures of this machine, and its plots: see docs/bench.md. BENCH passes options.
bench: build
	@internal/setup/install.sh bench
	./bin/bench $(BENCH)

# The JSON Schema, after a change of the configuration's types.
schema:
	$(GO) test ./configs -run Schema -update

# Builds and tests on other releases, as root: see docs/versions.md. SUITES names them.
versions:
	internal/setup/versions.sh $(SUITES)

clean:
	rm -rf bin

setup:
	@internal/setup/check-go.sh
	@internal/setup/install.sh run

setup-test:
	@internal/setup/check-go.sh
	@internal/setup/install.sh test
