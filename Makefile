# make run serves the demo, or ./framegate.yaml; make test runs every check and test. Both install what
# they need first, on Debian and Ubuntu.

# Go is often installed here and not yet in PATH.
export PATH := $(PATH):/usr/local/go/bin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
FUZZTIME ?= 20s
LDFLAGS := -X main.version=$(VERSION)

# What setup installs: run is what it takes to build and run, build only to build.
NEEDS ?= run

.PHONY: run build test lint unit fuzz bench image schema clean setup setup-test

run: build
	./bin/framegate serve

build: setup
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

test: setup-test lint unit fuzz

lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

unit:
	go test -race -timeout 20m ./...

fuzz:
	go test ./configs -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME)
	go test ./web -run '^$$' -fuzz '^FuzzParameters$$' -fuzztime $(FUZZTIME)
	go test ./pipeline -run '^$$' -fuzz '^FuzzParts$$' -fuzztime $(FUZZTIME)
	go test ./pipeline -run '^$$' -fuzz '^FuzzJPEG$$' -fuzztime $(FUZZTIME)

# One table of figures of this machine, and its plots: see docs/bench.md. BENCH passes options.
bench: build
	@internal/setup/install.sh bench
	./bin/bench $(BENCH)

# The container's image, built from the Dockerfile, run, and looked at as a client would: see docs/container.md.
image:
	@internal/setup/image.sh $(VERSION)

# The JSON Schema, after a change of the configuration's types.
schema:
	go test ./configs -run Schema -update

clean:
	rm -rf bin

setup:
	@internal/setup/check-go.sh
	@internal/setup/install.sh $(NEEDS)

setup-test:
	@internal/setup/check-go.sh
	@internal/setup/install.sh test
