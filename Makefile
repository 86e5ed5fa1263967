# make help lists the targets. On Debian and Ubuntu, run, build, tools, check, test and the targets that build first install
# what is missing. lint, unit, fuzz and the like expect that it is installed.
.NOTPARALLEL:

# Go is often installed here but not in PATH.
export PATH := $(PATH):/usr/local/go/bin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
FUZZTIME ?= 100000x
UNIT ?= -race
LDFLAGS := -X main.version=$(VERSION)

# Evaluated in each recipe, since setup may just have installed GStreamer.
GO = CGO_CFLAGS="$$(scripts/cflags.sh)" go

# The sets of packages that setup installs, see scripts/install.sh. A target that needs more sets its own value, which make
# passes on to its prerequisites.
NEEDS = build serve
run check tools: NEEDS = build serve demo
test wall: NEEDS = build serve demo test
bench: NEEDS = build serve demo bench

.PHONY: help run build tools check test lint quick vulnerabilities unit plain fuzz fuzz-attackers corrupt bench image gpu-check gpu-pack chaos chaos-ci soak wall \
	schema versions clean setup

## Serve ./framegate.yaml, or the demo if there is none.
run: build
	@if [ -e framegate.yaml ]; then set -x; exec ./bin/framegate serve --config framegate.yaml; else set -x; exec ./bin/framegate demo; fi

## Print this list.
help:
	@awk '/^## / { text = text substr($$0, 3); next } \
		text && /^[a-z-]+:/ { sub(/:.*/, ""); printf "make %-10s %s\n", $$0, text } { text = "" }' $(MAKEFILE_LIST)

## Build what is shipped, framegate and testcam, into bin/.
build: setup
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

## Build the developers' programs into bin/ too.
tools: build
	$(GO) build -o bin/ ./tools/...

## Run lint, the quick unit tests (no browser, no long ones), and look for known vulnerabilities.
check: setup lint quick vulnerabilities

## Run every check and test: lint, all unit tests, fuzzing, known vulnerabilities and chaos. Installs what is missing, including a browser.
test: setup lint unit fuzz vulnerabilities chaos-ci

## Run gofmt, vet and staticcheck, compile the C files with warnings, and vet without cgo what needs no GStreamer.
lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	scripts/check-c.sh
	CGO_ENABLED=0 go vet $(PLAIN)

## Look for known vulnerabilities in what framegate uses. Without a way to the database (GOVULNDB, else vuln.go.dev), it says so and passes.
vulnerabilities:
	@CGO_CFLAGS="$$(scripts/cflags.sh)" scripts/vulnerabilities.sh $(GOVULNCHECK)

# The packages that are built and tested without GStreamer and a C compiler too. internal/imports reads this list.
PLAIN = ./internal/backoff/... ./internal/selfsign/... ./internal/health/... ./internal/state/... ./internal/certificate/... ./pipeline/frame/... ./pipeline/jpeg/... ./pipeline/webp/... \
	./pipeline/multipart/... ./pipeline/unit/... ./pipeline/challenge/... ./pipeline/redirect/... ./pipeline/depay/... ./pipeline/rtsp/... \
	./configs/... ./internal/onvif/... ./registry/... ./web/...

## Run the unit tests of make check.
quick:
	$(GO) test -short -p 2 -timeout 5m ./...

# One package after another: many tests have limits of time, which the load of other packages' tests would exceed.
## Run all unit tests, with the race detector. UNIT passes other options.
unit:
	$(GO) test $(UNIT) -p 1 -timeout 20m ./...
	$(MAKE) plain

## Run the unit tests that need neither GStreamer nor a C compiler.
plain:
	CGO_ENABLED=0 go test $(PLAIN)

# A count, not a time: where a time ends, Go before 1.27 may report "context deadline exceeded" as a failure, which is no input's fault
# (golang/go issue 75804). The same holds for the time that an input found may be made smaller.
FUZZ = $(GO) test -run '^$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x -timeout 20m

## Run every fuzz target for FUZZTIME, by default 100000 inputs.
fuzz:
	$(FUZZ) ./configs -fuzz '^FuzzParse$$'
	$(FUZZ) ./configs/edit -fuzz '^FuzzEdit$$'
	$(FUZZ) ./web -fuzz '^FuzzParameters$$'
	$(FUZZ) ./web -fuzz '^FuzzWayBack$$'
	$(FUZZ) ./web/live -fuzz '^FuzzRequest$$'
	$(FUZZ) ./pipeline/challenge -fuzz '^FuzzChallenges$$'
	$(FUZZ) ./pipeline/rtsp -fuzz '^FuzzDescription$$'
	$(FUZZ) ./pipeline/rtsp -fuzz '^FuzzWire$$'
	$(FUZZ) ./pipeline/depay -fuzz '^FuzzPackets$$'
	$(FUZZ) ./pipeline/feed -fuzz '^FuzzHeads$$'
	$(FUZZ) ./pipeline/feed -fuzz '^FuzzMP4$$'
	$(FUZZ) ./pipeline/multipart -fuzz '^FuzzParts$$'
	$(FUZZ) ./pipeline/jpeg -fuzz '^FuzzRead$$'
	$(FUZZ) ./pipeline/unit -fuzz '^FuzzNALUnits$$'
	$(FUZZ) ./pipeline/unit -fuzz '^FuzzClaims$$'
	$(FUZZ) ./internal/onvif -fuzz '^FuzzAnswers$$'
	$(MAKE) fuzz-attackers

# By default each runs for about 20 s on two cores. A time works as well, see above: make fuzz-attackers ATTACKS=10m
ATTACK = $(GO) test -run '^$$' -fuzzminimizetime 10x -timeout 30m -fuzztime
## Fuzz an RTSP camera, an HTTP camera, JPEGs, credentials and requests, and send 10,000 random ones to every route. ATTACKS=10m runs each for ten minutes.
fuzz-attackers:
	$(ATTACK) $(or $(ATTACKS),120000x) ./pipeline/rtsp -fuzz '^FuzzCamera$$'
	$(ATTACK) $(or $(ATTACKS),40000x) ./pipeline/feed -fuzz '^FuzzHTTPCamera$$'
	$(ATTACK) $(or $(ATTACKS),800000x) ./pipeline/jpeg -fuzz '^FuzzSegments$$'
	$(ATTACK) $(or $(ATTACKS),250000x) ./web/auth/users -fuzz '^FuzzAuthorization$$'
	$(ATTACK) $(or $(ATTACKS),200000x) ./web/auth/sessions -fuzz '^FuzzCookie$$'
	$(ATTACK) $(or $(ATTACKS),150000x) ./web/auth/tokens -fuzz '^FuzzToken$$'
	$(ATTACK) $(or $(ATTACKS),200000x) ./web/auth/links -fuzz '^FuzzLink$$'
	$(ATTACK) $(or $(ATTACKS),10000x) ./web -fuzz '^FuzzRequests$$'
	$(GO) test -timeout 30m ./web -run '^TestRandomRequestsAreAnswered$$' -requests $(or $(REQUESTS),10000)

## Decode 100,000 damaged access units of each codec, or CORRUPT_UNITS. Other test runs decode 10,000.
corrupt:
	CORRUPT_UNITS=$${CORRUPT_UNITS:-100000} $(GO) test ./pipeline -run '^TestCorruptedUnits' -count 1 -v -timeout 20m

## Measure framegate on this machine, see docs/bench.md. BENCH passes options.
bench: setup tools
	./bin/bench $(BENCH)

# CHAOS passes options, such as CHAOS="--for 1h --seed 7". A run prints its seed, which repeats it.
## Check every promise while cameras fail and viewers behave badly, see docs/reliability.md.
chaos: tools
	./bin/endure chaos $(CHAOS)

## Run chaos for three minutes, whatever its default is: for make test and for continuous integration.
chaos-ci: tools
	./bin/endure chaos --for 3m $(CHAOS)

## Measure for an hour what framegate takes of the machine while viewers come and go. SOAK passes options.
soak: tools
	./bin/endure soak $(SOAK)

## Show a wall of 16 cameras in Chromium for an hour, and check that no memory grows and no tile stands silently. WALL passes options.
wall: tools
	./bin/endure wall $(WALL)

## Check the plans for NVIDIA's cards on this machine's card, see docs/hardware.md. GPUCHECK passes options.
gpu-check: tools
	@./bin/gpucheck $(GPUCHECK)

## Pack gpu-check into bin/gpu-check, for a machine with a card and without packages or a network.
gpu-pack: tools
	@scripts/gpu-pack.sh bin/gpu-check

## Build the container image, run it and check it as a client would, see docs/container.md.
image:
	@scripts/image.sh $(VERSION)

## Write the JSON Schema, after a change of the configuration's types.
schema:
	$(GO) test ./configs -run Schema -update

## Build and test on other releases, as root, see docs/versions.md. SUITES names them.
versions:
	scripts/versions.sh $(SUITES)

## Remove bin/.
clean:
	rm -rf bin

## Check that Go is new enough, and install what is missing.
setup:
	@scripts/check-go.sh
	@scripts/install.sh $(NEEDS)
