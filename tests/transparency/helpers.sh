# What the scripts of programs/ share. Sourced by bash: . "$HELPERS"

# A free port of the loopback, the same for the bare and the traced run: the first of a few that nobody listens on.
port() {
  local port
  for port in $(seq "$1" $(($1 + 20))); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  return 1
}

# Waits, bounded, until the command given succeeds.
soon() {
  local i
  for i in $(seq 200); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.05
  done
  echo "gave up: $*" >&2
  return 1
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
gone() { ! kill -0 "$1" 2>/dev/null; }
