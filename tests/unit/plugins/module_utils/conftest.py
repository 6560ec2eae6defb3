import os

import pytest


@pytest.fixture
def synced(monkeypatch):
    """Paths that were flushed to disk, in order."""
    paths, fsync = [], os.fsync

    def flush(descriptor):
        paths.append(os.readlink("/proc/self/fd/{0}".format(descriptor)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", flush)
    return paths
