# `make` alone prints what there is. Everything runs out of .venv, which `make install` builds; VENV=folder
# keeps another environment beside it, such as that of another PYTHON.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
VENV ?= .venv
BIN := $(VENV)/bin

# Without bytecode every task of Airflow imports for seconds longer; a caller's setting must not cost that.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport VIRTUAL_ENV
export PATH := $(abspath $(BIN)):$(PATH)
export PYTHON

COVERAGE := --cov --cov-report=term
PYTEST := $(BIN)/python -m pytest
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet

.PHONY: help install lock fmt lint types arrows test test-unit test-dags docs test-faults drill test-integration test-browser test-rules check bench bench-policy bench-promotion demo actionlint release clean

help: ## print this list
	@echo "Evergreen: keeps tabular models fresh on Apache Airflow"
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## build .venv from the lock (re-used until lock or pyproject changes)
	@scripts/install.sh

lock: install ## resolve requirements*.in into the hash-locked requirements*.txt
	$(LOCK) $(UPGRADE) requirements-dev.in -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt requirements.in -o requirements.txt

fmt: install ## format and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: install ## ruff, hadolint, schemas of Compose and of .github, YAML, large files, keys
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*.yml
	git ls-files -z --cached --others --exclude-standard | xargs -0 $(BIN)/python scripts/check_files.py

types: install ## mypy, strict, over package, dags, plugins and tests
	$(BIN)/mypy

arrows: install ## import-linter: which room may import which
	$(BIN)/lint-imports

# A file of tests stays in one process, so that what its tests share is made once.
WORKERS ?= 2

# Without Chromium the browser tests are skipped here, in the words of the script; test-browser fails. So is the
# test of the alert rules without promtool, and test-rules fails.
test: install ## every test, integration included; prints summary and coverage (WORKERS=2)
	@scripts/chromium.sh >/dev/null || true
	@PROMTOOL=$$(timeout 120 scripts/promtool.sh 2>/dev/null || true) && export PROMTOOL \
		&& $(PYTEST) -n $(WORKERS) --dist loadfile $(COVERAGE) $(ARGS)

test-unit: install ## unit tests only
	$(PYTEST) tests/unit $(ARGS)

test-dags: install ## every DAG parses, is thin, documented and light
	$(PYTEST) tests/dags $(ARGS)

docs: install ## README and docs: links, anchors, paths, commands, targets, variables, rooms
	$(PYTEST) tests/unit/deploy/test_docs.py tests/unit/deploy/test_architecture.py $(ARGS)

test-faults: install ## every fault of the catalogue, tried for real; prints a table (minutes)
	$(PYTEST) tests/faults tests/unit/workflows/test_one_spec.py -m "" $(ARGS)

# One KIND, such as KIND=drift; without it every kind of alert.
drill: install ## break a running stack, wait for the alert, follow its runbook (KIND=; 20 minutes)
	$(PYTEST) tests/drills -m "" -p no:xdist $(if $(KIND),-k $(KIND)) $(ARGS)

test-integration: install ## the whole loop on real services
	$(PYTEST) tests/integration $(ARGS)

test-browser: install ## Airflow's UI and our pages in Chromium; pictures in test-artifacts/browser
	CHROMIUM=$$(scripts/chromium.sh) && export CHROMIUM && $(PYTEST) tests/browser -m "" $(ARGS)

test-rules: ## the alert rules for Prometheus on made series (promtool, fetched where it is not installed)
	PROMTOOL=$$(scripts/promtool.sh) && "$$PROMTOOL" test rules deploy/prometheus/rules_test.yml

check: lint types arrows test-unit test-dags ## all but integration

bench: install ## drift step against Evidently, and the page of models (BENCH=quick for some minutes)
	$(BIN)/python -m bench.run $(BENCH) --json bench-report.json
	$(BIN)/python -m bench.pages $(BENCH) --json bench-pages.json

# One folder of Parquet tables; without it the benchmark says so and is skipped.
STREAMS ?= ../shared/data/streams

bench-policy: install ## the policies on labelled streams (STREAMS=folder DELAYS=0,1,3)
	$(BIN)/python -m bench.policy $(STREAMS) $(if $(DELAYS),--delays $(DELAYS)) --json bench-policy.json

bench-promotion: install ## what each promotion level risks and costs (QUICK=1 for a minute, STREAMS=folder)
	$(BIN)/python -m bench.promotion $(STREAMS) $(if $(QUICK),--quick) --json bench-promotion.json

# Variables given to make reach the demo by its environment. It answers Ctrl-C itself and stops what it
# started; 130 is then its normal end.
demo: install ## real Airflow on real flights (DEMO_EXIT=1 DEMO_WEEKS= DEMO_SEED= DEMO_START=)
	@$(BIN)/evergreen demo || { status=$$?; [ $$status -eq 130 ] || exit $$status; }

actionlint: ## the workflows of .github, looked at by actionlint (built with Go where it is not installed)
	ACTIONLINT=$$(scripts/actionlint.sh) && "$$ACTIONLINT"

# A dry run borrows the packages of this environment, so it needs no network; FULL=1 installs the lock there too.
release: install ## changelog closed, wheel tried, SBOM, commit and tag (DRY=1: only tried, FULL=1)
	$(BIN)/python scripts/release.py $(if $(DRY),--dry-run) $(if $(DRY),$(if $(FULL),,--packages here))

clean: ## remove caches and what the demo wrote; .venv stays
	rm -rf .evergreen .tools .coverage htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build dist test-artifacts demo-report.json bench-{report,pages,policy,promotion}.json
	find dags include plugins scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
