# make run serves the demo, or ./framegate.yaml; make test runs every check and test. Both install what
# they need first, on Debian and Ubuntu.

# Go is often installed here and not yet in PATH.
export PATH := $(PATH):/usr/local/go/bin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
FUZZTIME ?= 20s
LDFLAGS := -X main.version=$(VERSION)

.PHONY: run build test lint unit fuzz bench gpu-check gpu-pack schema clean setup setup-test

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

# The plans for NVIDIA's cards, tried on one: see docs/hardware.md. It says so where there is none. GPUCHECK passes options.
gpu-check: build
	@./bin/gpucheck $(GPUCHECK)

# The same packed into one folder, for a machine with a card that can fetch nothing.
gpu-pack: build
	@internal/setup/gpu-pack.sh bin/gpu-check

# The JSON Schema, after a change of the configuration's types.
schema:
	go test ./configs -run Schema -update

clean:
	rm -rf bin

setup:
	@internal/setup/check-go.sh
	@internal/setup/install.sh run

setup-test:
	@internal/setup/check-go.sh
	@internal/setup/install.sh test
