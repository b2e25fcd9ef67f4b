# Everything a fresh machine needs is Python ≥ 3.11 and make; all else is installed into .venv by this file.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --constraint constraints.txt
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
SUITES ?= ../shared/suites

.PHONY: help demo test check lint types imports requirements format frontend wheel conformance bench clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(VENV)/.demo frontend ## install, build and serve the demo on http://127.0.0.1:8000
	@exec $(BIN)/obieg demo

test: $(VENV)/.dev frontend ## install what the tests need and run all of them
	@$(BIN)/python tools/suite.py

check: lint types imports ## lint, types, import contracts

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	@$(BIN)/python tools/frontend.py --lint

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

requirements: $(VENV)/.dev ## make docs/requirements.md from the names of the tests
	@$(BIN)/python tools/requirements.py

format: $(VENV)/.dev ## put the sources into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

frontend: $(VENV)/.demo ## build the pages' scripts and styles when they changed
	@$(BIN)/python tools/frontend.py

wheel: $(VENV)/.dev frontend ## build the wheel, with the built front end inside
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@$(BIN)/python tools/wheel_contents.py dist

conformance: $(VENV)/.dev ## run other people's conformance suites: make conformance SUITES=<folder>
	$(BIN)/python -m tests.conformance $(SUITES)

bench: $(VENV)/.demo ## the benchmarks
	$(BIN)/obieg bench complete
	$(BIN)/obieg bench http

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Obieg needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python3."; exit 2; }
	@echo "Creating the virtual environment with $(PYTHON) …"
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot create virtual environments; its venv module is missing."; exit 2; }
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing Obieg …"
	@$(PIP) --editable '.[frontend]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "Installing the development tools …"
	@$(PIP) --editable '.[frontend,test,dev]'
	@touch $@

clean: ## remove what was built (the data folder stays)
	rm -rf $(VENV) dist build webapp/static/dist webapp/frontend/node_modules .mypy_cache .ruff_cache .pytest_cache
