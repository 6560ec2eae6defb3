#!/usr/bin/env bash
# Unit tests on a real Python 3.6, the oldest that targets run, where one is found.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PYTHONDONTWRITEBYTECODE=1
python=
for candidate in python3.6 "$HOME"/.pyenv/versions/3.6*/bin/python3.6 /usr/libexec/platform-python; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 6))' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  echo "== No Python 3.6 here: unit tests on it are left out (vermin still judges the syntax)"
  exit 0
fi
if ! cmp -s tests/requirements-py36.txt build/py36/requirements.txt; then
  rm -rf build/py36
  "$python" -m venv build/py36
  build/py36/bin/pip install --quiet --disable-pip-version-check --no-deps -r tests/requirements-py36.txt
  # ansible-core 2.16 is the last that reaches such targets, and what it sends there runs on 3.6; pip of that age
  # cannot fetch it, because its controller side needs 3.10.
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.10 \
    --target "$(build/py36/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" 'ansible-core==2.16.*'
  cp tests/requirements-py36.txt build/py36/
fi
build/py36/bin/python -m pytest -q -n auto -p no:cacheprovider tests/unit/plugins/module_utils tests/unit/plugins/modules
