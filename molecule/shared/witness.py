# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is: files, database, drivers, pools, as its kernel and its switch tell, never the collection.

SCRIPT is for a shell on the host, `testimony` reads what it prints: equal for two hosts that are alike.
"""

PLACES = "/etc /boot/grub /usr/local"
LOOKS = {
    "files": f"find {PLACES} -xdev -type f -exec sha256sum {{}} +",
    # What systemd starts at boot, or is told not to, is links as well; its own list of them takes it a minute here.
    "links": f"find {PLACES} -xdev -type l -printf '%p -> %l\\n'",
    "rights": f"find {PLACES} -xdev '(' -type f -o -type d ')' -printf '%m %U:%G %p\\n'",
    "drivers": "cd /sys/bus/pci/devices; for d in *; do echo $d $(readlink $d/driver) $(cat $d/driver_override); done",
    "names": "for n in /sys/class/net/*; do echo ${n##*/} $(readlink $n/device); done",
    "pools": "grep -H . /sys/devices/system/node/node*/hugepages/*/nr_hugepages",
    "settings": "sysctl kernel.numa_balancing; tr ' ' '\\n' < /proc/cmdline | grep -v BOOT_IMAGE",
    "mounts": "grep hugetlbfs /proc/mounts",
    "alternative": "update-alternatives --query ovs-vswitchd | grep -E '^(Status|Value)'",
    # A name that GRUB has followed stays, empty.
    "environment of GRUB": "grub-editenv list | grep -vx next_entry=",
    "packages": "dpkg-query --show --showformat '${binary:Package} ${Version} ${db:Status-Abbrev}\\n'",
}
TABLES = {
    "Open_vSwitch": "other_config,external_ids",
    "Bridge": "name,datapath_type,fail_mode,other_config,external_ids",
    "Port": "name,tag,trunks,vlan_mode,bond_mode,lacp,other_config,external_ids",
    "Interface": "name,type,options,mtu_request,other_config,external_ids",
}
for _table, _columns in TABLES.items():
    LOOKS["table " + _table] = f"ovs-vsctl --format=csv --no-headings --columns={_columns} list {_table}"

# The database is compared by content, its file is compacted now and then, and so is GRUB's block; the lease of DHCP
# moves on.
PASSED_OVER = ("/etc/openvswitch/conf.db", "/etc/openvswitch/.conf.db.~lock~", "/boot/grub/grubenv", "/etc/resolv.conf")
HEAD = "=== "
SCRIPT = "".join(f"echo '{HEAD}{name}'; ({look}) 2>/dev/null || :\n" for name, look in LOOKS.items())


def testimony(text):
    """{what: sorted lines}"""
    found, lines = {}, []
    for line in text.splitlines():
        if line.startswith(HEAD):
            lines = found[line[len(HEAD) :]] = []
        elif not line.endswith(PASSED_OVER):
            lines.append(line)
    return {name: sorted(lines) for name, lines in found.items()}


def differences(found, wanted):
    """What one of them has and the other has not, in lines that begin with - (lost) and + (new)."""
    return [
        f"{name}: {sign}{line}"
        for name, lines in wanted.items()
        for sign, some, others in (("-", lines, found[name]), ("+", found[name], lines))
        for line in sorted(set(some) - set(others))
    ]
