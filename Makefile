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

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements.lock setup.cfg
	@test -n "$(PYTHON)" || { echo "lakehouse needs Python 3.11, 3.12 or 3.13; none was found on PATH (or set PYTHON=/path/to/python3.11)" >&2; exit 3; }
	@echo "installing the locked environment into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@UV=$$(command -v uv || echo $(BIN)/uv); \
	  $$UV pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock && \
	  $$UV pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

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
test-all: test ## The suite and all that is slow: kills, big data
	@$(PYTEST) -m slow

.PHONY: bench
bench: $(READY) ## One benchmark: make bench NAME=stream [SIZE=full]
	@$(BIN)/python -m benchmarks $(NAME) --size $(or $(SIZE),small)

.PHONY: lock
lock: ## Pin every dependency again in requirements.lock
	@uv pip compile setup.cfg requirements-dev.in --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet -o requirements.lock

.PHONY: clean
clean: ## Stop the local broker; remove .lake and build
	@test ! -x $(BIN)/lakehouse || $(BIN)/lakehouse down --quiet || true
	@rm -rf .lake build
