#!/usr/bin/env bash
# Form: YAML, Ansible, Python, documentation, changelog, and the syntax of every playbook.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export PATH="$root/.venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="$root/build/collections" ANSIBLE_NOCOLOR=1
step() { echo "== $*"; }

step yamllint
yamllint --strict .
step ruff
ruff check --quiet .
step "vermin: Python 3.6 on targets"
vermin --quiet -t=3.6- --violations --no-tips plugins/modules plugins/module_utils
step "ansible-lint, profile production"
ansible-lint --offline -q
step "syntax of the playbooks"
for playbook in playbooks/*.yml; do
  ansible-playbook --syntax-check -i localhost, "nfv.ovs_dpdk.$(basename "$playbook" .yml)" >/dev/null
done
step antsibull-changelog
antsibull-changelog lint
step antsibull-docs
antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
