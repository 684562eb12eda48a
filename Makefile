# Everything a developer or an operator runs. `make help` lists it; nothing here needs root, an
# account or a network beyond the package registries.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

UV := .tools/bin/uv
BIN := .venv/bin
SEEDS ?= 20
FIRST ?= 1
RATES ?= 1
INPUTS ?= 100000
ROWS ?= 10000 100000 1000000
PERSONS ?= 1000000
READY := .venv/.in-step-with-uv.lock

# The first Python here that the lock covers; PYTHON=/path/to/python3 chooses another.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& command -v "$$python" && break; done)

# Only what we install: no other environment, no interpreter from elsewhere.
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := $(if $(CI),1,0)
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# Every task of a night is a process of its own: without compiled files a third of it is compiling.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run up down test test-slow fuzz bench bench-receipt bench-queries accuracy docs secrets lint format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Install everything into .venv (again only when uv.lock changes)

$(UV): requirements-uv.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found: install one, or run make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) has no venv module: install it (Debian: python3-venv)" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-uv.txt
	@touch $@

# --locked: stop when pyproject.toml asks for something uv.lock does not hold
$(READY): uv.lock $(UV)
	@echo "Installing the locked packages into .venv (some 1.5 GB on disk the first time)" >&2
	$(UV) sync --quiet --locked --extra sandbox --compile-bytecode --python .tools/bin/python
	@touch $@

run: $(READY) ## Play a simulated campaign through Airflow: three nights, a release, coverage and ledger
	$(BIN)/python -m tools.play

up: $(READY) ## Keep Airflow running; prints its address and login
	$(BIN)/python -m tools.airflow_local

down: ## Stop what `make up` started
	@test -f .airflow/up.pid && kill "$$(cat .airflow/up.pid)" || echo "nothing is up"

# one worker more than cores: some tests wait for a clock, a server or another process
# worksteal: each begins with its share of the modules as they stand, so that what a module makes for all its tests is mostly made once;
# whoever is done first takes tests over from another, and makes it again for those
PYTEST := $(BIN)/pytest -q -n 3 --dist worksteal

test: $(READY) ## Run all tests but the slow ones
	$(PYTEST) -m "not slow and not fuzz"

test-slow: $(READY) ## Run the slow tests: whole campaigns, the browser, many rows
	$(PYTEST) -m slow --timeout 1200

fuzz: $(READY) ## Run the fuzz tests: damaged and hostile input
	$(PYTEST) -m fuzz --timeout 1200
	$(BIN)/python -m tests.fuzz.many --inputs $(INPUTS)

bench: $(READY) ## Measure every step beside a floor: ROWS="10000 100000 1000000" unless given
	$(BIN)/python -m benchmarks.bench --rows $(ROWS)

bench-receipt: $(READY) ## Measure a thousand bundles beside one file, and memory as submissions grow
	$(BIN)/python -m benchmarks.receipt

bench-queries: $(READY) ## Time the guide's questions on the release in force, its persons repeated to PERSONS=1000000
	$(BIN)/python -m benchmarks.queries --persons $(PERSONS)

accuracy: $(READY) ## Count SEEDS=20 simulated fields from seed FIRST=1 at RATES=1 times the noise; hold them against their truth
	$(BIN)/python -m tools.accuracy --first $(FIRST) --seeds $(SEEDS) --rate-scale $(RATES)

docs: $(READY) ## Write docs/dictionary.md and the last section of docs/measures.md
	$(BIN)/sanaq docs

secrets: $(READY) ## Write the secret files docker-compose.yml reads
	$(BIN)/python -m tools.make_secrets

lint: $(READY) ## Check format, style, types, architecture and SQL
	$(UV) lock --quiet --check --python .tools/bin/python
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.sql_lint
	$(BIN)/python -m tools.sql_layout

format: $(READY) ## Bring Python and SQL into the common format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/python -m tools.sql_layout --fix

clean: ## Remove environments and caches; data and lake stay
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
