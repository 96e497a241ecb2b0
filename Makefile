# `make` alone lists the targets. Everything runs from the tree; nothing is installed outside it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
# Without stored bytecode each of the many processes would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := .venv-sam
SAM := $(SAM_VENV)/bin/sam
PIP := -m pip --disable-pip-version-check --no-input -qq
UV ?= uv
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-22s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.installed ## Make .venv with everything that development needs (again: instant)

$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@echo "Installing what it needs into $(VENV); this takes a few minutes the first time." >&2
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) install --no-compile --no-deps --require-hashes -r requirements/dev.lock
	$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(SAM_VENV)/.installed: requirements/sam.lock
	test -x $(SAM_VENV)/bin/python || $(PYTHON) -m venv $(SAM_VENV)
	$(SAM_VENV)/bin/python $(PIP) install --no-compile --no-deps --require-hashes -r requirements/sam.lock
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

.PHONY: test-sam
test-sam: setup $(SAM_VENV)/.installed ## Validate, build and deploy (to an engine here) with the real SAM CLI
	$(BIN)/python -m pytest -m sam tests/contract/test_sam.py

.PHONY: test-dynamodb-local
test-dynamodb-local: setup ## Run the storage tests on DynamoDB Local (opt-in: its licence asks for an AWS account)
	PYTHON=$(BIN)/python tests/contract/on_dynamodb_local.sh

.PHONY: up
up: setup ## Start the local cloud, or say where it is; `make down` ends it
	$(BIN)/forgeledger local up

.PHONY: down
down: setup ## End the local cloud; its data stays
	$(BIN)/forgeledger local down

.PHONY: demo
demo: setup ## Run a job of 1,000 items on this machine to its one event (ITEMS, WORKERS, FAIL)
	$(BIN)/forgeledger demo --items $(or $(ITEMS),1000) --workers $(or $(WORKERS),4) --fail $(or $(FAIL),2%)

.PHONY: bench-cost
bench-cost: setup ## Count the write units of each kind of transition
	$(BIN)/python -m benchmarks.cost.write_units

.PHONY: bench-intake-cpu
bench-intake-cpu: setup ## Compare the intake's processor time with two bare boto3 calls
	$(BIN)/python -m benchmarks.speed.intake_cpu

.PHONY: bench-cold-start
bench-cold-start: setup ## Compare each function's import with bare boto3's
	$(BIN)/python -m benchmarks.speed.cold_start

.PHONY: bench-throughput
bench-throughput: setup ## Compare speed, requests and lost counts with two hand-written designs (ITEMS)
	$(BIN)/python -m benchmarks.speed.throughput --items $(or $(ITEMS),10000)

.PHONY: bench-registering
bench-registering: setup ## Measure memory and speed of registering 100,000 items (ITEMS)
	$(BIN)/python -m benchmarks.speed.registration $(or $(ITEMS),100000)

.PHONY: bench-latency
bench-latency: setup ## Compare the time from the last completion to the event with the engine's own floor
	$(BIN)/python -m benchmarks.speed.completion_latency

.PHONY: bench-large-jobs
bench-large-jobs: setup ## Measure what looking into a large job reads, and takes in the local cloud
	$(BIN)/python -m benchmarks.cost.why_reads
	$(BIN)/python -m benchmarks.speed.large_job_reads

.PHONY: chaos
chaos: setup ## Run a job while calls fail, processes are killed and the engine restarts (ITEMS, SEED)
	$(BIN)/python -m benchmarks.chaos.chaos_run --items $(or $(ITEMS),20000) --seed $(or $(SEED),1)

.PHONY: bench-metering
bench-metering: setup ## Measure what jobs and other designs use of AWS, into benchmarks/results (ITEMS)
	$(BIN)/python -m benchmarks.cost.job_meter $(if $(ITEMS),--items $(ITEMS))

.PHONY: bench-growth
bench-growth: setup ## Measure what an item takes in larger and larger jobs, also on the engine (ITEMS=1000000)
	$(BIN)/python -m benchmarks.cost.job_meter --items 100 1000 10000 100000 $(ITEMS)
	$(BIN)/python -m benchmarks.cost.job_meter --items 1000 10000 100000 --lanes 8
	$(BIN)/python -m benchmarks.cost.growth_on_engine
	$(BIN)/python -m benchmarks.cost.cost_page

.PHONY: bench-costs
bench-costs: setup ## Write the tables of docs/costs.md from benchmarks/results, and check their bounds
	$(BIN)/python -m benchmarks.cost.cost_page

.PHONY: bench-capacity-inputs
bench-capacity-inputs: setup ## Measure the inputs of the capacity model, into benchmarks/results
	$(BIN)/python -m benchmarks.capacity.capacity_inputs

.PHONY: capacity
capacity: setup ## Write docs/capacity.md: items per second by a model and by a simulation
	$(BIN)/python -m benchmarks.capacity.capacity_tables

.PHONY: cli-reference
cli-reference: setup ## Write docs/cli.md anew from the program
	$(BIN)/python -m tools.cli_reference > docs/cli.md

.PHONY: lock
lock: ## Write the lock files anew (needs uv); UPGRADE=--upgrade takes newer versions
	$(LOCK) $(UPGRADE) --python-version 3.11 pyproject.toml --extra dev -o requirements/dev.lock
	$(LOCK) $(UPGRADE) --python-version 3.11 requirements/sam.in -o requirements/sam.lock
	$(LOCK) $(UPGRADE) --python-version 3.13 --constraint requirements/dev.lock \
		layers/shared/requirements.in -o layers/shared/requirements.txt

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) $(SAM_VENV) build dist .cache .aws-sam .pytest_cache .hypothesis .mypy_cache .ruff_cache htmlcov
	rm -f .coverage .coverage.*
	find layers functions tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

# A variable of another target would be ignored silently.
# Only variables on the command line are refused: an exported one may be for another program.
refuse = $(foreach each,$(1),$(if $(filter command,$(origin $(each))),\
	$(error `make $@` does not take $(each)$(2))))

.PHONY: simulate
simulate: setup ## Simulate SEEDS=2000 histories from seed FIRST=0, or TRACE=4711 or SHRINK=4711 alone
	$(call refuse,SEED ONLY NIGHT_SECONDS NIGHT_SEEDS)
	$(if $(TRACE),$(call refuse,SHRINK, with TRACE))
	$(if $(TRACE)$(SHRINK),$(call refuse,FIRST SEEDS, with TRACE or SHRINK))
	$(BIN)/python -m tests.simulation $(if $(TRACE),--trace $(TRACE),$(if $(SHRINK),--shrink $(SHRINK),\
		--first $(or $(FIRST),0) --seeds $(or $(SEEDS),2000) --jobs $(JOBS)))

NIGHT_SECONDS ?= 3600

# Each day's first seed is another, so that no night repeats one before it.
TODAY = $(shell date -u +%y%j)0000000

.PHONY: simulate-nightly
simulate-nightly: setup ## Simulate for NIGHT_SECONDS=3600 from a FIRST seed new each day, then the mutants
	$(call refuse,SEED SEEDS ONLY TRACE SHRINK)
	$(BIN)/python -m tests.simulation --first $(or $(FIRST),$(TODAY)) --seeds $(or $(NIGHT_SEEDS),9999999) \
		--seconds $(NIGHT_SECONDS) --jobs $(JOBS) --met
	$(BIN)/python -m tests.simulation.mutants --jobs $(JOBS)

.PHONY: simulate-mutants
simulate-mutants: setup ## Check that the simulator catches each deliberate defect of the product (ONLY, SEEDS)
	$(call refuse,SEED FIRST TRACE SHRINK NIGHT_SECONDS NIGHT_SEEDS)
	$(BIN)/python -m tests.simulation.mutants --jobs $(JOBS) $(if $(ONLY),--only '$(ONLY)') \
		$(if $(SEEDS),--seeds $(SEEDS))
