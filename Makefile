# Everything from a bare clone: `make demo` and `make test` make a virtual environment, install, and run.
# A second run installs nothing: the stamps below are newer than what they were made from.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SOURCES := pyproject.toml constraints.txt

.PHONY: demo test test-all check bench fuzz clean

demo: $(VENV)/.installed
	$(BIN)/nasflow demo --out demo

# a process for each core; those marked slow take another minute and a half of one core
test: check
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all: check
	$(BIN)/python -m pytest -n auto

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/surrogate.py
	$(BIN)/python benchmarks/encoders.py
	$(BIN)/python benchmarks/start.py

# 2,000 random commands, some minutes; 200,000 mutated inputs over all readers and importers, an hour
fuzz: $(VENV)/.installed-dev
	$(BIN)/python tests/fuzz/fuzz_commands.py --commands 2000
	$(BIN)/python tests/fuzz/fuzz_readers.py --inputs 200000

clean:
	rm -rf $(VENV) build src/*.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "nasflow needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[report]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	    --editable '.[dev,nb201]'
	@touch $@
