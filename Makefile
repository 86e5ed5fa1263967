# make run serves ./framegate.yaml, or the demo where there is none; make test runs every check and test. Both
# install what they need first, on Debian and Ubuntu.

# Go is often installed here and not yet in PATH.
export PATH := $(PATH):/usr/local/go/bin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
FUZZTIME ?= 20s
UNIT ?= -race
LDFLAGS := -X main.version=$(VERSION)

# Asked for in each recipe, since setup may have installed GStreamer just before.
GO = CGO_CFLAGS="$$(scripts/cflags.sh)" go

# The sets of packages that setup installs, see scripts/install.sh. A target that needs more says so in a value of its
# own, which make passes to what it builds first.
NEEDS = build serve
run tools: NEEDS = build serve demo
test: NEEDS = build serve demo test
bench: NEEDS = build serve demo bench

.PHONY: run build tools test lint unit fuzz corrupt bench image gpu-check gpu-pack chaos chaos-ci soak schema versions clean setup

run: build
	@if [ -e framegate.yaml ]; then set -x; exec ./bin/framegate serve --config framegate.yaml; else set -x; exec ./bin/framegate demo; fi

build: setup
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

# What developers measure and check framegate with, beside the framegate that it runs.
tools: build
	$(GO) build -o bin/ ./tools/...

test: setup lint unit fuzz chaos-ci

lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

# One package after the other: much of what they check has limits of time, which others' tests would use up.
unit:
	$(GO) test $(UNIT) -p 1 -timeout 20m ./...

fuzz:
	$(GO) test ./configs -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME)
	$(GO) test ./configs -run '^$$' -fuzz '^FuzzEdit$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x
	$(GO) test ./web -run '^$$' -fuzz '^FuzzParameters$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline -run '^$$' -fuzz '^FuzzParts$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline -run '^$$' -fuzz '^FuzzJPEG$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline -run '^$$' -fuzz '^FuzzNALUnits$$' -fuzztime $(FUZZTIME)

# 100,000 damaged access units of each codec, instead of the 10,000 of every test run; CORRUPT_UNITS says how many.
corrupt:
	CORRUPT_UNITS=$${CORRUPT_UNITS:-100000} $(GO) test ./pipeline -run '^TestCorruptedUnits' -count 1 -v -timeout 20m

# One table of figures of this machine, and its plots: see docs/bench.md. BENCH passes options.
bench: setup tools
	./bin/bench $(BENCH)

# Cameras that fail and viewers that behave badly, while every promise is checked: see docs/reliability.md.
# CHAOS passes options, such as CHAOS="--for 1h --seed 7". chaos-ci is what fits into a run of the tests: three minutes. The
# seed that it prints repeats it.
chaos: tools
	./bin/endure chaos $(CHAOS)

chaos-ci: tools
	./bin/endure chaos --for 3m $(CHAOS)

# What framegate takes of the machine while viewers come and go, as a table and as plots. SOAK passes options.
soak: tools
	./bin/endure soak $(SOAK)

# The plans for NVIDIA's cards, tried on one: see docs/hardware.md. It says so where there is none. GPUCHECK passes options.
gpu-check: tools
	@./bin/gpucheck $(GPUCHECK)

# The same packed into one folder, for a machine with a card that can fetch nothing.
gpu-pack: tools
	@scripts/gpu-pack.sh bin/gpu-check

# The container's image, built from the Dockerfile, run, and looked at as a client would: see docs/container.md.
image:
	@scripts/image.sh $(VERSION)

# The JSON Schema, after a change of the configuration's types.
schema:
	$(GO) test ./configs -run Schema -update

# Builds and tests on other releases, as root: see docs/versions.md. SUITES names them.
versions:
	scripts/versions.sh $(SUITES)

clean:
	rm -rf bin

setup:
	@scripts/check-go.sh
	@scripts/install.sh $(NEEDS)
