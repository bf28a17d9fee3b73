"""Shells, and what is run from them every minute."""

from program import Program, Rule

SHELL = r"""
echo "arguments: $0 $# umask $(umask)" | tr a-z A-Z
cat <<HERE | sort -r | head -n 2
one
two
three
HERE
exec 7>seven 8<"$HELPERS" 9>&1
echo to seven >&7
read -r line <&8
echo "$line" >&9
$PROBE child
exec 7>&- 8<&-
trap 'echo trapped' USR1
kill -USR1 $$
(exit 3); echo "status $?"
sleep 5 & kill $!; wait $!; echo "killed: $?"
for i in 1 2 3; do (echo "background $i" >"file-$i") & done; wait
cat file-*
mkfifo pipe; (echo through a fifo >pipe) & cat pipe; wait
cd / && pwd && cd - >/dev/null
$PROBE end
ulimit -n 100; $PROBE limited
no-such-command
cat </no/such/file
[ -e seven ] && exit 42
"""

PROGRAMS = (
    Program("bash", SHELL, quick=True),
    Program("bash, its own ways", quick=True, rules=(
        Rule("out", r"/dev/fd/\d+", "/dev/fd/N", "the number is the lowest free"),), script=r"""
shopt -s lastpipe
coproc CAT { cat; }
echo "fds ${CAT[*]}"
echo hello >&"${CAT[1]}"; read -r word <&"${CAT[0]}"; echo "$word"
eval "exec ${CAT[1]}>&-"; wait
diff <(echo a) <(echo b)
exec {free}<>made; echo "free is $free"; $PROBE coproc
printf '%s\n' {1..2000} | while read -r n; do sum=$((sum + n)); done; echo "$sum"
exec 3<&- 4<&- ; echo "$BASH_SUBSHELL $SHLVL"
ls /proc/self/fd | wc -l
kill -TERM $$
"""),
    Program("dash", quick=True, script=f"cat >script <<'SCRIPT'\n{SHELL}\nSCRIPT\ndash script one two; echo $?\n"),
    Program("coreutils", quick=True, script="""
seq 10000 >numbers; sort -R --random-source=numbers numbers >shuffled; sort -n --parallel=2 shuffled | cmp - numbers
split -n 5 numbers part-; cat part-* | sha256sum; wc part-*
cp -a /etc/alternatives copy 2>/dev/null; ls -lRn --time-style=+ copy | head -n 50
ln numbers hard; ln -s numbers soft; mkdir -p a/b/c; rmdir a/b/c; mv shuffled a/moved; cp --sparse=always numbers sparse
dd if=/dev/zero of=zeros bs=4k count=64 conv=fsync status=none; truncate -s 100K zeros; stat -c '%s %a %h %F' zeros hard soft
tee one two <numbers >/dev/null; comm -12 one two | wc -l; join one two | tail -n 1; paste one two | md5sum
env | grep -vE '^(LD_PRELOAD|FDTRACE_SESSION|ASAN_OPTIONS|_)=' | sort; nice -n 3 nice; nohup echo nohup; timeout 0.2 sleep 5; echo $?
timeout -s KILL 5 $PROBE timeout; stdbuf -o0 echo unbuffered; chmod 0700 one; chmod u+s two; install -m 0644 one installed
mktemp -d ./XXXXXX | wc -c; timeout 0.3 tail -f numbers -n 1; df . >/dev/null; du -s --apparent-size zeros
find . -type f | sort | xargs -P 2 -n 4 wc -c | grep -v total | sort; rm -r a; od -c numbers | tail -n 2; yes | head -n 3; shred -u zeros; cat missing
""", rules=(
        Rule("names", r"^[A-Za-z0-9]{6}$", "RANDOM", "mktemp's name"),)),
)
