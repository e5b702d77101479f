# Vestibule. `make help` lists the verbs.
SHELL := /bin/bash
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)

.DEFAULT_GOAL := help

##@ Use
run: $(VENV)/.run ## Start with the demonstration federation
	$(BIN)/vestibule demo

migrate: $(VENV)/.run ## Bring the database to this version's shape
	$(BIN)/vestibule migrate

##@ Develop
test: $(VENV)/.test ## Run the tests (one part: T=tests/unit)
	$(BIN)/python -m pytest $(if $(T),$(T),-n 2 --dist worksteal) $(ARGS)

check: $(VENV)/.test ## Lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test ## Measure CPU per complete login and the ratio to bare cryptography
	$(BIN)/python -m tests.bench

screenshots: $(VENV)/.test ## Take a picture of every page (SCREENSHOTS=folder)
	$(BIN)/python -m tests.browser.screenshots $(or $(SCREENSHOTS),var/screenshots)

pictures: $(VENV)/.test ## Take the pictures of pages that docs/ shows
	$(BIN)/python -m tests.browser.doc_pictures

docs: $(VENV)/.test ## Regenerate the reference pages in docs/
	$(BIN)/python -m tests.architecture.generate_docs

system-deps: ## Install what full testing needs (Debian, as root)
	tests/peers/system-deps.sh

clean: ## Remove the virtual environment and the demonstration's state
	rm -rf $(VENV) var build dist *.egg-info

help: ## This text
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  make %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Vestibule needs Python 3.11 or later." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python setup.cfg constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(BIN)/python setup.cfg constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@ $(VENV)/.run

.PHONY: run migrate test check bench screenshots pictures docs system-deps clean help
