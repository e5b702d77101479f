#!/bin/sh
# What full testing needs beside Python: a browser, real SAML and OpenID Connect counterparts, a database server.
# For Debian and the like, as root. The tests of each part name it as missing when it is not there.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends \
    chromium fonts-noto-core \
    apache2 libapache2-mod-auth-mellon libapache2-mod-auth-openidc \
    simplesamlphp php-cli php-xml php-mbstring php-sqlite3 \
    postgresql xmlsec1 ca-certificates
# The OpenID Connect counterparts of npm (pinned in tests/peers/npm/package-lock.json) need Node.js 20 or later, and
# Debian 12 has 18: npm itself brings a newer one, into /usr/local.
node_is_new() { command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; }
if ! node_is_new; then
    apt-get install -y -q --no-install-recommends nodejs npm
    node_is_new || npm install --global --prefix /usr/local node@20.19.5
fi
