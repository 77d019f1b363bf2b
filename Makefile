# Two commands do everything on a machine with Python 3.11, Java 17 and make: `make run` and `make test`.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Two processes, each with a Spark; who has done its half takes over from the other.
PYTEST := $(BIN)/pytest -n 2 --dist worksteal
# Spark 3.5 has an environment of its own: that of the lock, but for PySpark.
SPARK35 := 3.5.7
VENV35 := .venv35
READY35 := $(VENV35)/.ready
PYTEST35 := $(VENV35)/bin/pytest -n 2 --dist worksteal
# What casts and calculates, so that ANSI could change it.
BY_ANSI := $(addprefix tests/transforms/test_, event_time.py demographics.py text.py) \
  $(addprefix tests/quality/test_, validity.py consistency.py check_digits.py rules.py)
# What Spark does otherwise in 3.5, of the suite: how rows are written, merged and counted, streams, rules.
DIFFERS := $(addprefix tests/, engines/test_engines.py catalog/test_publish.py pipeline/test_run.py \
  pipeline/test_batch.py pipeline/test_stream.py pipeline/test_merge_newest.py) $(BY_ANSI)
# Makes an environment from the lock: its folder, and more options of uv.
define INSTALL
	@test -n "$(PYTHON)" || { echo "lakehouse needs Python 3.11, 3.12 or 3.13; none was found on PATH (or set PYTHON=/path/to/python3.11)" >&2; exit 3; }
	@echo "installing the locked environment into $(1)"
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@command -v uv >/dev/null || test -x $(1)/bin/uv || $(1)/bin/python -m pip install --quiet --disable-pip-version-check uv
	@UV=$$(command -v uv || echo $(1)/bin/uv); \
	  $$UV pip install --quiet --compile-bytecode --python $(1)/bin/python --require-hashes -r requirements.lock $(2) && \
	  $$UV pip install --quiet --python $(1)/bin/python --no-deps -e .
	@touch $@
endef

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements.lock setup.cfg
	$(call INSTALL,$(VENV))

$(READY35): requirements.lock requirements-spark35.lock setup.cfg
	$(call INSTALL,$(VENV35),--overrides requirements-spark35.lock)

.PHONY: venv
venv: $(READY) ## Create the virtual environment from the lock file

.PHONY: run
run: $(READY) ## The whole path: Kafka, bronze, silver, gold, warehouse, report
	@$(BIN)/lakehouse quickstart

.PHONY: run-aws
run-aws: $(READY) ## The same with its catalog in Glue and its files in S3, on loopback
	@$(BIN)/lakehouse quickstart --aws --config conf/local.toml --config conf/glue.toml

.PHONY: up
up: $(READY) ## Start the local Kafka broker and keep it
	@$(BIN)/lakehouse up

.PHONY: down
down: $(READY) ## Stop the local Kafka broker
	@$(BIN)/lakehouse down

.PHONY: check
check: $(READY) ## Lint, types and spelling
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/codespell

.PHONY: fix
fix: $(READY) ## Let ruff format and mend what it can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

.PHONY: test
test: $(READY) ## The suite, on two Sparks at a time
	@$(PYTEST) -m "not slow"

.PHONY: test-all
test-all: test test-differs ## The suite and all that is slow: kills, big data; on Spark 3.5 what differs there
	@$(PYTEST) -m slow

.PHONY: test-differs
test-differs: $(READY35) ## On Spark 3.5 what differs by Spark, its transforms and rules with ANSI on too
	@$(PYTEST35) -m "not slow" $(DIFFERS)
	@LAKEHOUSE_TEST_ANSI=true $(PYTEST35) -m "not slow" $(BY_ANSI)

.PHONY: test-spark35
test-spark35: $(READY35) ## The whole suite on Spark 3.5, its transforms and rules with ANSI on too
	@$(PYTEST35)
	@LAKEHOUSE_TEST_ANSI=true $(PYTEST35) tests/transforms tests/quality

.PHONY: trino
trino: $(READY) ## Download Trino, 784 MB, for the test that lets it read a lake in Glue
	@$(BIN)/python -c 'from pathlib import Path; from lakehouse.engines.jars import resolve_jars; \
	  print(resolve_jars("trino", folder=Path(".jars").absolute(), ivy_file=Path("tests/aws/trino.xml")))'

.PHONY: bench
bench: $(READY) ## One benchmark: make bench NAME=stream [SIZE=full]
	@$(BIN)/python -m benchmarks $(NAME) --size $(or $(SIZE),small)

.PHONY: lock
lock: ## Pin every dependency again in requirements.lock
	@uv pip compile setup.cfg requirements-dev.in --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet -o requirements.lock
	@echo "pyspark==$(SPARK35)" | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet -o requirements-spark35.lock

.PHONY: clean
clean: ## Stop the local broker; remove .lake and build
	@test ! -x $(BIN)/lakehouse || $(BIN)/lakehouse down --quiet || true
	@rm -rf .lake build
