"""What holds for every machine that a kernel could show."""

import os
import random
import tempfile

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from machines import builder

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies


@st.composite
def described(draw):
    """Arguments of builder.build."""
    ids = draw(st.lists(st.integers(0, 80), min_size=1, max_size=3, unique=True))
    cores, threads = draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 4]))
    cpus = list(range(len(ids) * cores * threads))
    spare = draw(st.lists(st.integers(81, 99), max_size=2, unique=True))
    nics = [
        {
            "address": "{0}:{1:02x}:00.0".format(draw(st.sampled_from(["0000", "10000"])), bus),
            "node": draw(st.sampled_from(ids + [-1])),
            "virtio": draw(st.booleans()),
            "group": draw(st.integers(0, 3)),
            "master": draw(st.sampled_from([None, "bond0", "br0", "ovs-system"])),
            "addresses4": draw(st.sampled_from([[], ["192.0.2.10/24"], ["10.1.2.3/9", "198.51.100.1/30"]])),
        }
        for bus in draw(st.lists(st.integers(1, 120), max_size=3, unique=True))
    ]
    return {
        "node_ids": ids,
        "cores": cores,
        "threads": threads,
        "layout": draw(st.sampled_from(["adjacent", "split"])),
        "nodes_per_package": draw(st.integers(1, 2)),
        "offline": draw(st.lists(st.sampled_from(cpus), max_size=len(cpus) - 1, unique=True)),
        "memory_only_nodes": spare,
        "l3_cores": draw(st.integers(1, cores)),
        "numa": draw(st.booleans()),
        "nics": nics,
    }


# Each example is a tree of some hundred files.
SETTINGS = hypothesis.settings(max_examples=15)


@SETTINGS
@hypothesis.given(described())
def test_topology_and_nodes_agree(machine):
    with tempfile.TemporaryDirectory() as directory:
        host = read_host(builder.build(directory, **machine))
    online = host["cpus"]["online"]
    rows = {row["cpu"]: row for row in host["topology"]}
    assert online == list(rows) == sorted(cpu for node in host["nodes"] for cpu in node["cpus"])
    assert not set(online) & set(machine["offline"])
    assert host["numa"] is machine["numa"]
    expected = sorted(machine["node_ids"] + machine["memory_only_nodes"]) if machine["numa"] else [0]
    assert [node["id"] for node in host["nodes"]] == expected
    for node in host["nodes"]:
        assert all(rows[cpu]["node"] == node["id"] for cpu in node["cpus"])
    for cpu, row in rows.items():
        assert cpu in row["siblings"]
        assert len(row["siblings"]) <= machine["threads"]
        assert all(rows[sibling]["siblings"] == row["siblings"] for sibling in row["siblings"])
        assert set(row["siblings"]) <= set(row["l3"]) <= set(online)
        assert all(rows[other]["l3"] == row["l3"] for other in row["l3"])


@SETTINGS
@hypothesis.given(described())
def test_masks_say_the_same_as_lists(machine):
    with tempfile.TemporaryDirectory() as directory:
        root = builder.build(directory, **machine)
        by_list = read_host(root)
        for above, _directories, names in os.walk(os.path.join(root, "sys")):
            for name in names:
                if name.endswith(("_list", "cpulist")):
                    os.unlink(os.path.join(above, name))
        assert read_host(root) == by_list


@SETTINGS
@hypothesis.given(described(), st.integers())
def test_the_order_of_directories_does_not_matter(machine, seed):
    listdir, rng = os.listdir, random.Random(seed)

    def shuffled(path):
        names = listdir(path)
        rng.shuffle(names)
        return names

    with tempfile.TemporaryDirectory() as directory:
        root = builder.build(directory, **machine)
        expected = read_host(root)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "listdir", shuffled)
            assert repr(read_host(root)) == repr(expected)


@SETTINGS
@hypothesis.given(described(), st.data())
def test_a_tree_may_lack_anything(machine, data):
    with tempfile.TemporaryDirectory() as directory:
        root = builder.build(directory, **machine)
        paths = sorted(
            os.path.join(above, name) for above, folders, names in os.walk(root) for name in folders + names
        )
        for path in data.draw(st.lists(st.sampled_from(paths), max_size=30, unique=True)):
            if os.path.islink(path) or os.path.isfile(path):
                os.unlink(path)
        host = read_host(root)
    online = host["cpus"]["online"]
    assert sorted(cpu for node in host["nodes"] for cpu in node["cpus"]) == online
    assert [row["cpu"] for row in host["topology"]] == online
