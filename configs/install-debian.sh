#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Installs what building, running and testing pare needs on Debian 12; does nothing when all is there.
set -e
packages="build-essential pkg-config meson ninja-build cmake git ca-certificates
  libuv1-dev libsqlite3-dev sqlite3 libcjson-dev libprotobuf-c-dev protobuf-c-compiler libopenblas-dev check
  openocd gcc-arm-none-eabi libnewlib-arm-none-eabi scdoc"
[ "$1" = --tests ] && packages="$packages clang qemu-system-arm socat libonnx-testdata procps"

missing=
for p in $packages; do
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null)" = "ii " ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "missing packages, and no sudo to install them:$missing" >&2; exit 1; }
    sudo=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    { echo "apt-get could not install:$missing" >&2; exit 1; }
