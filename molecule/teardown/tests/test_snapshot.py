"""Is the host what it was? Files, database, drivers, pools, kernel line: asked over SSH, never of the collection."""

import json
import pathlib

import pytest

# The database itself is compared by content, its file is compacted now and then; the lease of DHCP moves on.
PASSED_OVER = ("/etc/openvswitch/conf.db", "/etc/openvswitch/.conf.db.~lock~", "/etc/resolv.conf")
FILES = "find /etc /boot/grub /usr/local -xdev -type f -exec sha256sum {} +"
LINKS = "find /etc /boot/grub /usr/local -xdev -type l -printf '%p -> %l\\n'"
PLACES = "find /etc /boot/grub /usr/local -xdev -type d"
DRIVERS = "cd /sys/bus/pci/devices; for d in *; do echo $d $(readlink $d/driver) $(cat $d/driver_override); done"
NAMES = "for n in /sys/class/net/*; do echo ${n##*/} $(readlink $n/device); done"
POOLS = "grep -H . /sys/devices/system/node/node*/hugepages/*/nr_hugepages"
SETTINGS = "sysctl kernel.numa_balancing; tr ' ' '\\n' < /proc/cmdline | grep -v BOOT_IMAGE"
UNITS = "systemctl list-unit-files --no-legend --state=enabled,masked"
TABLES = {
    "Open_vSwitch": "other_config,external_ids",
    "Bridge": "name,datapath_type,fail_mode,other_config,external_ids",
    "Port": "name,tag,trunks,vlan_mode,bond_mode,lacp,other_config,external_ids",
    "Interface": "name,type,options,mtu_request,other_config,external_ids",
}


@pytest.fixture
def snapshot(host):
    """{what: sorted lines}"""

    def lines(command):
        found = host.check_output("sh -c %s", command).splitlines()
        return sorted(line for line in found if not line.endswith(PASSED_OVER))

    commands = {"files": FILES, "links": LINKS, "directories": PLACES, "drivers": DRIVERS, "names": NAMES}
    commands.update(pools=POOLS, settings=SETTINGS, units=UNITS, mounts="grep hugetlbfs /proc/mounts || :")
    commands["alternative"] = "update-alternatives --query ovs-vswitchd | grep -E '^(Status|Value)'"
    commands["holds"] = "dpkg --get-selections | grep hold || :"
    commands["state"] = "ls -A /var/lib/nfv_ovs_dpdk 2>/dev/null || :"
    for table, columns in TABLES.items():
        commands["table " + table] = f"ovs-vsctl --format=csv --no-headings --columns={columns} list {table}"
    return {name: lines(command) for name, command in commands.items()}


def test_take(snapshot, pytestconfig):
    assert snapshot["state"] == []
    pathlib.Path(pytestconfig.getoption("snapshot")).write_text(json.dumps(snapshot, indent=1), encoding="utf-8")


def test_same(snapshot, pytestconfig):
    before = json.loads(pathlib.Path(pytestconfig.getoption("snapshot")).read_text(encoding="utf-8"))
    for name in before:
        assert snapshot[name] == before[name], name
    assert snapshot == before


def test_same_switch_without_dpdk(host):
    program = host.check_output("readlink /proc/$(cat /run/openvswitch/ovs-vswitchd.pid)/exe")
    assert "dpdk" not in program
    assert host.check_output("ovs-vsctl get Open_vSwitch . dpdk_initialized") == "false"
