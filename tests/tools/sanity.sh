#!/usr/bin/env bash
# All of ansible-test's sanity tests, without a container and without a network.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export PATH="$root/.venv/bin:$PATH"

# ansible-test wants a real copy at ansible_collections/<namespace>/<name>, in a git repository.
tree=build/sanity/ansible_collections/nfv/ovs_dpdk
mkdir -p "$tree"
rsync -a --delete --exclude /.git --exclude /build --exclude /.venv --exclude .hypothesis --exclude __pycache__ ./ "$tree/"
cd "$tree"
git init -q .
git add -A

# It would download a script that installs pip; this one does the same with what Python brings along.
export HOME="$root/build/home"
cache="$HOME/.ansible/test/cache"
mkdir -p "$cache"
sources=$(python -c 'import ansible_test; print(ansible_test.__path__[0])')
version=$(sed -nE "s/.*pip='([0-9.]+)'.*/\1/p" "$sources/_internal/python_requirements.py")
printf 'import ensurepip\nensurepip.bootstrap(upgrade=True, default_pip=True)\n' >"$cache/get_pip_${version//./_}.py"

python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ansible-test sanity --color no --python "$python" "$@"
