# Each target sets up what it needs first. `make help` lists them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# pip keeps what it fetched in the cache folder that the machine gives it.
PIP := $(BIN)/pip --disable-pip-version-check install

.venv/.packages: requirements/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "anvil-lb needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "==> apt-get install python3-venv (Debian ships venv apart)"; apt-get update -qq && apt-get install -y -qq python3-venv; }
	@echo "==> Python packages from requirements/dev.lock into .venv (half a minute)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@set -o pipefail; $(PIP) --require-hashes -r requirements/dev.lock | sed -un 's/^Collecting \([^ ]*\).*/    \1/p'
	@touch $@

.venv/.ready: .venv/.packages pyproject.toml
	@$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: .venv/.ready ## Install and build everything that demo, test and bench need
	@$(BIN)/lbctl lab setup

.PHONY: check
check: .venv/.ready ## Format, lint, types, import contracts, generated files, unit tests (under 60 s)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m lb.cli.generate --check
	@$(BIN)/pytest -q -n auto --dist worksteal tests/unit

.PHONY: test
test: check setup ## All tests: check, then integration and end-to-end on a real Kubernetes
	@$(BIN)/pytest tests/integration tests/e2e

.PHONY: demo
demo: setup ## The main job, told as it happens, on a Kubernetes of three nodes
	@exec $(BIN)/python -m lb.cli.demo

.PHONY: bench
bench: setup ## Measure; figures go to build/bench.json
	@$(BIN)/pytest -q tests/bench

.PHONY: image
image: .venv/.ready ## Build the OCI image as build/anvil-lb.tar
	@$(BIN)/lbctl image build --output build/anvil-lb.tar

.PHONY: generate
generate: .venv/.ready ## Write the CRDs in manifests/ from lb/api
	@$(BIN)/python -m lb.cli.generate

.PHONY: format
format: .venv/.ready ## Format the code and apply safe lint fixes
	@$(BIN)/ruff check --fix-only . && $(BIN)/ruff format .

.PHONY: lock
lock: .venv/.ready ## Write requirements/*.lock from pyproject.toml
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements/runtime.lock
	@$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 -c requirements/runtime.lock --extra dev pyproject.toml -o requirements/dev.lock

.PHONY: clean
clean: ## Remove what was made in this clone (the cache in ~/.cache/anvil-lb stays)
	@if [ -x $(BIN)/lbctl ]; then $(BIN)/lbctl lab clean; fi
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
