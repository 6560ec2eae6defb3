"""Network devices, what sits above them, and the tables of addresses and routes."""

import os

from .routes import addresses6, fib_trie, routes4, routes6


def write_link_device(tree, directory, name, mac, index, devtype=None):
    """One network device at *directory*, and its place in the class."""
    kind = "DEVTYPE={0}\n".format(devtype) if devtype else ""
    for file, value in (
        ("address", mac),
        ("ifindex", index),
        ("mtu", 1500),
        ("operstate", "up"),
        ("flags", "0x1003"),
        ("type", 772 if name == "lo" else 1),
        ("uevent", "{0}INTERFACE={1}\nIFINDEX={2}".format(kind, name, index)),
    ):
        tree.write("{0}/{1}".format(directory, file), value)
    tree.link("/sys/class/net/" + name, directory)
    tree.link(directory + "/subsystem", "/sys/class/net")


def _kind(name):
    """What a device above a NIC is, by the names that people give them."""
    for prefix, kind in (("bond", "bond"), ("br", "bridge"), ("team", "team"), ("ovs-", "ovs"), ("vrf", "vrf")):
        if name.startswith(prefix) and "." not in name:
            return kind
    return "vlan"


def _add_uppers(nics, links):
    """Turn the short forms "master" and "vlan_above" of the NICs into links."""
    by_name = {link["name"]: link for link in links}
    for nic in nics:
        for name in filter(None, (nic.get("master"), nic.get("vlan_above"))):
            if name not in by_name:
                by_name[name] = {"name": name, "lowers": []}
                links.append(by_name[name])
            if nic["name"] not in by_name[name]["lowers"]:
                by_name[name]["lowers"].append(nic["name"])


def write_network(tree, nics, links):
    """Everything of class net; *nics* are complete, *links* is the caller's own list."""
    present = [nic for nic in nics if nic["name"]]
    _add_uppers(present, links)
    write_link_device(tree, "/sys/devices/virtual/net/lo", "lo", "00:00:00:00:00:00", 1)
    for index, link in enumerate(links):
        _write_upper(tree, link, 50 + index)
    for link in links:
        _link_lowers(tree, link)
    owners = [dict(owner, index=index + 2) for index, owner in enumerate(present + links)]
    tree.write("/proc/net/route", routes4(owners))
    tree.write("/proc/net/fib_trie", fib_trie(owners))
    tree.write("/proc/net/if_inet6", addresses6(owners))
    tree.write("/proc/net/ipv6_route", routes6(owners))
    vlans = [link for link in links if link["kind"] == "vlan"]
    if vlans:
        rows = ["VLAN Dev name\t | VLAN ID", "Name-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD"]
        rows += ["{0:<15}| {1}  | {2}".format(v["name"], 100 + i, v["lowers"][0]) for i, v in enumerate(vlans)]
        tree.write("/proc/net/vlan/config", "\n".join(rows))


def _write_upper(tree, link, index):
    name = link["name"]
    kind = link.setdefault("kind", _kind(name))
    directory = "/sys/devices/virtual/net/" + name
    devtype = {"ovs": "openvswitch", "team": None, "vrf": None}.get(kind, kind)
    write_link_device(tree, directory, name, "52:54:00:ff:00:{0:02x}".format(index), index, devtype)
    if kind == "bond":
        tree.write(directory + "/bonding/slaves", " ".join(link["lowers"]))
        tree.write(directory + "/bonding/mode", "802.3ad 4")
    elif kind == "bridge":
        tree.write(directory + "/bridge/stp_state", 0)


def _link_lowers(tree, link):
    above = "/sys/devices/virtual/net/" + link["name"]
    for lower in link["lowers"]:
        below = os.path.realpath(tree.path("/sys/class/net/" + lower))
        below = "/" + os.path.relpath(below, os.path.realpath(tree.root))
        tree.link("{0}/upper_{1}".format(below, link["name"]), above)
        tree.link("{0}/lower_{1}".format(above, lower), below)
        if link["kind"] in ("bond", "bridge", "team", "ovs", "vrf"):
            tree.link(below + "/master", above)
