# shellcheck shell=bash
# Sourced by the starters in this folder. It finds a Python that Odoo 19 can
# use, lets prepare.py set up whatever is missing, and hands over to a module
# that runs inside the prepared environment.

dev_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

is_supported() {
  "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
    >/dev/null 2>&1
}

find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do
    if is_supported "$name"; then
      printf '%s\n' "$name"
      return 0
    fi
  done
  return 1
}

install_python() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    return 1
  fi
  echo "Installing python3 (usually under a minute) ..." >&2
  apt-get -qq update >/dev/null &&
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
      --no-install-recommends python3 python3-venv </dev/null >/dev/null
}

# run_prepared MODULE ARGS...: never returns.
run_prepared() {
  local module=$1 python prepared
  shift
  if ! python=$(find_python); then
    install_python || true
    if ! python=$(find_python); then
      echo "Odoo 19 needs Python 3.10 to 3.13, and none was found:" \
        "install the packages python3 and python3-venv, then try again." >&2
      exit 1
    fi
  fi
  prepared=$("$python" "$dev_folder/prepare.py" "$module") || exit $?
  exec "$prepared" "$dev_folder/$module.py" "$@"
}
