#!/usr/bin/env bash
# A throw-away PostgreSQL server on a free loopback port: `start FOLDER` prints its URL, `stop FOLDER` ends it.
set -euo pipefail
folder=$2
# The newest server that is installed. PostgreSQL refuses to run as root, so root hands it to the package's own user.
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
case $1 in
start)
    [ "$(id -u)" = 0 ] && chown postgres "$folder"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    as "$bin/initdb" -D "$folder/data" -U vestibule --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    as "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$folder' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c max_connections=300" start >/dev/null
    echo "postgresql+psycopg://vestibule@127.0.0.1:$port/postgres"
    ;;
stop)
    as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null || true
    ;;
*) echo "usage: $0 start|stop FOLDER" >&2; exit 2 ;;
esac
