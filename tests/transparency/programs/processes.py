"""What starts other programs as somebody else, somewhere else, or under its eyes."""

from program import Program, Right, Rule

BOUND = r"""
cp "$PROBE" probe; chmod 755 probe
"""
TRACED = r"""
cat >traced.c <<'END'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void* work(void* n) { int fd = open("/dev/null", O_RDONLY); close(fd); return n; }
int main(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(threads + i, NULL, work, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  FILE* made = fopen("made", "w"); fputs("made\n", made); fclose(made);
  int ends[2]; if (pipe(ends) != 0) return 1;
  if (fork() == 0) { dup2(ends[1], 1); close(ends[0]); close(ends[1]); execlp("echo", "echo", "child", NULL); }
  close(ends[1]); char text[9] = ""; if (read(ends[0], text, 6) != 6) return 2;
  wait(NULL); printf("%s%d\n", text, ends[0]); free(malloc(9)); fflush(stdout);
  return 5;
}
END
gcc -g -O1 -pthread traced.c -o traced
"""

PROGRAMS = (
    Program("sudo", needs=("sudo", "/usr/bin/python3"), packages=("sudo",), script=BOUND + r"""
sudo -n true; echo $?; sudo -n -u nobody id -un; sudo -n -E env "SEEN=$SEEN" ./probe preserved; sudo -n SEEN="$SEEN" ./probe root; sudo -n -u nobody SEEN="$SEEN" ./probe nobody
echo piped | sudo -n cat; sudo -n sh -c 'kill -TERM $$'; echo $?; sudo -n -u nobody touch forbidden; echo $?; sudo -n -b sh -c 'echo background >back'; sleep 0.3; cat back
""", rules=(Rule("seen/.*", r"^SUDO_.*|^MAIL=.*|^LOGNAME=.*", "SUDO", "the same in both runs but for pids"),)),
    Program("su, setpriv, chroot", quick=True, script=BOUND + r"""
setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs ./probe nobody; setpriv --reuid=nobody touch x; echo $?
su -s /bin/sh nobody -c 'id -un; umask'; su - root -c 'pwd; echo $0'; runuser -u nobody -- sh -c 'exit 4'; echo $?
mkdir -p root/bin root/dev; cp /bin/busybox root/bin/sh 2>/dev/null || { cp /bin/dash root/bin/sh; ldd /bin/dash | grep -o '/[^ ]*' | while read -r l; do mkdir -p "root/$(dirname "$l")"; cp "$l" "root/$l"; done; }
chroot root /bin/sh -c 'echo inside; cd /; echo *; exit 7'; echo $?; chroot / "$PROBE" chroot; chroot /no/such dir; echo $?; rm -r root
""", note="ldd listed our library, and what was copied by its list had it. Mended."),
    Program("unshare and nsenter", needs=("unshare", "nsenter"), packages=("util-linux",), script=BOUND + r"""
unshare -r id -u; unshare -m sh -c 'mount -t tmpfs none /mnt && touch /mnt/x && ls /mnt'; unshare -p -f --mount-proc sh -c 'echo $$; ps ax | wc -l'; unshare -n ls /sys/class/net | wc -l
unshare -pf --kill-child sh -c 'exit 8'; echo $?; unshare -ripf ./probe user; unshare -u sh -c 'hostname other; hostname'
unshare -m -p -f --kill-child sh -c 'sleep 30; :' & sleep 0.5; child=$(pgrep -P $! | head -n 1); nsenter -t "$child" -m -p -u sh -c 'echo entered'; nsenter -t "$child" -m "$PROBE" entered; disown $!; kill -9 $!; ls /mnt | wc -l
"""),
    Program("strace over a program", needs=("strace", "gcc"), packages=("strace", "gcc"), script=TRACED + r"""
strace -f -o log ./traced; echo $?; grep -cE 'exit_group\(5\)' log; strace -f -e trace=execve -e signal=none -o execs ./traced; grep -c execve execs
strace -c -o counts -f ./traced >/dev/null; echo $?; strace -e inject=openat:error=ENOENT:when=50+ -f -o injected true; echo $?; rm -f log execs counts injected
"""),
    Program("gdb over a program", needs=("gdb", "gcc"), packages=("gdb", "gcc"), script=TRACED + r"""
gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'break fopen' -ex run -ex 'print (int)getpid() > 0' -ex 'bt 2' -ex 'finish' -ex continue ./traced >log 2>&1; echo $?; grep -E '^\$1|Inferior.*exited|child' log | sed 's/process [0-9]*/process N/'; rm log
gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'catch fork' -ex run -ex 'kill' ./traced 2>&1 | grep -c 'Catchpoint 1 (forked'
sleep 5 & gdb -nx -batch -ex 'set debuginfod enabled off' -p $! -ex 'bt 1' -ex detach 2>&1 | grep -cE '^#0|Detaching|detached'; kill $!; wait $!; echo $?
"""),
    Program("valgrind over a program", needs=("valgrind", "gcc"), packages=("valgrind", "gcc"), limit_seconds=120, script=TRACED + r"""
valgrind -q --error-exitcode=99 ./traced; echo $?; valgrind --track-fds=yes -q true 2>&1 | grep -c 'inherited from parent'; valgrind -q --tool=helgrind --error-exitcode=99 true; echo $?
cat >wrong.c <<'END'
#include <stdlib.h>
int main(void) { char* p = malloc(3); volatile char c = p[3]; (void)c; return 0; }
END
gcc -g wrong.c -o wrong; valgrind -q --error-exitcode=99 --leak-check=full ./wrong 2>&1 | sed -E 's/==[0-9]+== ?//; s/0x[0-9A-Fa-f]+/ADDRESS/'
"""),
    Program("strace over fdtrace", tracer_inside=True, needs=("strace", "gcc"), packages=("strace", "gcc"), script=TRACED + r"""
strace -f -o log $TRACER ./traced; echo $?; grep -cE 'exit_group\(5\)' log >/dev/null; strace -f -o log $TRACER bash -c 'echo $((6 * 7)); (exit 3); echo $?; ls | wc -l'; echo $?; rm log
"""),
    Program("gdb over fdtrace", tracer_inside=True, needs=("gdb", "gcc"), packages=("gdb", "gcc"), script=TRACED + r"""
gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'set follow-fork-mode child' -ex run --args $TRACER ./traced >log 2>&1; echo $?; grep -E '^child' log; rm log
"""),
    Program("valgrind over fdtrace", tracer_inside=True, needs=("valgrind", "gcc"), packages=("valgrind", "gcc"), limit_seconds=120, script=TRACED + r"""
valgrind -q --error-exitcode=99 $TRACER ./traced; echo $?; valgrind -q --trace-children=yes --error-exitcode=99 $TRACER ./traced; echo $?
""", right=(Right(r"^err: \+(--\d+-- (WARNING: unhandled amd64-linux syscall|You may be able|Read the file|Nevertheless)|\(two bare)", "Debian 12's valgrind does not know a system call of fdtrace's own (pidfd_open), and says so."),)),
    Program("timeout, nohup, setsid and xargs over fdtrace", quick=True, tracer_inside=True, script=r"""
timeout -s INT 1 $TRACER sleep 30; echo $?; nohup $TRACER sh -c 'echo out; echo err >&2; exit 3' </dev/null; echo $?; setsid -w $TRACER sh -c 'exit 4'; echo $?
echo 1 2 | xargs -n 1 $TRACER sh -c 'echo "$0"; exit "$0"'; echo $?; (ulimit -v 4000000; $TRACER true; echo $?); seq 100000 | $TRACER head -n 1; echo "${PIPESTATUS[*]}"
($TRACER sh -c 'kill -SEGV $$') 2>/dev/null; echo $?; env -i PATH="$PATH" $TRACER sh -c 'env | cut -d= -f1 | grep -vE "LD_PRELOAD|FDTRACE_SESSION|ASAN_OPTIONS" | sort'; $TRACER "$PROBE" x; echo $?
""", rules=(Rule("seen/x.environment", r"^(TRACER|_)=.*", r"\1", "the harness's, and the shell's"),
                Rule("err", r"^.*Segmentation fault .*\n", "", "what the shell says of a child that a signal ended; fdtrace exits with 139 instead"))),
    Program("start-stop-daemon", quick=True, needs=("start-stop-daemon",), packages=("dpkg",), script=r"""
. "$HELPERS"
cat >served <<'END'
#!/bin/sh
trap 'echo ended >end; exit 0' TERM
$PROBE daemon; echo begun >begin
while :; do sleep 0.05; done
END
chmod +x served
start-stop-daemon --start --background --make-pidfile --pidfile "$PWD/pid" --chdir "$PWD" --umask 027 --startas "$PWD/served"; echo $?; soon test -s begin
start-stop-daemon --status --pidfile "$PWD/pid"; echo $?; start-stop-daemon --stop --pidfile "$PWD/pid" --retry 5; echo $?; soon test -s end; cat end; rm pid
"""),
    Program("ldd, LD_AUDIT and LD_DEBUG", quick=True, needs=("gcc",), script=TRACED + r"""
cat >audit.c <<'END'
#include <link.h>
unsigned la_version(unsigned v) { return v; }
unsigned la_objopen(struct link_map* m, Lmid_t l, uintptr_t* c) { return LA_FLG_BINDTO | LA_FLG_BINDFROM; }
END
gcc -shared -fPIC audit.c -o audit.so; LD_AUDIT=./audit.so ./traced; echo $?; LD_BIND_NOW=1 ./traced; LD_DEBUG=statistics ./traced 2>&1 | grep -c runtime
ldd traced | sed 's/0x.*/ADDRESS/'; LD_TRACE_LOADED_OBJECTS=1 ./traced | wc -l
"""),
)
