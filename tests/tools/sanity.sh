#!/usr/bin/env bash
# All of ansible-test sanity, without a container and without a network.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export PATH="$root/.venv/bin:$PATH"

# ansible-test wants a real copy at ansible_collections/<namespace>/<name>, in a git repository.
tree=build/sanity/ansible_collections/nfv/ovs_dpdk
mkdir -p "$tree"
rsync -a --delete --exclude /.git --exclude /build --exclude /.venv --exclude .hypothesis --exclude __pycache__ ./ "$tree/"
cd "$tree"
git init -q . && git add -A

# It would download a script that installs pip; this one does the same with what Python brings along.
export HOME="$root/build/home"
cache="$HOME/.ansible/test/cache"
mkdir -p "$cache"
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
names=$(grep -rhoE 'get_pip_[0-9_]+\.py' "$(python -c 'import ansible_test; print(list(ansible_test.__path__)[0])')" | sort -u)
for name in $names; do
  printf 'import ensurepip\nensurepip.bootstrap(upgrade=True, default_pip=True)\n' >"$cache/$name"
done
ansible-test sanity --color no --python "$python" "$@"
