# Two commands do all the set-up: each makes its own environment in .venv and installs the package as constraints.txt
# pins it. Needed beforehand: Python 3.11 to 3.13, make, and a package index.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# Keeps the memory of large tensors in the process: fetching it from the kernel anew for every step takes half of the
# time on some virtual machines.
export MALLOC_MMAP_THRESHOLD_ := 8589934592
export MALLOC_TRIM_THRESHOLD_ := 17179869184

.PHONY: quickstart test lint format docs clean

## Rows, training, a round and answers before and after, on a real small model (about eight minutes on two cores, with the
## installation).
quickstart: $(VENV)/.installed
	$(BIN)/funreason quickstart

## All tests; none needs the network once the environment is made.
test: $(VENV)/.installed
	$(BIN)/python -m pytest -n $(WORKERS) tests

## What CI runs beside the tests.
lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## The documentation as web pages, all links checked: build/docs/index.html.
docs: $(VENV)/.installed
	$(BIN)/properdocs build --config-file properdocs.yml

# torch comes first and by its exact version: a range would bring the newest build with several GB of CUDA.
$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "funreason_trl needs Python 3.11 to 3.13; name one with make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip setuptools wheel
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs,quickstart,test]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
