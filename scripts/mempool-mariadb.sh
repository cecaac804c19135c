#!/usr/bin/env bash
# Loads `blkprice export prices --format mempool-sql` into a real MariaDB with mempool's table, twice, and checks what
# stands there afterwards. The server is private: its own folder, a socket and no port, an unprivileged user; it is
# stopped and removed at the end.
#
#   BLKPRICE=target/debug/blkprice scripts/mempool-mariadb.sh [DATABASE]
#
# Without a DATABASE one is made by `blkprice demo`. Exit code 0: all held. 77: there is no MariaDB here.
set -euo pipefail

PATH=$PATH:/usr/sbin:/usr/local/sbin
blkprice=$(realpath "${BLKPRICE:-target/release/blkprice}")
for program in mariadbd mariadb-install-db mariadb; do
  if ! command -v "$program" >/dev/null; then
    echo "SKIPPED: $program is not installed" >&2
    exit 77
  fi
done

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT

database=${1:-}
if [ -z "$database" ]; then
  "$blkprice" demo --dir "$work/demo" >/dev/null 2>&1
  database=$work/demo/blkprice.db
fi

# As root the server would refuse to run; it then takes on this user.
user=$(id -un)
if [ "$user" = root ]; then
  user=nobody
  if id mysql >/dev/null 2>&1; then user=mysql; fi
  chmod 755 "$work"
fi
mkdir "$work/data" "$work/run"
if [ "$(id -u)" = 0 ]; then chown "$user" "$work/data" "$work/run"; fi
socket=$work/run/sql.sock

mariadb-install-db --no-defaults --user="$user" --datadir="$work/data" --skip-test-db \
  --auth-root-authentication-method=normal >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; exit 1; }
# A server far from UTC: nothing may depend on its time zone.
mariadbd --no-defaults --user="$user" --datadir="$work/data" --socket="$socket" --pid-file="$work/run/pid" \
  --skip-networking --default-time-zone=+05:30 --innodb-buffer-pool-size=16M >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 600); do
  if mariadb --no-defaults -S "$socket" -u root -e 'SELECT 1' >/dev/null 2>&1; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then cat "$work/server.log" >&2; exit 1; fi
  sleep 0.1
done

sql() { mariadb --no-defaults -S "$socket" -u root --batch --skip-column-names "$@" mempool; }
# As mempool's backend connects.
mempool() { sql --init-command="SET time_zone='+00:00'" -e "$1"; }
check() {
  if [ "$2" != "$3" ]; then
    printf 'FAILED: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3" >&2
    exit 1
  fi
  echo "ok: $1"
}

mariadb --no-defaults -S "$socket" -u root -e 'CREATE DATABASE mempool'
# The table as mempool's migrations leave it: made by schema 21, columns of 23, id of 31, more currencies of 75, time of 78.
{
  echo 'CREATE TABLE prices (time timestamp NOT NULL, avg_prices JSON NOT NULL, PRIMARY KEY (time))
        ENGINE=InnoDB DEFAULT CHARSET=utf8;'
  echo 'ALTER TABLE prices DROP avg_prices;'
  for currency in USD EUR GBP CAD CHF AUD JPY; do
    echo "ALTER TABLE prices ADD $currency float DEFAULT '0';"
  done
  echo 'ALTER TABLE prices ADD id int NULL AUTO_INCREMENT UNIQUE;'
  for currency in BGN BRL CNY CZK DKK HKD HRK HUF IDR ILS INR ISK KRW MXN MYR NOK NZD PHP PLN RON RUB SEK SGD THB TRY ZAR; do
    echo "ALTER TABLE prices ADD $currency float DEFAULT '-1';"
  done
} | sql

"$blkprice" export prices --db "$database" --format csv >"$work/prices.csv"
"$blkprice" export prices --db "$database" --format mempool-sql -o "$work/day.sql"
"$blkprice" export prices --db "$database" --format mempool-sql --every hour -o "$work/hour.sql"
# Time (UTC seconds) and USD of each day that has a price; column 1 is the day, column 3 usd.
awk -F, 'NR > 1 && $3 != "" { print $1, $3 }' "$work/prices.csv" |
  while read -r day usd; do echo "$(date -u -d "$day" +%s) $usd"; done >"$work/expected"
days=$(wc -l <"$work/expected")
[ "$days" -gt 0 ] || { echo "FAILED: the database has no price" >&2; exit 1; }

# While time is still a TIMESTAMP, as before schema 78.
sql <"$work/day.sql"
first=$(head -n 1 "$work/expected")
check 'a TIMESTAMP column holds the right moment' "${first%% *}" \
  "$(mempool 'SELECT UNIX_TIMESTAMP(time) FROM prices ORDER BY time LIMIT 1')"
sql -e 'TRUNCATE prices; ALTER TABLE prices CHANGE time time datetime NOT NULL'

# A row of mempool's own at the time of one of ours, written as its backend writes it.
mempool "INSERT INTO prices (time, USD, EUR, GBP, CAD, CHF, AUD, JPY)
         VALUE (FROM_UNIXTIME(${first%% *}), 1, 2, 3, 4, 5, 6, 7)"
before=$(sql -e 'SELECT id FROM prices')
for session in +00:00 -08:00; do
  sql --init-command="SET time_zone='$session'" <"$work/day.sql"
  check "rows after loading at $session" "$days" "$(sql -e 'SELECT COUNT(*) FROM prices')"
  # A FLOAT is 32 bits wide; as text it would be cut to six digits.
  mempool 'SELECT UNIX_TIMESTAMP(time), CAST(USD AS DOUBLE) FROM prices ORDER BY time' >"$work/found"
  check "days whose time or USD is another than in the CSV" 0 "$(paste -d' ' "$work/expected" "$work/found" | tr '\t' ' ' |
    awk '{ off = $2 / $4 - 1; if ($1 != $3 || off > 1e-7 || off < -1e-7) wrong++ } END { print wrong + 0 }')"
done
check "mempool's own row keeps its id and its other currencies" "$before 2 3 4 5 6 7 -1" \
  "$(sql -e 'SELECT id, EUR, GBP, CAD, CHF, AUD, JPY, ZAR FROM prices ORDER BY time LIMIT 1' | tr '\t' ' ')"
check 'other currencies are -1 in every other row' "$((days - 1))" \
  "$(sql -e 'SELECT COUNT(*) FROM prices WHERE EUR = -1 AND GBP = -1 AND CAD = -1 AND CHF = -1 AND AUD = -1 AND JPY = -1
             AND BGN = -1 AND ZAR = -1')"

# What mempool asks: the newest rates, the newest before a time, the times it need not fetch.
fields='UNIX_TIMESTAMP(time) AS time, USD, EUR, GBP, CAD, CHF, AUD, JPY'
last=$(tail -n 1 "$work/expected")
newest=$(mempool "SELECT $fields FROM prices ORDER BY time DESC LIMIT 1")
check 'the newest row is of the last day' "${last%% *}" "$(cut -f 1 <<<"$newest")"
middle=$((${last%% *} - 43200))
check 'the newest row before a time is of the day before' "$((${last%% *} - 86400))" \
  "$(mempool "SELECT $fields FROM prices WHERE UNIX_TIMESTAMP(time) < $middle ORDER BY time DESC LIMIT 1" | cut -f 1)"
check 'times with a USD price' "$days" \
  "$(mempool 'SELECT UNIX_TIMESTAMP(time) AS time FROM prices WHERE USD != -1 ORDER BY time' | wc -l)"

sql -e 'TRUNCATE prices'
for _ in 1 2; do sql <"$work/hour.sql"; done
check 'rows by the hour' "$(grep -c "^('" "$work/hour.sql")" "$(sql -e 'SELECT COUNT(*) FROM prices')"
check 'hours that do not start on the hour' 0 \
  "$(mempool 'SELECT COUNT(*) FROM prices WHERE UNIX_TIMESTAMP(time) % 3600 != 0')"

# A load that fails half-way leaves nothing behind.
sql -e 'TRUNCATE prices'
sed 's/^COMMIT;$/INSERT INTO nowhere VALUES (1);/' "$work/day.sql" >"$work/torn.sql"
if sql <"$work/torn.sql" 2>/dev/null; then echo 'FAILED: an error was passed over' >&2; exit 1; fi
check 'rows of a load that failed' 0 "$(sql -e 'SELECT COUNT(*) FROM prices')"
echo "$days days, $(grep -c "^('" "$work/hour.sql") hours: $(mariadbd --version | sed 's/.*Ver //; s/ for.*//')"
