#!/usr/bin/env bash
# make demo: a blank virtual machine becomes an OVS-DPDK compute node, forwards frames, and stays for you to look at.
# make demo-clean: stops and forgets it.
set -euo pipefail
cd "$(dirname "$0")/../.."
lab=(python molecule/shared/lab.py)
home=build/demo
inventory=(-i molecule/inventory -i "$home/hosts.json")
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
import json
import sys

home = sys.argv[1]
with open(home + "/machine.json") as machine, open(home + "/hosts.json", "w") as hosts:
    json.dump({"all": {"hosts": {"compute1": json.load(machine)["connection"]}}}, hosts, indent=2)
PY
echo "What an operator writes for it:"
cat molecule/inventory/group_vars/all.yml

export ANSIBLE_CONFIG=molecule/shared/ansible.cfg
say "2/5 The plan: what would this machine become, and why?"
ansible-playbook "${inventory[@]}" nfv.ovs_dpdk.plan

say "3/5 Make it so: packages, kernel arguments, one reboot, hugepages, NICs, switch, proof. About ten minutes without KVM."
ansible-playbook "${inventory[@]}" nfv.ovs_dpdk.site

say "4/5 Frames: 5,000 Ethernet frames go into the first NIC and must come out of the second; meanwhile the PMD threads:"
python molecule/shared/frames.py demo --count 5000 >"$home/frames.json" &
"${lab[@]}" ssh demo ovs-appctl dpif-netdev/pmd-perf-show -nh
wait $!
cat "$home/frames.json"

say "5/5 Which PMD thread polls which rx queue"
"${lab[@]}" ssh demo ovs-appctl dpif-netdev/pmd-rxq-show

say "The machine keeps running."
echo "enter it:   .venv/bin/python molecule/shared/lab.py ssh demo"
echo "judge it:   ANSIBLE_COLLECTIONS_PATH=build/collections ANSIBLE_CONFIG=molecule/shared/ansible.cfg \\"
echo "            .venv/bin/ansible-playbook ${inventory[*]} nfv.ovs_dpdk.verify"
echo "remove it:  make demo-clean"
