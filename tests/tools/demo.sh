#!/usr/bin/env bash
# make demo: a blank virtual machine becomes an OVS-DPDK compute node, forwards frames, and stays for you to look at.
# make demo-clean: stops and forgets it.
set -euo pipefail
cd "$(dirname "$0")/../.."
lab=(python molecule/shared/lab.py)
home=build/demo
say() { printf '\n== %s\n' "$*"; }

if [ "${1:-}" = clean ]; then
  "${lab[@]}" down demo >/dev/null
  rm -rf "$home"
  echo "The virtual machine is gone; its image stays in the cache (${XDG_CACHE_HOME:-$HOME/.cache}/nfv-ovs-dpdk)."
  exit 0
fi

say "1/5 A blank Debian 12 with 2 NUMA nodes and two data NICs. Without KVM each boot takes about two minutes."
mkdir -p "$home"
"${lab[@]}" up demo >"$home/machine.json"
python - "$home" <<'PY'
import json, sys
home = sys.argv[1]
machine = json.load(open(home + "/machine.json"))
host = {"ansible_host": "127.0.0.1", "ansible_port": machine["ssh_port"], "ansible_user": "root",
        "ansible_ssh_private_key_file": machine["ssh_key"],
        "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes"}
json.dump({"all": {"hosts": {"compute1": host}}}, open(home + "/hosts.json", "w"), indent=2)
PY
cat molecule/inventory/group_vars/all.yml

export ANSIBLE_CONFIG=molecule/shared/ansible.cfg
say "2/5 The plan: what would this machine become, and why?"
ansible-playbook -i "$home/hosts.json" -e @molecule/inventory/group_vars/all.yml nfv.ovs_dpdk.plan

say "3/5 Make it so: packages, kernel arguments, one reboot, hugepages, NICs, switch, proof. About ten minutes without KVM."
ansible-playbook -i "$home/hosts.json" -e @molecule/inventory/group_vars/all.yml nfv.ovs_dpdk.site

say "4/5 Frames: 2,000 Ethernet frames go into the first NIC and must come out of the second."
python molecule/shared/frames.py demo --count 2000

say "5/5 What the PMD threads say of it"
"${lab[@]}" ssh demo ovs-appctl dpif-netdev/pmd-perf-show -nh
"${lab[@]}" ssh demo ovs-appctl dpif-netdev/pmd-rxq-show

say "The machine keeps running."
echo "enter it:   .venv/bin/python molecule/shared/lab.py ssh demo"
echo "judge it:   .venv/bin/ansible-playbook -i $home/hosts.json -e @molecule/inventory/group_vars/all.yml nfv.ovs_dpdk.verify"
echo "remove it:  make demo-clean"
