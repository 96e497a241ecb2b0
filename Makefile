# `make` alone lists the targets. Everything runs from the tree; nothing is installed outside it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := .venv-sam
SAM := $(SAM_VENV)/bin/sam
PIP := -m pip --disable-pip-version-check --no-input -qq
SOURCES := layers/shared functions tests benchmarks
UV ?= uv
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-22s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.installed ## Make .venv with everything that development needs (again: instant)

$(VENV)/.installed: requirements/dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) install --no-compile --require-hashes -r requirements/dev.lock
	$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(SAM_VENV)/.installed: requirements/sam.lock
	test -x $(SAM_VENV)/bin/python || $(PYTHON) -m venv $(SAM_VENV)
	$(SAM_VENV)/bin/python $(PIP) install --no-compile --require-hashes -r requirements/sam.lock
	touch $@

.PHONY: test
test: setup ## Run the unit, property, contract and integration tests, in parallel, with coverage
	$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term

.PHONY: lint
lint: setup ## Check style, format, types and the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml

.PHONY: format
format: setup ## Mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: ## Write the lock files anew (needs uv); UPGRADE=--upgrade takes newer versions
	$(LOCK) $(UPGRADE) --python-version 3.11 pyproject.toml --extra dev -o requirements/dev.lock
	$(LOCK) $(UPGRADE) --python-version 3.11 requirements/sam.in -o requirements/sam.lock
	$(LOCK) $(UPGRADE) --python-version 3.13 --constraint requirements/dev.lock \
		layers/shared/requirements.in -o layers/shared/requirements.txt

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) $(SAM_VENV) .cache .aws-sam .pytest_cache .hypothesis .mypy_cache .ruff_cache htmlcov
	rm -f .coverage .coverage.*
	find layers functions tests -name __pycache__ -type d -prune -exec rm -rf {} +
