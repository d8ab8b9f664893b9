# Every target sets itself up: Python 3.11+ and make are enough. Stamps in .venv make a second run free.

PYTHON ?=
ARGS ?=
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" --extra embedded --group build

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow slow-setup bench bench-rights bench-counts lint schema lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Ctrl-C is how it ends: the shell waits for the server to stop, and exit code 130 is no failure.
demo: .venv/.runtime ## Start a server with a demonstration estate and print how to call it (Ctrl-C stops it)
	@trap : INT; $(BIN)/tenantry demo $(ARGS) || { code=$$?; [ $$code -eq 130 ] || exit $$code; }

test: .venv/.dev ## Run the tests on a PostgreSQL that they start
	$(BIN)/pytest -n 2 -m "not slow" $(ARGS)

test-slow: slow-setup ## Run the slow tests
	$(BIN)/pytest -m slow $(ARGS)

# What only slow tests need (Node packages, say) is set up here.
slow-setup: .venv/.dev

bench: .venv/.dev ## Time Tenantry beside its peers and write docs/performance.md (ARGS=--help: a quick look)
	$(BIN)/python -m benchmarks.bench $(ARGS)

bench-rights: .venv/.dev ## Judge what tokens, the audit and grants add to requests
	$(BIN)/python -m benchmarks.rights

bench-counts: .venv/.dev ## Count SQL statements and calls of each operation (ARGS=--write: renew the figures)
	$(BIN)/python -m benchmarks.counts $(ARGS)

lint: .venv/.dev ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

schema: .venv/.dev ## Regenerate schema/schema.graphql
	$(BIN)/tenantry schema > schema/schema.graphql.new
	mv schema/schema.graphql.new schema/schema.graphql

# UPGRADE=1 takes newer versions; without it only what pyproject.toml asks for changes.
lock: .venv/.dev ## Renew requirements/*.txt from pyproject.toml (UPGRADE=1: take newer versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements/runtime.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) --group dev -c requirements/runtime.txt -o requirements/dev.txt

clean: ## Remove the environment and what tools left (data in TENANTRY_HOME stays)
	rm -rf .venv benchmarks/peers/*/node_modules benchmarks/peers/*/.venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "$$python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; \
			exit 1; }; \
		echo "Creating .venv with $$("$$python" --version)"; \
		exec "$$python" -m venv .venv; \
	done; \
	echo "Tenantry needs Python 3.11 or newer, and none was found." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2; \
	exit 1

# Two calls of pip, as hashes cannot be demanded of a folder. No bytecode is written for what is never imported.
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile

.venv/.runtime: .venv/bin/python requirements/runtime.txt pyproject.toml
	@echo "Installing what Tenantry runs on"
	@$(INSTALL) --require-hashes -r requirements/runtime.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/bin/python requirements/dev.txt pyproject.toml
	@echo "Installing what Tenantry runs on and is tested with"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch .venv/.runtime $@
