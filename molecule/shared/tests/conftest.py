"""Tests of a converged machine from outside: over SSH, and through the wires of its data NICs."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # frames.py


def pytest_addoption(parser):
    parser.addoption("--machine", required=True, help="directory of the virtual machine under test")
    parser.addoption("--isolation", choices=["kernel", "tuned"], default="kernel", help="who isolates the CPUs")


@pytest.fixture(scope="session")
def isolation(request):
    return request.config.getoption("--isolation")


@pytest.fixture(scope="session")
def machine(request):
    return request.config.getoption("--machine")
