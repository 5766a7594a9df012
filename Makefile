# Broadcaster: `make` lists what there is. Needs Python 3.11 to 3.13, git and make; nothing as root.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
    $$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
    2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# More words for the command, as in: make demo ARGS="--customers 20000 --keep"
ARGS ?=
# How many processes share the tests: one more than there are processors on a small machine, since
# those that start and kill services wait much.
JOBS ?= 3

# What pip was told about where packages come from, uv is told too.
ifneq ($(PIP_INDEX_URL),)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifneq ($(PIP_CERT),)
export SSL_CERT_FILE ?= $(PIP_CERT)
endif
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test test-versions chaos lint format texts bench wheel lock clean
.NOTPARALLEL:

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  ARGS="..." hands more words on, as in: make demo ARGS="--customers 20000 --keep"'

setup: $(READY) ## Make the environment .venv; every other target does it by itself.

demo: $(READY) ## Send the founding notice to fictional customers and report who was reached.
	@$(BIN)/broadcaster demo $(ARGS)

dev: $(READY) ## Run everything on this machine, simulated networks too, until Ctrl+C.
	@$(BIN)/broadcaster up --sandbox $(ARGS)

test: $(READY) ## Run all tests, with real servers and, where one is here or can be fetched, a browser.
	@$(BIN)/python -m tests.fetch_browser
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-versions: $(READY) ## Run all tests on each Python from 3.11 to 3.13 that is here.
	@set -e; for version in 3.11 3.12 3.13; do \
	    found=; for python in python$$version $$HOME/.pyenv/versions/$$version.*/bin/python; do \
	        if $$python -c 'import venv, ensurepip' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    [ -n "$$found" ] || { echo "Python $$version is not here."; continue; }; \
	    $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON=$$found test; \
	done

chaos: $(READY) ## Kill, stop, cut and flush everything during a campaign, and check the sums.
	@$(BIN)/python -m tests.chaos $(ARGS)

lint: $(READY) ## Check style, types and who imports whom.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/broadcaster kinds check
	@$(BIN)/broadcaster i18n check
	@find broadcaster tests -name '*.py' -exec awk 'END { if (NR > 300) \
	    print "note: " FILENAME " has " NR " lines; beyond 300 it wants to be split" }' {} \;

format: $(READY) ## Bring the code into its format.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only .

texts: $(READY) ## Bring the catalogues into step with templates and pages.
	@$(BIN)/broadcaster i18n update

bench: $(READY) ## Run the benchmarks, one after the other; ARGS=--full for the long form.
	@$(BIN)/python -m benchmarks $(ARGS)

wheel: $(READY) ## Build the wheel into dist/.
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

lock: $(READY) ## Write requirements/ anew from pyproject.toml.
	@for file in run dev; do \
	    [ $$file = dev ] && group="--group dev" || group=""; \
	    $(BIN)/uv pip compile pyproject.toml $$group -p 3.11 --universal --generate-hashes \
	        --no-emit-index-url --no-header -q -o requirements/$$file.txt || exit 1; \
	done

clean: ## Remove the environment and what tools left; data in .broadcaster stays.
	rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# One environment for running and for developing: installing it once takes seconds, and what is
# tested is what runs. Every package is checked against its hash, whichever tool fetches it.
$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 with venv is needed and was not" \
	    "found. Install it (Debian: apt install python3 python3-venv), or name one:" \
	    "make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) ..."
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
	    -r requirements/uv.txt || echo "uv could not be installed; going on with pip."
	@export VIRTUAL_ENV="$(abspath $(VENV))"; \
	    { [ -x $(BIN)/uv ] \
	        && $(BIN)/uv pip install -q --require-hashes -r requirements/dev.txt; } \
	    || { echo "Installing with pip, which takes longer ..." \
	        && $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
	            -r requirements/dev.txt; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-index --no-deps \
	    --no-build-isolation -e .
	@touch $@
