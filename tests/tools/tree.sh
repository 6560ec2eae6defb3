#!/usr/bin/env bash
# Builds the collection and installs it below build/collections, where lint, molecule and the demonstration run it:
# what is tested is what a user would install.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH"
mkdir -p build
rm -rf build/artifact build/collections
ansible-galaxy collection build --force --output-path build/artifact . >build/artifact.log
ansible-galaxy collection install --force --offline --collections-path build/collections build/artifact/*.tar.gz >>build/artifact.log
