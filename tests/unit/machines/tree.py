"""Files and links below a root, and the kernel's two ways to write a set of CPUs."""

import os


class Tree:
    """Files and links below *root*, named by absolute paths as the kernel shows them."""

    def __init__(self, root):
        self.root = root
        self._made = set()

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def directory(self, name):
        path = self.path(name)
        if path not in self._made:
            os.makedirs(path, exist_ok=True)
            self._made.add(path)

    def write(self, name, content="", newline="\n"):
        self.directory(os.path.dirname(name))
        data = content if isinstance(content, bytes) else "{0}{1}".format(content, newline).encode()
        with open(self.path(name), "wb") as handle:
            handle.write(data)

    def link(self, name, target):
        """A relative link, as in sysfs: link("/sys/class/net/eth0", "/sys/devices/.../net/eth0")."""
        self.directory(os.path.dirname(name))
        if not os.path.islink(self.path(name)):
            parent, last = os.path.split(target)  # sysfs never ends a link with "..": a device link reads ../../../X
            os.symlink(os.path.join(os.path.relpath(parent, os.path.dirname(name)), last), self.path(name))


def cpu_list(cpus):
    """Kernel list text; written without the code under test."""
    parts = []
    for cpu in sorted(cpus):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(str(a) if a == b else "{0}-{1}".format(a, b) for a, b in parts)


def cpu_mask(cpus, total):
    """Kernel mask text: groups of 32 bits, comma between them."""
    groups = max(1, (total + 31) // 32)
    words = [sum(1 << (cpu - 32 * i) for cpu in cpus if 32 * i <= cpu < 32 * (i + 1)) for i in range(groups)]
    return ",".join("{0:08x}".format(word) for word in reversed(words))
