#!/usr/bin/env bash
# Installs what the tests and the demonstration need on Debian 12 or newer, and makes the virtual environment.
# Says what it does before it does it; a second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(
  python3-venv rsync git                                      # the environment itself
  openvswitch-switch                                          # real switches on pretended machines
  openvswitch-switch-dpdk 'librte-net-null[0-9]*' 'librte-net-virtio[0-9]*' 'librte-mempool-ring[0-9]*' dpdk-dev  # and DPDK
  qemu-system-x86 qemu-utils ovmf openssh-client              # virtual machines
  mmdebstrap uidmap e2fsprogs dosfstools mtools fdisk         # their image
  grub-common btrfs-progs xfsprogs                            # a real boot menu, and where it may be, in unit tests
  shellcheck                                                  # one of the sanity tests
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "== Installing Debian packages: ${missing[*]}"
  sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The interpreter's modules and the list decide: a change of either makes a new environment.
stamp=.venv/requirements.txt
if ! cmp -s tests/requirements.txt "$stamp"; then
  echo "== Making the virtual environment .venv"
  rm -rf .venv
  "${PYTHON:-python3}" -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
  cp tests/requirements.txt "$stamp"
fi
