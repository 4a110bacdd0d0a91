# Shortcuts for contributors. `just` lists them. Each calls a script that works without just.
# just comes with the development requirements: .venv/bin/just, or your package manager's.

set positional-arguments

# list the recipes
[private]
default:
    @just --list --unsorted

# start the whole stack on http://localhost:8080
[group('run')]
start:
    scripts/start-dev.sh

# run a management command on the running stack: just manage list_tenants
[group('run')]
manage *arguments:
    .venv/bin/python manage.py "$@"

# install Chromium for the tests of pages
[group('test')]
install-browser:
    scripts/install-browser.sh

# screenshots of every page: just screenshots folder -k login
[group('test')]
screenshots *arguments:
    scripts/screenshots.sh "$@"

# all checks and tests, or pytest with your arguments: just test tests/files -x
[group('test')]
test *arguments:
    scripts/test.sh "$@"

# lint, types and the tests that need no server (under a minute)
[group('test')]
test-fast:
    scripts/test.sh --fast

# everything, with the slow tests and benchmarks too (up to half an hour)
[group('test')]
test-all:
    scripts/test.sh --all

# all tests, the slow ones too, with branch coverage and its figure
[group('test')]
coverage:
    scripts/test.sh --coverage --all

# check style with ruff
[group('check')]
lint:
    scripts/lint.sh

# repair style and format with ruff
[group('check')]
format:
    scripts/lint.sh --fix

# check types with mypy
[group('check')]
types:
    scripts/types.sh

# compile the translations; just messages --check lists what is missing
[group('check')]
messages *arguments:
    scripts/messages.sh "$@"

# lock the requirements again; just lock --upgrade takes the newest versions
[group('maintain')]
lock *arguments:
    scripts/lock.sh "$@"

# look up known weaknesses of the locked packages
[group('maintain')]
audit:
    scripts/audit-dependencies.sh

# check every commit before it is made (pre-commit)
[group('maintain')]
hooks:
    .venv/bin/python -m pre_commit install
