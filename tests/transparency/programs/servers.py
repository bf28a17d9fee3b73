"""Servers under load, on the loopback, each with a reload or restart."""

from program import Program, Rule, Unread

NGINX = r"""
. "$HELPERS"; port=$(port 42300); mkdir -p logs www tmp; seq 3000 >www/file; echo '<p>hello' >www/index.html
cat >nginx.conf <<END
worker_processes 2; daemon off; pid $PWD/nginx.pid; error_log $PWD/logs/error notice;
events { worker_connections 256; }
http {
  access_log $PWD/logs/access; client_body_temp_path $PWD/tmp/body; proxy_temp_path $PWD/tmp/proxy; fastcgi_temp_path $PWD/tmp/f;
  uwsgi_temp_path $PWD/tmp/u; scgi_temp_path $PWD/tmp/s; sendfile on; open_file_cache max=100; gzip on;
  server { listen 127.0.0.1:$port; root $PWD/www; location /proxy/ { proxy_pass http://127.0.0.1:$port/; } location /dav/ { dav_methods PUT; } }
}
END
nginx -p "$PWD" -e "$PWD/logs/first" -c "$PWD/nginx.conf" & server=$!
soon listens "$port"
url=http://127.0.0.1:$port
"""
NGINX_END = r"""
kill -QUIT "$server"; wait "$server"; echo "server $?"
grep -ciE 'alert|crit|emerg' logs/error; ls logs; rm -r tmp
"""
NGINX_RULES = (Rule("files/nginx.conf", r"423\d\d", "PORT", "the port"), Rule("out", r"423\d\d", "PORT", "the port"))
LOGS = Unread("logs/.*", "times and pids; alerts are counted")

PROGRAMS = (
    Program("curl with nginx", needs=("nginx", "curl"), packages=("nginx-light", "curl"), rules=NGINX_RULES + (
        Rule("out", r"^(Date|Last-Modified|ETag|date|etag): .*$", r"\1", "times"),
        Rule("out|err", r"after \d+ ms", "after N ms", "a time")), unread=(LOGS,), script=NGINX + r"""
curl -sS -i "$url/"; curl -sS "$url/file" | md5sum; curl -sS --compressed "$url/proxy/file" -o fetched; cmp fetched www/file
curl -sS -Z --parallel-max 8 $(for i in $(seq 16); do echo "$url/file -o part-$i"; done) 2>/dev/null; cat part-* | md5sum
curl -sS -r 100-199 "$url/file" | wc -c; curl -sS -o missing -w '%{http_code} %{errormsg}\n' "$url/none"; curl -sS "http://127.0.0.1:1/" ; echo $?
curl -sS -T www/file "$url/dav/put" -o answer -w '%{http_code}\n'; curl -sS --unix-socket none "$url"; echo $?
""" + NGINX_END),
    Program("nginx under wrk, with reloads", needs=("nginx", "wrk"), packages=("nginx-light", "wrk"), unread=(LOGS,), rules=NGINX_RULES + (
                Rule("out", r"read \d+", "read N", "connections that old workers end between two requests"),),
            note="No connection is refused and no worker complains in two reloads under load.", script=NGINX + r"""
wrk -t 2 -c 32 -d 3s "$url/index.html" >wrk.out & load=$!
sleep 1; kill -HUP "$server"; sleep 1; kill -HUP "$server"; wait "$load"; echo "wrk $?"
grep -E 'Socket errors|Non-2xx' wrk.out; rm wrk.out
""" + NGINX_END),
    Program("nginx under ab", needs=("nginx", "ab"), packages=("nginx-light", "apache2-utils"), rules=NGINX_RULES, unread=(LOGS,), script=NGINX + r"""
ab -q -n 3000 -c 20 "$url/file" | grep -E '^(Complete|Failed|Non-2xx|HTML|Document Length)'; kill -USR1 "$server"; ab -q -k -n 3000 -c 20 "$url/" | grep -E '^(Complete|Failed|HTML)'
""" + NGINX_END),
    Program("redis-server under redis-benchmark", needs=("redis-server", "redis-benchmark"), packages=("redis-server", "redis-tools"), limit_seconds=90,
            note="It hung at its start: jemalloc's first call came before our constructor. Mended.",
            unread=(Unread("log", "times and pids"), Unread(".*rdb|.*aof", "times")), rules=(
                Rule("out", r"424\d\d|\d{5,}", "N", "ports, and sizes that hold times"),), script=r"""
. "$HELPERS"; port=$(port 42400)
start() { redis-server --port "$port" --bind 127.0.0.1 --dir "$PWD" --appendonly yes --logfile log --save '' & server=$!; soon redis-cli -p "$port" ping; }
start
redis-benchmark -q -p "$port" -n 5000 -c 30 -t set,get,incr,lpush,mset --csv | cut -d, -f1
idle() { redis-cli -p "$port" info persistence | grep -cE '^(rdb_bgsave_in_progress|aof_rewrite_in_progress|aof_rewrite_scheduled|loading):0' | grep -qx 4; }
soon idle; redis-cli -p "$port" set key value; redis-cli -p "$port" bgsave; soon idle; redis-cli -p "$port" bgrewriteaof; soon idle
redis-cli -p "$port" config get maxclients; redis-cli -p "$port" info clients | grep -E '^(connected|blocked)_clients'
redis-cli -p "$port" eval 'return redis.call("get", KEYS[1])' 1 key; redis-cli -p "$port" debug sleep 0 ; redis-cli -p "$port" shutdown save; wait "$server"; echo "server $?"
start; soon idle; redis-cli -p "$port" get key; redis-cli -p "$port" dbsize; kill -TERM "$server"; wait "$server"; echo "server $?"
""", ),
    Program("PostgreSQL under pgbench, with a restart", needs=("/usr/lib/postgresql/15/bin/postgres", "setpriv"), packages=("postgresql-15",), limit_seconds=150,
            unread=(Unread(".*", "a cluster holds times, pids and an identity of its own; its answers are compared"),),
            # The cluster is another user's, as a cluster must be, and it is gone at the end.
            script=r"""
. "$HELPERS"; port=$(port 42500); bin=/usr/lib/postgresql/15/bin; as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
mkdir cluster sockets; chown nobody:nogroup cluster sockets; export PGHOST=127.0.0.1 PGPORT=$port PGUSER=nobody
$as $bin/initdb -D cluster -A trust -N >initdb.out; echo "initdb $?"
start() { $as $bin/pg_ctl -D cluster -w -l cluster/log -o "-p $port -h 127.0.0.1 -k $PWD/sockets -c shared_buffers=16MB" start >/dev/null; echo "start $?"; }
start
$bin/psql -qAt postgres -c 'create database bench'; $bin/pgbench -q -i -s 1 bench 2>/dev/null; echo "pgbench -i $?"
$bin/pgbench -c 4 -j 2 -t 100 bench 2>/dev/null | grep -E 'number of (transactions|failed)'; $bin/pgbench -c 4 -j 2 -t 50 -C -S bench 2>/dev/null | grep -E 'number of (transactions|failed)'
$as $bin/pg_ctl -D cluster -w -m fast restart >/dev/null; echo "restart $?"
$bin/psql -qAt bench -c 'select count(*) from pgbench_history' -c 'select sum(abalance) = (select sum(tbalance) from pgbench_tellers) from pgbench_accounts' \
  -c "copy (select * from generate_series(1, 1000)) to program 'sort -rn | md5sum >$PWD/sockets/sum'" -c 'checkpoint' -c 'vacuum analyze'
cat sockets/sum; $bin/pg_dump bench | grep -c .; $bin/psql -qAt bench -c 'select pg_terminate_backend(pg_backend_pid())' 2>&1 | tail -n 1
$as $bin/pg_ctl -D cluster -w -m fast stop >/dev/null; echo "stop $?"
grep -cE 'FATAL|PANIC|crash' cluster/log; rm -rf cluster sockets
"""),
)
