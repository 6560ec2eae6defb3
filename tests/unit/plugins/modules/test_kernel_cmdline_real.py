"""kernel_cmdline with the real grub-mkconfig and scripts of /etc/grub.d, in a private mount namespace."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("ansible.module_utils.basic")
CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..", ".."))
POSSIBLE = (
    os.getuid() == 0
    and shutil.which("grub-mkconfig")
    and os.path.exists("/etc/grub.d/10_linux")
    and shutil.which("unshare")
    and subprocess.call(["unshare", "--mount", "true"]) == 0
)
pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs root, unshare and GRUB's own grub-mkconfig")

# There is no disk behind these directories, so grub-probe says what a disk would be.
PROBE = """#!/bin/sh
case "$*" in
  (*target=device*) echo /dev/vda2 ;;
  (*target=fs_uuid*) echo 1234-abcd ;;
  (*target=fs*) echo ext2 ;;
  (*target=partmap*) echo gpt ;;
  (*target=compatibility_hint*) echo hd0,gpt2 ;;
esac
"""

HOST = """
set -e
mount --make-rprivate /
for place in /boot /etc/default /var/lib; do mount -t tmpfs none $place; done
mkdir /etc/default/grub.d /boot/grub /boot/scripts
cp -a /etc/grub.d/. /boot/scripts
mount --bind /boot/scripts /etc/grub.d
mount --bind "$1" "$(command -v grub-probe)"
touch /boot/vmlinuz-6.1.0-40-amd64 /boot/vmlinuz-6.1.0-18-amd64
printf '%s\\n' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet isolcpus=7"' 'GRUB_CMDLINE_LINUX="console=ttyS0"' > /etc/default/grub
grub-mkconfig -o /boot/grub/grub.cfg 2>/dev/null
cp /boot/grub/grub.cfg /boot/virgin
touch /boot/cmdline /boot/boot_id
mount --bind /boot/cmdline /proc/cmdline
mount --bind /boot/boot_id /proc/sys/kernel/random/boot_id
shift
"$@"
grub-script-check /boot/grub/grub.cfg
cmp /boot/virgin /boot/grub/grub.cfg
"""

RUNS = """
import importlib, json, os, sys
sys.path.insert(0, sys.argv[1])
import conftest
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = "legacy"
module = importlib.import_module("ansible_collections.nfv.ovs_dpdk.plugins.modules.kernel_cmdline")
runs = json.loads(sys.argv[2])
for number, run in enumerate(runs):
    if "boots" in run:
        with open("/boot/cmdline", "w") as line, open("/boot/boot_id", "w") as boot:
            line.write(run.pop("boots"))
            boot.write(str(number))
        os.system("grub-editenv /boot/grub/grubenv set next_entry=")
    for path, text in run.pop("files", {}).items():
        with open(path, "w") as handle:
            handle.write(text)
        os.chmod(path, 0o755 if text else 0o644)
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": run}).encode()
    try:
        module.main()
    except SystemExit:
        pass
    with open("/boot/grub/grub.cfg") as menu:
        print(json.dumps({
            "menu": menu.read(),
            "files": sorted(os.listdir("/boot/grub")),
            "valid": os.system("grub-script-check /boot/grub/grub.cfg") == 0,
            "once": os.popen("test ! -e /boot/grub/grubenv || grub-editenv /boot/grub/grubenv list").read(),
        }))
"""

TOKENS = ["intel_iommu=on", "hugepagesz=1G", "hugepages=0:2,1:2", "isolcpus=managed_irq,domain,2-5", "memmap=1G!4G"]


def carry_out(tmp_path, runs):
    """Results of the module and, after each of them, menus."""
    probe = tmp_path / "probe"
    probe.write_text(PROBE)
    probe.chmod(0o755)
    inside = [sys.executable, "-c", RUNS, CHECKOUT, json.dumps(runs)]
    out = subprocess.check_output(["unshare", "--mount", "sh", "-c", HOST, "sh", str(probe)] + inside)
    answers = [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]
    assert all(answer["valid"] for answer in answers[1::2])
    return answers[::2], answers[1::2]


def test_real_menus_get_our_tokens_and_lose_them_again(tmp_path):
    runs = [
        {"tokens": TOKENS},
        {"tokens": TOKENS, "takeover": ["isolcpus"], "_ansible_check_mode": True},
        {"tokens": TOKENS, "takeover": ["isolcpus"]},
        {"tokens": TOKENS, "takeover": ["isolcpus"]},
        {"state": "absent"},
    ]
    results, menus = carry_out(tmp_path, runs)
    refused, dry, real, again, gone = results
    assert refused["error"]["where"] == "/etc/default/grub" and menus[0] == menus[1]
    assert real["changed"] and real["actions"] == dry["actions"]
    assert not again["changed"] and menus[2] == menus[3]
    assert gone["changed"] and menus[4] == menus[0]
    assert menus[2]["files"] == ["grub.cfg"]
    lines = re.findall(r"^\s*linux\s+\S+ (.*)$", menus[2]["menu"], re.MULTILINE)
    normal = "root=/dev/vda2 ro console=ttyS0 quiet " + " ".join(TOKENS)
    recovery = "root=/dev/vda2 ro single console=ttyS0"
    assert [" ".join(line.split()) for line in lines] == [normal, normal, recovery, normal, recovery]


def test_a_real_menu_boots_a_line_once_and_then_for_good(tmp_path):
    tokens, taken = TOKENS[:2], {"takeover": ["isolcpus"]}
    line = "root=/dev/vda2 ro console=ttyS0 quiet {0} panic=30 softlockup_panic=1 nfv_ovs_dpdk.trial=1".format(
        " ".join(tokens)
    )
    runs = [
        dict(taken, tokens=tokens, entry="trial", boots="BOOT_IMAGE=/vmlinuz-6.1.0-18-amd64 ro"),
        dict(taken, tokens=tokens, state="armed"),
        dict(taken, tokens=tokens, entry="trial"),
        dict(taken, tokens=tokens, state="armed"),
        dict(taken, tokens=tokens, entry="trial", boots="BOOT_IMAGE=/vmlinuz-6.1.0-18-amd64 " + line),
        dict(taken, tokens=tokens),
        {"state": "absent", "boots": "ro"},
    ]
    results, menus = carry_out(tmp_path, runs)
    tried, armed, taken_back, _armed, booted, kept, gone = results
    waits = {"possible": True, "why": "", "pending": True, "armed": False, "booted": False}
    assert tried["trial"] == waits and armed["trial"] == dict(waits, armed=True)
    assert "trial" not in menus[0]["once"] and menus[1]["menu"] == menus[0]["menu"]
    assert menus[1]["once"] == "next_entry=nfv-ovs-dpdk-trial\n" and menus[1]["files"] == ["grub.cfg", "grubenv"]
    own = re.findall(
        r"^menuentry .* \$menuentry_id_option 'nfv-ovs-dpdk-trial' \{$(.*?)^\}$", menus[0]["menu"], re.M | re.S
    )
    assert own[0].count("\tlinux\t/vmlinuz-6.1.0-18-amd64 " + line + "\n") == len(own) == 1
    virgin = re.findall(r"^\s*linux\s.*$", menus[6]["menu"], re.MULTILINE)
    assert re.findall(r"^\s*linux\s.*$", menus[0]["menu"], re.MULTILINE)[:-1] == virgin
    assert taken_back["trial"] == waits and "trial" not in menus[2]["once"] and menus[2]["menu"] == menus[0]["menu"]
    assert booted["trial"]["booted"] and not booted["changed"]
    assert "nfv-ovs-dpdk-trial" not in menus[5]["menu"] and not kept["reboot_required"]
    assert gone["changed"]


def test_what_a_real_menu_boots_by_default(tmp_path):
    settings, script = "/etc/default/grub.d/50-mine.cfg", "/etc/grub.d/45_mine"
    mine = "#!/bin/sh\ncat << 'EOF'\nmenuentry 'Mine' --id mine {\n  linux /vmlinuz\n}\nEOF\n"
    values = ["mine", '"1>1"', '"1>2"\nGRUB_SAVEDEFAULT=true']
    tries = {"tokens": ["iommu=pt"], "entry": "trial"}
    runs = [dict(tries, files={settings: "GRUB_DEFAULT={0}\n".format(value), script: mine}) for value in values]
    results, menus = carry_out(tmp_path, runs + [{"state": "absent", "files": {settings: "", script: ""}}])
    unknown, recovery, tried, _gone = results
    assert unknown["error"]["found"] == "by default 'Mine' (mine)" and menus[0]["menu"] == menus[3]["menu"]
    assert re.match(r"'.*, with Linux 6\.1\.0-40-amd64 \(recovery mode\)' \(gnulinux-6", recovery["error"]["found"])
    assert tried["trial"]["pending"]
    entries = [text.split("\n}", 1)[0] for text in menus[2]["menu"].split("\nmenuentry ")[1:]]
    assert ["savedefault" in text for text in entries if "vmlinuz-6" in text] == [True, False]
