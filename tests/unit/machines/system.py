"""/proc/cpuinfo and the facts of the system: command line, memory, distribution, lockdown, Secure Boot."""


def write_proc(tree, cmdline, kernel, architecture, memory_mb, page_sizes_kb):
    if cmdline is not None:
        tree.write("/proc/cmdline", cmdline)
    tree.write("/proc/sys/kernel/osrelease", kernel)
    if tuple(int(part) for part in kernel.split("-")[0].split(".")[:2]) >= (6, 1):
        tree.write("/proc/sys/kernel/arch", architecture)
    tree.write("/proc/version", "Linux version {0} (debian-kernel@lists.debian.org) #1 SMP".format(kernel))
    total = memory_mb * 1024
    rows = [("MemTotal", total), ("MemFree", total * 8 // 10), ("MemAvailable", total * 9 // 10)]
    text = "\n".join("{0:<16}{1:>8} kB".format(name + ":", kb) for name, kb in rows)
    tree.write("/proc/meminfo", "{0}\nHugePages_Total:       0\nHugepagesize: {1:>8} kB".format(text, page_sizes_kb[0]))
    mounts = ["proc /proc proc rw,nosuid 0 0", "sysfs /sys sysfs rw,nosuid 0 0", "/dev/vda1 / ext4 rw,relatime 0 0"]
    mounts.append("hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0")
    tree.write("/proc/mounts", "\n".join(mounts))


def x86_cpuinfo(cpu, vendor, model, flags):
    rows = [
        ("processor\t", cpu["cpu"]),
        ("vendor_id\t", vendor),
        ("cpu family\t", 6),
        ("model\t\t", 85),
        ("model name\t", model),
        ("physical id\t", cpu["package"]),
        ("core id\t\t", cpu["core"]),
        ("flags\t\t", flags),
    ]
    return "".join("{0}: {1}\n".format(name, value) for name, value in rows)


def arm_cpuinfo(cpu, vendor, model, flags):
    implementer = {"ARM": "0x41", "HiSilicon": "0x48"}.get(vendor, vendor)
    rows = [
        ("processor\t", cpu["cpu"]),
        ("BogoMIPS\t", "50.00"),
        ("Features\t", flags),
        ("CPU implementer\t", implementer),
        ("CPU architecture", "8"),
        ("CPU variant\t", "0x3"),
        ("CPU part\t", "0xd0c"),
    ]
    if model:
        rows.insert(1, ("model name\t", model))
    return "".join("{0}: {1}\n".format(name, value) for name, value in rows)


def write_system(tree, os_release, lockdown, secure_boot, noiommu):
    words = {"ID": "debian", "VERSION_ID": "12"} if os_release is None else os_release
    tree.write("/etc/os-release", "\n".join('{0}="{1}"'.format(key, words[key]) for key in words))
    if lockdown is not None:
        names = ("none", "integrity", "confidentiality")
        text = " ".join("[{0}]".format(name) if name == lockdown else name for name in names)
        tree.write("/sys/kernel/security/lockdown", text)
    if secure_boot is not None:
        variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        tree.write(variable, b"\x06\x00\x00\x00" + (b"\x01" if secure_boot else b"\x00"))
    if noiommu is not None:
        tree.write("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y" if noiommu else "N")
