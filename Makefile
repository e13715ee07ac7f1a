# The two commands a newcomer needs are `make demo` and `make test`; `make help` lists the others.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types imports fuzz bench lock clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "datasouk needs Python 3.11 or newer; set PYTHON=/path/to/it")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## start a marketplace to try on 127.0.0.1:8000, with a demo account
	@$(BIN)/datasouk demo

test: $(READY) ## run every test
	$(BIN)/python -m pytest -n auto

check: format lint types imports ## everything that is checked without running

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports --cache-dir .import_linter_cache

fuzz: $(READY) ## feed hostile input to every parser, a minute each (FUZZ_SECONDS=60)
	$(BIN)/python -m tests.fuzz $(or $(FUZZ_SECONDS),60)

bench: $(READY) ## measure, as ratios in one run
	$(BIN)/python -m bench

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.lock

clean: ## remove what the other commands made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .fuzz dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
