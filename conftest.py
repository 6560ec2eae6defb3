"""Lets the flat checkout be imported as ansible_collections.nfv.ovs_dpdk, with or without ansible-core."""

import importlib
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parent
try:
    importlib.import_module("ansible_collections.nfv.ovs_dpdk")  # a real collections tree (ansible-test)
except ImportError:
    for name, path in (
        ("ansible_collections", ROOT.parent),
        ("ansible_collections.nfv", ROOT.parent),
        ("ansible_collections.nfv.ovs_dpdk", ROOT),
    ):
        module = types.ModuleType(name)
        module.__path__ = [str(path)]
        sys.modules[name] = module
