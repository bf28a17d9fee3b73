"""Libraries preloaded beside ours, sanitizers, other C libraries and other word sizes."""

from program import Program, Right, Rule

WORK = r"""
cat >work.c <<'END'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
static void* work(void* n) {
  for (int i = 0; i < 200; ++i) { char* p = malloc(i + 1); memset(p, 1, i + 1); int fd = open("/dev/null", O_RDWR); if (write(fd, p, i) != i) abort(); close(fd); free(p); }
  return n;
}
int main(int count, char** words) {
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(threads + i, NULL, work, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  int ends[2]; char text[6] = ""; socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  if (fork() == 0) { work(NULL); if (write(ends[1], "child", 5) != 5) _exit(1); _exit(3); }
  int status; wait(&status); if (read(ends[0], text, 5) != 5) return 1;
  FILE* pipe = popen("echo popen", "r"); char line[20] = ""; fgets(line, sizeof line, pipe); pclose(pipe);
  FILE* made = fopen("made", "w"); fprintf(made, "made\n"); fclose(made); printf("%s %d %s", text, WEXITSTATUS(status), line); fflush(stdout);
  if (count > 1) { volatile char* volatile p = malloc(9); free((void*)p); p[0] = 1; printf("%d\n", p[0]);
    volatile int n = 2147483647; n += count; int* volatile unset = malloc(8); if (unset[1] > count) puts("more"); unset = NULL; printf("%d\n", n); }
  return 4;
}
END
"""
BROKEN = r"""2>&1 | sed -nE '/^(==[0-9]+==)?(ERROR|WARNING|SUMMARY)|SUMMARY|runtime error|WARNING: /{s/==[0-9]+==//; s/0x[0-9a-f]+/ADDRESS/g; s/pid=[0-9]+/pid=N/; s/ (at pc|in) .*//; p}'; echo ${PIPESTATUS[0]}"""


def sanitized(compiler, name, flag, **more):
    return Program(f"{name} by {compiler}", needs=(compiler,), packages=(compiler,), prepare=WORK + f"{compiler} -g -O1 -pthread -fsanitize={flag} work.c -o work\n",
                   script=f"$PREPARED/work; echo $?; $PREPARED/work broken {BROKEN}\n", limit_seconds=60, **more)


def preloaded(name, library, **more):
    return Program(f"{name}, preloaded beside ours", needs=(library, "gcc"), script=WORK + f"gcc -g -pthread work.c -o work; export LD_PRELOAD={library}\n" + r"""
./work; echo $?; $PROBE preloaded; /usr/bin/python3 -c 'import threading, subprocess; print(subprocess.run(["echo", "run"], capture_output=True))'; bash -c 'echo $((1 + 1)); exit 3'; echo $?
git --version >/dev/null; sort /etc/passwd | wc -l >/dev/null; perl -e 'print "perl\n"; fork; wait'; env | grep -c '^LD_PRELOAD='
""", **more)


PROGRAMS = (
    preloaded("jemalloc", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", packages=("libjemalloc2", "gcc"), quick=True),
    preloaded("tcmalloc", "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4", packages=("libtcmalloc-minimal4", "gcc")),
    Program("fakeroot", quick=True, needs=("fakeroot",), packages=("fakeroot",), script=r"""
cat >inside <<'END'
touch file; chown 1234:4321 file; mknod device c 1 3; chmod 4755 file; stat -c '%u %g %a %F' file device; ls -ln | cut -c1-30 | tail -n 2; tar cf a.tar file device; tar tvf a.tar | cut -c1-30; $PROBE inside; rm a.tar
END
setpriv --reuid=nobody --regid=nogroup --clear-groups fakeroot -- bash inside; echo $?; fakeroot sh -c 'id -u; exit 6'; echo $?; stat -c '%u %g %F' file device
""", rules=(Rule("seen/inside.environment", r"^FAKEROOTKEY=.*", "FAKEROOTKEY=N", "a key of the machine's"),)),
    Program("eatmydata", quick=True, needs=("eatmydata",), packages=("eatmydata",), script=r"""
eatmydata dd if=/dev/zero of=zeros bs=4k count=9 conv=fsync status=none; eatmydata sqlite3 a.db 'create table t (n); insert into t values (1); select * from t'
eatmydata sh -c 'sync; echo $?; exit 3'; echo $?; eatmydata -- "$PROBE" eatmydata; eatmydata no-such-command; echo $?
""", rules=(Rule("seen/eatmydata.environment", "^_=.*", "_", "the shell's"),)),
    sanitized("gcc", "AddressSanitizer", "address", quick=True),
    sanitized("gcc", "UndefinedBehaviorSanitizer", "undefined", quick=True),
    sanitized("gcc", "ThreadSanitizer", "thread", quick=True),
    sanitized("gcc", "LeakSanitizer", "leak"),
    sanitized("clang", "AddressSanitizer", "address"),
    sanitized("clang", "UndefinedBehaviorSanitizer", "undefined"),
    sanitized("clang", "ThreadSanitizer", "thread"),
    sanitized("clang", "MemorySanitizer", "memory"),
    Program("a 32-bit program", needs=("gcc", "/usr/lib/gcc/x86_64-linux-gnu/12/32"), packages=("gcc-multilib",),
            prepare=WORK + "gcc -m32 -g -pthread work.c -o work\n", script="$PREPARED/work; echo $?; sh -c '$PREPARED/work; echo $?'\n",
            right=(Right(r"^err: \+ERROR: ld\.so: object '\S*libfdtrace\.so' from LD_PRELOAD cannot be preloaded \(wrong ELF class: ELFCLASS64\)",
                         "A limit: ld.so says that our library is of 64 bits. Without it, programs of 64 bits that this one starts would be lost."),)),
    Program("a program of musl", quick=True, needs=("musl-gcc",), packages=("musl-tools",), prepare=WORK + "musl-gcc -g -pthread work.c -o work\nmusl-gcc -static -pthread work.c -o static\n",
            script="$PREPARED/work; echo $?; $PREPARED/static; echo $?; sh -c '$PREPARED/work; echo $?'\n"),
    Program("a static program", quick=True, needs=("gcc",), prepare=WORK + "gcc -static -g -pthread work.c -o work 2>/dev/null\n",
            script="$PREPARED/work; echo $?; $PREPARED/work broken | head -c 20; echo $?\n"),
)
