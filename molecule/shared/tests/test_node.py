"""Is the machine the compute node that was asked for? Asked of the kernel and the switch, never of the collection.

The expectation is written out by hand for this one virtual machine: two NUMA nodes, three cores each with two threads.
"""

import json
import re

import pytest

HOUSEKEEPING = {0, 1, 6, 7}
PMD = {0: {2, 3}, 1: {8, 9}}
ISOLATED = {2, 3, 4, 5, 8, 9, 10, 11}
NICS = {0: ("0000:41:00.0", "dpdk0"), 1: ("0000:81:00.0", "dpdk1")}
MANAGEMENT = "0000:00:03.0"
GIB = "hugepages-1048576kB"


def cpus(text):
    """Expand a kernel CPU list."""
    result = set()
    for part in filter(None, text.strip().split(",")):
        first, _dash, last = part.partition("-")
        result |= set(range(int(first), int(last or first) + 1))
    return result


def read(host, path):
    return host.check_output("cat %s", path).strip()


@pytest.fixture(scope="module")
def threads(host):
    """Names and allowed CPUs of all threads of ovs-vswitchd, in one look."""
    pid = read(host, "/run/openvswitch/ovs-vswitchd.pid")
    status = host.check_output(f"grep -h -E '^(Name|Cpus_allowed_list):' /proc/{pid}/task/*/status")
    words = [line.split(":", 1)[1].strip() for line in status.splitlines()]
    return list(zip(words[::2], map(cpus, words[1::2])))


@pytest.fixture(scope="module")
def interfaces(host):
    """The Interface table of the switch."""
    table = json.loads(host.check_output("ovs-vsctl --format=json --columns=name,error,link_state list Interface"))
    return {row[0]: dict(zip(table["headings"], row)) for row in table["data"]}


def test_kernel_runs_with_the_arguments(host, isolation):
    words = read(host, "/proc/cmdline").split()
    arguments = dict(word.partition("=")[::2] for word in words)
    assert "intel_iommu=on" in words
    assert "iommu=pt" in words
    assert cpus(arguments["nohz_full"]) == cpus(arguments["rcu_nocbs"]) == ISOLATED
    assert cpus(arguments["irqaffinity"]) == HOUSEKEEPING
    assert ("isolcpus" in arguments, "tuned.non_isolcpus" in arguments) == (isolation == "kernel", isolation == "tuned")
    assert words.index("hugepagesz=1G") + 1 == words.index("hugepages=" + arguments["hugepages"])


def test_recovery_entry_boots_without_them(host):
    lines = re.findall(r"^\s*linux\s.*$", read(host, "/boot/grub/grub.cfg"), re.MULTILINE)
    recovery = [line for line in lines if " single" in line]
    assert len(recovery) >= 1
    assert not any("intel_iommu=on" in line for line in recovery)
    assert all("intel_iommu=on" in line for line in lines if line not in recovery)


def test_operators_own_arguments_are_kept(host):
    words = read(host, "/proc/cmdline").split()
    assert {"console=ttyS0,115200n8", "tsc=nowatchdog", "nokaslr", "quiet"} <= set(words)


def test_cpus_are_isolated(host, isolation):
    """TuneD leaves them in the scheduler's domain, and keeps tasks away by their affinity."""
    assert cpus(read(host, "/sys/devices/system/cpu/nohz_full")) == ISOLATED
    assert cpus(read(host, "/sys/devices/system/cpu/isolated")) == (ISOLATED if isolation == "kernel" else set())


def test_no_other_task_may_run_there(host, threads):
    """Kernel threads are the kernel's own affair."""
    status = host.check_output("grep -s -h -E '^(Name|PPid|Cpus_allowed_list):' /proc/[0-9]*/task/*/status || true")
    words = [line.split(":", 1)[1].strip() for line in status.splitlines()]
    tasks = list(zip(words[::3], words[1::3], words[2::3]))
    assert ("systemd", "0") in [task[:2] for task in tasks]
    known = {"kthreadd"} | {name for name, _allowed in threads}
    others = [(name, allowed) for name, parent, allowed in tasks if parent != "2" and name not in known]
    assert [(name, allowed) for name, allowed in others if cpus(allowed) & ISOLATED] == []


def test_default_affinity_of_interrupts(host):
    mask = read(host, "/proc/irq/default_smp_affinity").replace(",", "")
    assert int(mask, 16) == sum(1 << cpu for cpu in HOUSEKEEPING)


def interrupts(host):
    """How often each device has interrupted each CPU: {(number, CPU): count}."""
    counts = {}
    for line in read(host, "/proc/interrupts").splitlines()[1:]:
        number, _colon, rest = line.partition(":")
        if number.strip().isdigit():
            columns = rest.split()[: len(HOUSEKEEPING) + len(ISOLATED)]
            counts.update({(number, cpu): int(count) for cpu, count in enumerate(columns)})
    return counts


def test_interrupts_stay_on_housekeeping_cpus(host, isolation):
    """With the kernel's isolation since its start; TuneD's begins with systemd, after the initial RAM disk."""
    before = interrupts(host) if isolation == "tuned" else {}
    host.check_output("dd if=/dev/vda of=/dev/null bs=1M count=64 iflag=direct status=none")
    interrupted = {cpu for (number, cpu), count in interrupts(host).items() if count > before.get((number, cpu), 0)}
    assert interrupted
    assert interrupted <= HOUSEKEEPING


@pytest.mark.parametrize("node", NICS)
def test_pages_on_both_nodes(host, node):
    """As many as the kernel was told; it may quietly take those of one node from another."""
    told = dict(re.findall(r"(\d+):(\d+)", re.search(r"hugepages=(\S+)", read(host, "/proc/cmdline")).group(1)))
    pool = f"/sys/devices/system/node/node{node}/hugepages/{GIB}"
    assert read(host, f"{pool}/nr_hugepages") == told[str(node)]
    assert int(read(host, f"{pool}/free_hugepages")) < int(told[str(node)]), "the switch uses none"


def test_pages_are_mounted(host):
    mount = host.mount_point("/dev/hugepages-1G")
    assert mount.exists
    assert mount.filesystem == "hugetlbfs"
    assert "pagesize=1024M" in mount.options


@pytest.mark.parametrize("node", NICS)
def test_nic_is_bound_and_on_its_node(host, node):
    device = f"/sys/bus/pci/devices/{NICS[node][0]}"
    assert host.check_output("readlink %s", f"{device}/driver").endswith("/vfio-pci")
    assert read(host, f"{device}/numa_node") == str(node)
    group = host.check_output("readlink %s", f"{device}/iommu_group").rpartition("/")[2]
    assert host.file(f"/dev/vfio/{group}").exists


def test_management_nic_is_untouched(host):
    assert host.check_output("readlink %s", f"/sys/bus/pci/devices/{MANAGEMENT}/driver").endswith("/virtio-pci")


def test_nothing_of_it_is_writable_for_everybody(host):
    """udev gives /dev/vfio/vfio to all; it is worth nothing without a group."""
    places = "/etc /usr/local /var/lib/nfv_ovs_dpdk /run/openvswitch /dev/vfio /dev/hugepages-1G"
    assert host.check_output(f"find {places} -xdev ! -type l -perm -0002").split() == ["/dev/vfio/vfio"]


def test_the_switch_runs_as_the_user_of_its_package(host):
    shipped = host.check_output("sed -n s/^User=//p /lib/systemd/system/ovs-vswitchd.service")
    assert host.check_output("ps -o user= -p $(cat /run/openvswitch/ovs-vswitchd.pid)") == (shipped or "root")


def test_dpdk_is_initialized(host):
    assert host.check_output("ovs-vsctl get Open_vSwitch . dpdk_initialized") == "true"


def test_exactly_the_planned_pmd_threads(threads):
    """Their names say the CPU that OVS meant, the kernel says where they may run."""
    meant = sorted(int(re.match(r"pmd-c(\d+)/", name).group(1)) for name, _cpus in threads if name.startswith("pmd-c"))
    assert meant == sorted(PMD[0] | PMD[1])
    for name, allowed in threads:
        if name.startswith("pmd-c"):
            assert allowed == {int(re.match(r"pmd-c(\d+)/", name).group(1))}


def test_other_threads_of_the_switch_stay_with_the_host(threads):
    others = [(name, allowed) for name, allowed in threads if not name.startswith("pmd-c")]
    assert [(name, allowed) for name, allowed in others if not allowed <= HOUSEKEEPING] == []


def test_no_port_has_an_error(interfaces):
    assert {"dpdk0", "dpdk1", "br-dpdk"} <= set(interfaces)
    assert {name: row["error"] for name, row in interfaces.items() if row["error"] != ["set", []]} == {}
    assert all(interfaces[port]["link_state"] == "up" for _address, port in NICS.values())


@pytest.mark.parametrize("node", NICS)
def test_queue_is_polled_on_the_node_of_its_nic(host, node):
    blocks = re.split(r"^pmd thread ", host.check_output("ovs-appctl dpif-netdev/pmd-rxq-show"), flags=re.MULTILINE)
    polling = [block for block in blocks if re.search(rf"port: {NICS[node][1]}\s", block)]
    assert len(polling) == 1
    numa, core = map(int, re.match(r"numa_id (\d+) core_id (\d+)", polling[0]).groups())
    assert numa == node
    assert core in PMD[node]


def test_nothing_failed_at_boot(host):
    assert host.check_output("systemctl list-units --failed --no-legend") == ""
