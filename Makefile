# The one door: what a person types is what CI runs.
#   make release   from nothing to data/release/
#   make check     lint, types, import rules, fast tests: before every commit
#   make test      lint, types, import rules, every test once
#   make test-long what repeats a hundred times: kills, mutations, large sets
# PYTHON chooses the interpreter (3.11 or newer): make release PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := OMP_NUM_THREADS=1 pytest --dist loadfile --no-loadscope-reorder
export PATH := $(abspath $(BIN)):$(PATH)

export HF_HUB_DISABLE_TELEMETRY := 1
# Where nothing compiled is kept, as containers often have it, each of the many processes of the
# tests compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: release check test test-long screenshots pictures setup lint types imports fast unit bench docs reference review clear adjudicate study clean help
.DEFAULT_GOAL := help

help:  ## these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## make .venv and install the package into it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: $(PYTHON) is older than 3.11; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[dev]'
	@touch $@

release: setup  ## run the whole pipeline and say what came of it
	umask 077 && dvc repro
	@cxr-release status

check: lint types imports fast  ## two minutes: lint, types, import rules, and the fast tests

test: lint types imports unit  ## lint, types, import rules, and every test once

test-long: setup  ## what repeats a hundred times: kills, mutations, large sets
	$(PYTEST) --numprocesses 2 -m long

lint: setup  ## style and common mistakes
	ruff format --check .
	ruff check .

types: setup  ## static types
	mypy

imports: setup  ## imports run one way: foundation, concerns, stages
	lint-imports --no-logo

fast: setup  ## tests that start no process, server, browser or network
	$(PYTEST) --numprocesses 2 -m "not long and not slow"

# One more than the cores of a small machine: for a quarter of the time tests wait, for disks,
# browsers and servers.
unit: setup  ## the tests, three files at a time
	$(PYTEST) --numprocesses 3 -m "not long"

screenshots: setup  ## pictures of all pages in all states, of the tests' phantoms, in build/screenshots/
	CXR_RELEASE_SCREENSHOTS=build/screenshots $(PYTEST) --numprocesses 1 -m long \
	  tests/review_app/browser/test_screens.py tests/review_app/browser/test_lead_page.py \
	  -k "every_page and (laptop or tablet) or on_every_screen and test_lead_page"

pictures: setup  ## docs/ shows the pages as they are: pictures that differ are taken anew
	python -m tests.support.browser.pictures

bench: setup  ## measure, as ratios against a named alternative in the same run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[bench,privacy]'
	python -m benchmarks.ingest
	python -m benchmarks.dicom
	python -m benchmarks.training
	python -m benchmarks.sampling
	python -m benchmarks.privacy --phantoms-cache build/bench
	python -m benchmarks.screening
	python -m benchmarks.review
	python -m benchmarks.prescreen
	python -m benchmarks.facing
	python -m benchmarks.audit --phantoms-cache build/bench
	python -m benchmarks.recall --phantoms-cache build/bench
	python -m benchmarks.release

docs: setup  ## the documentation as a site, build/site/index.html
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict

reference: setup  ## docs/reference/ anew, out of the code
	python -m tools.reference

review: setup  ## the reviewers' page: make review REVIEWER=a.b
	@test -n "$(REVIEWER)" || { echo "error: who reviews? make review REVIEWER=a.b"; exit 1; }
	cxr-release review --reviewer "$(REVIEWER)"

clear: setup  ## the page of text on the real films: make clear REVIEWER=a.b
	@test -n "$(REVIEWER)" || { echo "error: who looks? make clear REVIEWER=a.b"; exit 1; }
	cxr-release clear --reviewer "$(REVIEWER)"

adjudicate: setup  ## the page of the audited pairs: make adjudicate REVIEWER=a.b
	@test -n "$(REVIEWER)" || { echo "error: who judges? make adjudicate REVIEWER=a.b"; exit 1; }
	cxr-release adjudicate --reviewer "$(REVIEWER)"

study: setup  ## the readers' pages of the blinded study: make study READER=a.b
	@test -n "$(READER)" || { echo "error: who reads? make study READER=a.b"; exit 1; }
	cxr-release study serve --reader "$(READER)"

clean:  ## remove what the pipeline made; reviews and raw films stay
	rm -rf data/cohort data/found-text data/clearance data/split data/film-array data/training data/curves data/fidelity data/checkpoints \
	  data/samples data/collected data/oriented data/prescreen data/screening data/audit data/adjudication \
	  data/study data/study-kit data/study-key data/landmarks \
	  data/validation data/release data/model data/metrics.json data/timings \
  data/report.html dvc.lock
