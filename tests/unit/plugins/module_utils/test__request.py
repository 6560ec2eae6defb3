import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _request
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def test_defaults():
    request = _request.parse_request({})
    assert request["nics"] == []
    assert request["pmd_cores"] == {"all": None, "nodes": {}}
    assert (request["pmd_cpus"], request["page_size_kb"], request["memory_channels"]) == (None, None, None)
    assert (request["isolation"], request["memory_model"], request["lcore_mask"]) == (
        "kernel",
        "shared",
        "housekeeping",
    )
    assert (request["vhost_ports"], request["vhost_mtu"], request["isolate_guests"]) == (0, 1500, True)


@pytest.mark.parametrize("blank", ["", "  ", "\n", None, [], {}])
def test_blank_survey_answers_mean_not_given(blank):
    names = [
        "nics",
        "pmd_cores",
        "pmd_cores_no_nic",
        "housekeeping_cores",
        "pmd_cpus",
        "housekeeping_cpus",
        "vm_cpus",
        "isolation",
        "page_size",
        "vm_memory",
        "reserved_memory",
        "memory_model",
        "shared_mempool_mtus",
        "vhost_ports",
        "vhost_mtu",
        "memory_channels",
        "lcore_mask",
        "dpdk_extra",
        "other_config",
    ]
    assert _request.parse_request(dict.fromkeys(names, blank)) == _request.parse_request({})


@pytest.mark.parametrize(
    "value", ["0:2,1:1", "0:2 1:1", " 0:2, 1:1 ", ["0:2", "1:1"], {0: 2, 1: 1}, {"0": "2", "1": "1"}]
)
def test_pairs_in_every_notation(value):
    assert _request.parse_request({"pmd_cores": value})["pmd_cores"] == {"all": None, "nodes": {0: 2, 1: 1}}


@pytest.mark.parametrize("value", [2, "2", " 2 ", ["2"]])
def test_one_number_for_all_nodes(value):
    assert _request.parse_request({"pmd_cores": value})["pmd_cores"] == {"all": 2, "nodes": {}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pmd_cores": "two"}, "pmd_cores"),
        ({"pmd_cores": "-1"}, "pmd_cores"),
        ({"pmd_cores": "1.5"}, "pmd_cores"),
        ({"pmd_cores": True}, "pmd_cores"),
        ({"pmd_cores": "0:2,1"}, "node:value pairs"),
        ({"pmd_cores": "0:2,0:3"}, "node 0 twice"),
        ({"pmd_cores": "x:1"}, "node:value pairs"),
        ({"pmd_cores": "0:"}, "node:value pairs"),
        ({"pmd_cores": ","}, "node:value pairs"),
        ({"vm_memory": [" "]}, "not an amount of memory"),
        ({"pmd_cores": "0:1", "pmd_cores_no_nic": "0:2"}, "two different numbers of PMD cores for NUMA node 0"),
        ({"housekeeping_cores": "99999999999"}, "housekeeping_cores"),
        ({"pmd_cpus": "3-1"}, "range in a CPU list .pmd_cpus."),
        ({"vm_cpus": "0x3"}, "not a CPU list .vm_cpus."),
        ({"vm_cpus": ","}, "vm_cpus names no CPU"),
        ({"vm_cpus": "1,^1"}, "vm_cpus names no CPU"),
        ({"isolation": "kernal"}, "not a valid isolation"),
        ({"memory_model": "perport"}, "not a valid memory_model"),
        ({"page_size": "1048576"}, "not a page size"),
        ({"vm_memory": "16"}, "not an amount of memory or a percentage"),
        ({"vm_memory": 16384}, "not an amount of memory or a percentage"),
        ({"vm_memory": "101%"}, "not an amount of memory or a percentage"),
        ({"vm_memory": "0:16,1:8G"}, "not an amount of memory or a percentage"),
        ({"reserved_memory": "50%"}, "not an amount of memory"),
        ({"vhost_ports": -1}, "not a valid vhost_ports"),
        ({"vhost_mtu": 10000}, "not a valid vhost_mtu"),
        ({"memory_channels": 0}, "not a valid memory_channels"),
        ({"memory_channels": 33}, "not a valid memory_channels"),
        ({"memory_channels": "four"}, "not a valid memory_channels"),
        ({"lcore_mask": "all"}, "not a CPU list .lcore_mask."),
        ({"shared_mempool_mtus": "9000,50"}, "not a valid shared_mempool_mtus"),
        ({"shared_mempool_mtus": "9000:x"}, "not a valid shared_mempool_mtus"),
        ({"shared_mempool_mtus": "9000", "memory_model": "per-port"}, "no shared mempools"),
        ({"other_config": "pmd-sleep-max"}, "other_config"),
        ({"other_config": {"a key": 1}}, "other_config"),
        ({"other_config": {"x\n": 1}}, "other_config"),
        ({"other_config": {"x": ["1"]}}, "other_config"),
        ({"other_config": {"x": None}}, "other_config"),
    ],
)
def test_refusals_name_what_is_wrong(options, message):
    with pytest.raises(Refused, match=message) as caught:
        _request.parse_request(options)
    assert "(option " in str(caught.value)


@pytest.mark.parametrize("key", sorted(_request.PLANNED_KEYS))
def test_keys_that_the_plan_computes_are_refused_with_the_option_to_use(key):
    with pytest.raises(Refused) as caught:
        _request.parse_request({"other_config": {key: "1"}})
    assert "({0})".format(key) in str(caught.value)
    steering = _request.PLANNED_KEYS[key]
    assert "host_plan_{0} (option {0}).".format(steering or "other_config") in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        {"pmd-sleep-max": 100, "pmd-auto-lb": True},
        ["pmd-sleep-max=100", "pmd-auto-lb=true"],
        "pmd-sleep-max=100\npmd-auto-lb=true",
        "pmd-auto-lb=true; pmd-sleep-max = 100;",
    ],
)
def test_other_config_in_every_notation(value):
    assert _request.parse_request({"other_config": value})["other_config"] == {
        "pmd-sleep-max": "100",
        "pmd-auto-lb": "true",
    }


def test_values_of_other_config_stay_literal():
    value = "a=1,b 2='x' $(true)"
    assert _request.parse_request({"other_config": ["key=" + value]})["other_config"] == {"key": value}


@pytest.mark.parametrize(
    ("text", "amount"),
    [("80%", {"percent": 80}), ("16G", {"mb": 16384}), ("100%", {"percent": 100}), ("0%", {"percent": 0})],
)
def test_memory_of_guests(text, amount):
    assert _request.parse_request({"vm_memory": text})["vm_memory"]["all"] == amount


def test_memory_of_guests_in_pairs():
    amounts = _request.parse_request({"vm_memory": "0:16G,1:50%"})["vm_memory"]
    assert amounts == {"all": None, "nodes": {0: {"mb": 16384}, 1: {"percent": 50}}}


@pytest.mark.parametrize(("text", "mb"), [("4096", 4096), (4096, 4096), ("4G", 4096)])
def test_reserved_memory(text, mb):
    assert _request.parse_request({"reserved_memory": text})["reserved_memory"]["all"] == mb


def test_mempool_entries():
    entries = [{"mtu": 9000, "node": None}, {"mtu": 1500, "node": 1}]
    assert _request.parse_request({"shared_mempool_mtus": "9000,1500:1"})["shared_mempool_mtus"] == entries
    assert _request.parse_request({"shared_mempool_mtus": ["9000", "1500:1"]})["shared_mempool_mtus"] == entries
    assert _request.parse_request({"shared_mempool_mtus": 9000})["shared_mempool_mtus"] == entries[:1]


def test_cpu_lists_know_exclusions_and_the_quotes_of_templates():
    assert _request.parse_request({"vm_cpus": "'8-15,^12'"})["vm_cpus"] == {8, 9, 10, 11, 13, 14, 15}
    assert _request.parse_request({"lcore_mask": "0,6"})["lcore_mask"] == {0, 6}
    assert _request.parse_request({"lcore_mask": 0})["lcore_mask"] == {0}
