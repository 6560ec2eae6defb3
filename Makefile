# make demo        a virtual machine becomes an OVS-DPDK compute node before your eyes, and stays for you to look at
# make test        everything a change must pass, one virtual machine included
# make test-fast   the same without an image of a machine
# make test-all    every scenario, Debian 13 included
# make bench       speed, and frames lost while a playbook is at work, with the raw runs
# make fuzz        every reader of text, coverage-guided, FUZZ_SECONDS (60) for each
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
export MOLECULE_GLOB := molecule/*/molecule.yml
export PYTHONDONTWRITEBYTECODE := 1
PYTEST := pytest -p no:cacheprovider
# On every CPU: these tests share nothing but the machine.
SIDE_BY_SIDE := -n auto --dist worksteal

.PHONY: test test-fast test-all unit vswitch chroot lint sanity machine demo demo-clean bench fuzz setup tree clean

# The machine needs one CPU for its time; everything else is done beside it on the others, a part at a time. All of them
# wait for the tree, so that the machine is the first.
test: export PYTEST_XDIST_AUTO_NUM_WORKERS = $(shell nproc --ignore=1)
test: setup
	@$(MAKE) --no-print-directory --jobs=2 --output-sync machine test-fast chroot

test-all: export NFV_ALL_FAULTS := true
test-all: test-fast chroot
	$(PYTEST) -s --durations=0 tests/scenarios

test-fast: lint sanity unit vswitch

setup:
	@tests/tools/setup.sh

tree: setup
	@tests/tools/tree.sh

lint: tree
	@tests/tools/lint.sh

sanity: tree
	@tests/tools/sanity.sh

unit: tree
	$(PYTEST) -q $(SIDE_BY_SIDE) tests/unit
	@tests/tools/py36.sh

vswitch: tree
	$(PYTEST) -q $(SIDE_BY_SIDE) tests/vswitch

machine: tree
	$(PYTEST) -s tests/scenarios -k default

chroot: tree
	$(PYTEST) -q tests/chroot

demo: tree
	@tests/tools/demo.sh

demo-clean: setup
	@tests/tools/demo.sh clean

bench: export PYTHONPATH := $(ANSIBLE_COLLECTIONS_PATH)
bench: tree
	@for part in plan pmd rxq site frames; do python tests/tools/bench_$$part.py || exit; done

fuzz: setup
	@test -x build/fuzz/venv/bin/python || python3 -m venv build/fuzz/venv
	@build/fuzz/venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements-fuzz.txt
	@build/fuzz/venv/bin/python tests/fuzz/fuzz_parsers.py $(READERS)

clean:
	rm -rf build .venv
