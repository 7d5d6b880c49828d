# Set-up and checks. Needs Python 3.11 or later, a C compiler only where a wheel is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
JOBS ?= 2

.PHONY: audit-reference build-matrix call-matrix demo test test-slow check format-check format lint types golden resolve-diff bench bench-runtime inference hostile lock freethreaded corpus-calls corpus-wrappers outside clean

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)  ## compile examples/ and run bound functions of the compiled packages
	$(BIN)/python examples/demo.py

test: $(READY)  ## every test that finishes in seconds; needs the package index
	$(BIN)/python -m pytest tests -n $(JOBS) -m "not slow"

test-slow: $(READY)
	$(BIN)/python -m pytest tests -n $(JOBS) -m slow

check: format-check lint types test  ## what must hold before a push

format-check: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy ir passes backends compiler runtime

format: $(READY)  ## rewrite the tree in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(READY)  ## rewrite golden outputs; read the diff before you commit it
	$(BIN)/python -m pytest tests -n $(JOBS) --update-golden

resolve-diff: $(READY)  ## what the resolver and uv choose, live, for each set and target
	$(BIN)/python benchmarks/resolve_diff.py

inference: $(READY)  ## how often inferred types are right, against what people declared
	$(BIN)/python benchmarks/inference.py

bench: $(READY)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/resolve_speed.py
	$(BIN)/python benchmarks/corpus.py

bench-runtime: $(READY)  ## what bound calls cost in every way they run; exits with 1 where a bar is passed
	@failed=0; for file in benchmarks/runtime_*.py; do echo "== $$file"; $(BIN)/python $$file || failed=1; done; exit $$failed

hostile: $(READY)  ## what the gate makes of every hostile file of the tests
	PYTHONPATH=tests $(BIN)/python benchmarks/gate.py

lock: $(READY)  ## move the development lock to the newest versions
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 --upgrade --group dev pyproject.toml -o requirements-dev.txt

corpus-calls: $(READY)  ## real calls through the wrappers of the corpus, beside direct ones
	$(BIN)/python tests/calls/run.py corpus

corpus-wrappers: $(READY)  ## every wrapper of the corpus: imports, linter, strict types, shims
	$(BIN)/python tests/calls/wrappers.py

outside: $(READY)  ## the same for packages that nobody tuned for
	$(BIN)/python tests/calls/run.py outside

freethreaded: $(READY)  ## a Python without the GIL, built once into the cache, and what runs only there
	$(BIN)/python tests/freethreaded.py build
	$(BIN)/python -m pytest tests -m freethreaded -rs

call-matrix: $(READY)  ## the same calls in process, in workers, and in hosts in C and in Go
	$(BIN)/python tests/calls/matrix.py

build-matrix: $(READY)  ## the example package, built in every way and judged by the tools of the field
	$(BIN)/python benchmarks/build_matrix.py

audit-reference: $(READY)  ## verdicts on 73 wheels beside those of auditwheel and abi3audit
	$(BIN)/python benchmarks/audit_reference.py

clean:
	rm -rf .venv build out *.egg-info
