# make help lists the targets. run, build, tools, check, test and what builds first install what is missing, on Debian and
# Ubuntu; lint, unit, fuzz and the like take that for granted.
.NOTPARALLEL:

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
run check tools: NEEDS = build serve demo
test: NEEDS = build serve demo test
bench: NEEDS = build serve demo bench

.PHONY: help run build tools check test lint quick unit fuzz corrupt bench image gpu-check gpu-pack chaos chaos-ci soak \
	schema versions clean setup

## Serve ./framegate.yaml, or the demo where there is none.
run: build
	@if [ -e framegate.yaml ]; then set -x; exec ./bin/framegate serve --config framegate.yaml; else set -x; exec ./bin/framegate demo; fi

## Print this list.
help:
	@awk '/^## / { text = text substr($$0, 3); next } \
		text && /^[a-z-]+:/ { sub(/:.*/, ""); printf "make %-10s %s\n", $$0, text } { text = "" }' $(MAKEFILE_LIST)

## Build what is shipped, framegate and testcam, into bin/.
build: setup
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

## Build the developers' programs into bin/ too, beside the framegate that they run.
tools: build
	$(GO) build -o bin/ ./tools/...

## The quick half of the tests: lint, and the unit tests without a browser and without those that take several seconds.
check: setup lint quick

## Every check and test: lint, all unit tests, fuzzing and chaos. It installs what is missing, a browser too.
test: setup lint unit fuzz chaos-ci

## gofmt, vet, staticcheck and warnings of C, and that what needs no GStreamer builds without cgo.
lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	scripts/check-c.sh
	CGO_ENABLED=0 go vet $(PLAIN)

# The packages that build where there is neither GStreamer nor a C compiler.
PLAIN = ./registry/... ./web/... ./configs/... ./pipeline/unit/... ./pipeline/frame/...

## The unit tests of check.
quick:
	$(GO) test -short -p 2 -timeout 5m ./...

# One package after the other: much of what they check has limits of time, which others' tests would use up.
## All unit tests, with the race detector; UNIT passes other options.
unit:
	$(GO) test $(UNIT) -p 1 -timeout 20m ./...
	CGO_ENABLED=0 go test $(PLAIN)

## Every fuzz target for FUZZTIME, 20s unless set.
fuzz:
	$(GO) test ./configs -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME)
	$(GO) test ./configs/edit -run '^$$' -fuzz '^FuzzEdit$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x
	$(GO) test ./web -run '^$$' -fuzz '^FuzzParameters$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline/unit -run '^$$' -fuzz '^FuzzParts$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline/unit -run '^$$' -fuzz '^FuzzJPEG$$' -fuzztime $(FUZZTIME)
	$(GO) test ./pipeline/unit -run '^$$' -fuzz '^FuzzNALUnits$$' -fuzztime $(FUZZTIME)

## 100,000 damaged access units of each codec, not the 10,000 of every test run; CORRUPT_UNITS says how many.
corrupt:
	CORRUPT_UNITS=$${CORRUPT_UNITS:-100000} $(GO) test ./pipeline -run '^TestCorruptedUnits' -count 1 -v -timeout 20m

## Measure framegate on this machine, see docs/bench.md. BENCH passes options.
bench: setup tools
	./bin/bench $(BENCH)

# CHAOS passes options, such as CHAOS="--for 1h --seed 7". The seed that a run prints repeats it.
## Cameras that fail and viewers that behave badly, while every promise is checked: see docs/reliability.md.
chaos: tools
	./bin/endure chaos $(CHAOS)

## Three minutes of chaos, as in test.
chaos-ci: tools
	./bin/endure chaos --for 3m $(CHAOS)

## What framegate takes of the machine while viewers come and go, for an hour. SOAK passes options.
soak: tools
	./bin/endure soak $(SOAK)

## Try the plans for NVIDIA's cards on one, see docs/hardware.md. GPUCHECK passes options.
gpu-check: tools
	@./bin/gpucheck $(GPUCHECK)

## Pack gpu-check into bin/gpu-check, for a machine with a card that can fetch nothing.
gpu-pack: tools
	@scripts/gpu-pack.sh bin/gpu-check

## Build the container's image, run it and check it as a client would: see docs/container.md.
image:
	@scripts/image.sh $(VERSION)

## Write the JSON Schema, after a change of the configuration's types.
schema:
	$(GO) test ./configs -run Schema -update

## Build and test on other releases, as root: see docs/versions.md. SUITES names them.
versions:
	scripts/versions.sh $(SUITES)

## Remove bin/.
clean:
	rm -rf bin

## Check that Go is new enough, and install what is missing.
setup:
	@scripts/check-go.sh
	@scripts/install.sh $(NEEDS)
