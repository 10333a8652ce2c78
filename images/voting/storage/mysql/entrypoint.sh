#!/bin/sh
# Starts MariaDB with the environment of the official MySQL image:
#   MYSQL_ROOT_PASSWORD (required), MYSQL_DATABASE, MYSQL_USER with MYSQL_PASSWORD (optional).
#
# The first start makes system tables, accounts and database in one bootstrap run, which opens no port. Only then
# the server starts, so a port that answers means a store that works. A bootstrap cut short by a kill leaves its
# marker behind and is made anew; no vote can have been stored by then.
set -eu
# As process 1 the shell would ignore SIGTERM until the server replaces it.
trap 'exit 143' TERM INT

data=/var/lib/mysql
marker="$data/.initialising"
config=--defaults-file=/etc/voting/mariadb.cnf

say() { printf 'voting-storage: %s\n' "$1" >&2; }
literal() { printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"; }
name() { printf '`%s`' "$(printf '%s' "$1" | sed 's/`/``/g')"; }
# In GRANT, _ and % in a database name are wildcards.
pattern() { name "$1" | sed 's/[_%]/\\&/g'; }
contents() { find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found "$@"; }

system_tables() {
    printf '%s;\n' 'CREATE DATABASE mysql' 'USE mysql' 'SET @auth_root_socket = NULL'
    cd /usr/share/mysql
    # Rows with @current_hostname make accounts for the host that runs the bootstrap: a pod that will not come back.
    cat mysql_system_tables.sql mysql_performance_tables.sql mysql_system_tables_data.sql | grep -v @current_hostname
}

accounts() {
    root=$(literal "$MYSQL_ROOT_PASSWORD")
    # A bootstrap runs without grants; loading them makes the statements for accounts work.
    printf '%s;\n' 'FLUSH PRIVILEGES' \
        "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1'" \
        "ALTER USER 'root'@'localhost' IDENTIFIED BY $root" \
        "CREATE USER 'root'@'%' IDENTIFIED BY $root" \
        "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION"
    if [ -n "${MYSQL_DATABASE:-}" ]; then
        printf '%s;\n' "CREATE DATABASE $(name "$MYSQL_DATABASE")"
    fi
    if [ -n "${MYSQL_USER:-}" ] && [ -n "${MYSQL_PASSWORD:-}" ]; then
        printf '%s;\n' "CREATE USER $(literal "$MYSQL_USER")@'%' IDENTIFIED BY $(literal "$MYSQL_PASSWORD")"
        if [ -n "${MYSQL_DATABASE:-}" ]; then
            printf '%s;\n' "GRANT ALL ON $(pattern "$MYSQL_DATABASE").* TO $(literal "$MYSQL_USER")@'%'"
        fi
    fi
}

if [ -e "$marker" ]; then
    say 'the last first start was cut short; starting over'
    contents ! -name "${marker##*/}" -exec rm -rf {} +
elif [ -z "$(contents)" ]; then
    : >"$marker"
fi

if [ -e "$marker" ]; then
    if [ -z "${MYSQL_ROOT_PASSWORD:-}" ]; then
        say 'MYSQL_ROOT_PASSWORD is not set; the first start needs it'
        exit 1
    fi
    { system_tables; accounts; } | mariadbd "$config" --bootstrap --enforce-storage-engine= --max-allowed-packet=8M --log-warnings=0
    rm "$marker"
fi

exec mariadbd "$config" "$@"
