#!/bin/sh
# Called like the official image's: `mysqld` and options of the server. Each setting may come by NAME_FILE instead, and
# root becomes the uid that owns the official image's data.
set -eu
for name in MYSQL_ROOT_PASSWORD MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        export "$name=$value"
    fi
done
case "${1:-mysqld}" in
    mysqld) [ $# -eq 0 ] || shift ;;
    -*) ;;
    *) exec "$@" ;;
esac
if [ "$(id -u)" = 0 ]; then
    chown 999:999 /var/lib/mysql /run/mysqld
    exec setpriv --reuid 999 --regid 999 --clear-groups sh /etc/voting/entrypoint.sh "$@"
fi
exec sh /etc/voting/entrypoint.sh "$@"
