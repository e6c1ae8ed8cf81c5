# Every way to put muster to work; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run demo test campaign check bench fuzz format generate lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Source packages are built with what requirements/build.txt pins, never with a download of their own.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	--no-build-isolation --use-pep517 --only-binary :all: --no-binary pyzk --no-binary nkeys

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.build: requirements/build.txt
	@echo "==> virtual environment"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.local: requirements/local.txt $(VENV)/.build
	@echo "==> pinned dependencies (about a minute the first time)"
	@$(INSTALL) -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.local
	@echo "==> tools for tests and checks"
	@$(INSTALL) -r $<
	@touch $@

setup: $(VENV)/.dev ## Make the virtual environment with everything a contributor needs

run: $(VENV)/.local ## Start everything on this machine, without simulated devices
	@$(BIN)/python -m deploy.local run

demo: $(VENV)/.local ## Start everything, three simulated terminals and a webhook receiver
	@$(BIN)/python -m deploy.local demo

test: $(VENV)/.dev ## Run every test on embedded servers
	@$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder -m "not campaign"

campaign: $(VENV)/.dev ## Run the tests that take longer: thousands of odd requests, every codec fuzzed
	@$(BIN)/python -m pytest -m campaign
	@for target in $$(ls tests/fuzz/corpus); do \
		$(BIN)/python -m tests.fuzz $$target --runs 20000 || exit 1; done

check: $(VENV)/.dev ## Lint, types, import contracts, generated files up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m deploy.reference --check

bench: $(VENV)/.dev ## Measure, each figure beside a floor or a peer of the same run
	@$(BIN)/python -m tests.bench

FUZZ ?= frames
RUNS ?= 1000000
fuzz: $(VENV)/.dev ## Fuzz one codec: make fuzz FUZZ=frames RUNS=1000000
	@$(BIN)/python -m tests.fuzz $(FUZZ) --runs $(RUNS)

format: $(VENV)/.dev ## Put the code into its one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

generate: $(VENV)/.dev ## Write the generated documents in docs/reference
	@$(BIN)/python -m deploy.reference

lock: $(VENV)/.dev ## Pin and hash the requirements anew (needs uv on the path)
	@cd requirements && for each in build run local pyzk dev; do \
		uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
			--python-version 3.11 --python-platform linux $$each.in --output-file $$each.txt || exit 1; \
	done

clean: ## Remove the virtual environment and all data of this checkout
	@rm -rf $(VENV) .muster .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
