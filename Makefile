# Everything a developer needs, on a machine with Python 3.11 or newer and make.
# Override on the command line: make demo PORT=9000, make test PYTHON=python3.12, make test PRETIX='==2026.3.*',
# make test JOBS=0 PYTEST_ARGS='-k refund', make test CLOCK=2028-02-29T22:40

PYTHON ?= python3
VENV ?= .venv
PRETIX ?=
PORT ?= 8000
PORTAL_PORT ?= 8001
PYTEST_ARGS ?=
JOBS ?= auto
CLOCK ?=
SEED ?= 1
COUNT ?= 300
ONLY ?=
LIMIT ?= 60
DATABASE ?= pretix_hubspot_test
PGHOST ?= 127.0.0.1
PGUSER ?= postgres

IN := $(VENV)/bin/python
ENVIRONMENT := $(PYTHON) .ci/environment.py --pretix '$(PRETIX)' $(VENV)
PARALLEL := --numprocesses $(JOBS) --dist worksteal
TESTS := $(IN) -m pytest $(if $(CLOCK),--clock $(CLOCK))
POSTGRES := PRETIX_DATABASE_BACKEND=postgresql PRETIX_DATABASE_NAME=$(DATABASE) \
	PRETIX_DATABASE_USER=$(PGUSER) PRETIX_DATABASE_HOST=$(PGHOST)

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset smoke test test-contract test-faults test-matrix test-postgres test-workers test-shuffled soak e2e coverage mutants bench lint format locale wheel environment-demo environment-dev clean

help:  ## list these targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 18

demo: environment-demo  ## a seeded pretix and a simulated HubSpot on this machine; Ctrl-C ends both
	@$(IN) -m demo --port $(PORT) --portal-port $(PORTAL_PORT)

demo-reset: environment-demo  ## the demo from the beginning: forgets everything done in it
	@$(IN) -m demo --reset --port $(PORT) --portal-port $(PORTAL_PORT)

smoke: environment-demo  ## connect, map, buy, cancel, change and sync without a person; last line is JSON
	@$(IN) -m demo.smoke

test: environment-dev  ## the tests that need no service (SQLite)
	$(TESTS) $(PARALLEL) $(PYTEST_ARGS)

test-contract: environment-dev  ## pretix core's datasync and HubSpot's own SDKs as judges
	$(TESTS) -m contract $(PARALLEL) $(PYTEST_ARGS)

test-faults: environment-dev  ## scripted failures of HubSpot at every stage of the engine
	$(TESTS) -m faults $(PARALLEL) $(PYTEST_ARGS)

test-matrix: environment-dev  ## every pretix type, every type of HubSpot property, every mode
	$(TESTS) -m matrix $(PARALLEL) $(PYTEST_ARGS) tests/matrix

test-postgres: environment-dev  ## what touches the database, and what is marked postgres, on PostgreSQL
	$(POSTGRES) $(TESTS) -m "not e2e and not workers and not faults" $(PARALLEL) $(PYTEST_ARGS) \
		tests/integration tests/contract/test_core_datasync.py tests/workers

test-workers: environment-dev  ## real Celery workers on PostgreSQL and Redis
	$(POSTGRES) $(TESTS) -m workers $(PYTEST_ARGS)

soak: environment-dev  ## long stories, thousands of examples and races: what the other suites run a little of
	SOAK=1 $(TESTS) -m "(soak or hypothesis) and not postgres and not workers" $(PARALLEL) $(PYTEST_ARGS)
	SOAK=1 $(POSTGRES) $(TESTS) -m "(soak or hypothesis) and (postgres or workers)" $(PYTEST_ARGS)

test-shuffled: environment-dev  ## every suite that needs no service, in one process, shuffled by SEED
	$(TESTS) -m "not e2e and not workers and not postgres" -p no:xdist --random-order-seed=$(SEED) $(PYTEST_ARGS)

e2e: environment-dev  ## plays the product in Chromium; screenshots go to build/
	$(TESTS) -m e2e $(PYTEST_ARGS)

coverage: environment-dev  ## whether unit tests take every branch of the pure modules
	@$(IN) .ci/branches.py

mutants: environment-dev  ## how strong the tests are: COUNT mutants drawn by SEED, and who survives; last line is JSON
	@$(IN) .ci/mutants.py --seed $(SEED) --count $(COUNT) --only '$(ONLY)' --limit $(LIMIT)

bench: environment-dev  ## our engine beside core's loop; last line is JSON
	@$(IN) -m benchmarks

lint: environment-dev  ## style, arrows, types, migrations, translations, coverage, security; last line is JSON
	@$(IN) .ci/lint.py

format: environment-dev  ## let ruff put the code in order
	$(IN) -m ruff check --fix . && $(IN) -m ruff format .

locale: environment-dev  ## collect texts for translation and compile what is translated (needs gettext)
	@$(IN) .ci/translations.py

wheel: environment-dev  ## build dist/*.whl by way of the source distribution (needs gettext)
	@$(IN) -m uv build --quiet --out-dir dist && ls dist

environment-demo:
	@$(ENVIRONMENT) demo

environment-dev:
	@$(ENVIRONMENT) dev

clean:  ## remove what was built; keeps the demo's data and the environment
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
