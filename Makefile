# What CI runs, target by target. `make` alone is what to run before a commit.

GO          ?= go
FUZZTIME    ?= 5s
STATICCHECK ?= $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: check ci fmt vet lint floors test test-1cpu fuzz stress contract mutants bench bench-smoke benchstat

check: fmt vet test

ci: fmt vet lint floors contract test test-1cpu fuzz stress bench-smoke

fmt: ## nothing that gofmt would change
	@out=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$out" || { echo "gofmt would change:"; echo "$$out"; exit 1; }

vet:
	$(GO) vet ./...

lint:
	$(STATICCHECK) ./...

floors: ## who imports whom, and that the core needs the standard library only
	$(GO) test -count=1 ./internal/floors/

test: ## the README's second command
	$(GO) test -race ./...

test-1cpu: ## other schedules: one processor, no race detector
	GOMAXPROCS=1 $(GO) test ./...

fuzz: ## each fuzz target for a short while
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "fuzz $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

stress: ## the README's first command
	$(GO) run ./cmd/stress

contract: ## each property of docs/contract.md with the tests that cover it
	$(GO) run ./internal/cmd/contract

mutants: ## break the library on purpose; the tests must notice
	$(GO) run ./internal/cmd/mutants

bench: ## ours against what people would use instead, as ratios
	$(GO) run ./bench

bench-smoke: ## that the benchmarks and their driver work
	$(GO) run ./bench -count 1 -benchtime 10ms -run uncontended

benchstat: ## go test -bench everywhere, for benchstat
	$(GO) test -run '^$$' -bench . -count 6 ./...
