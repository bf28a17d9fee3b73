// Functions that libc exports and no header of it declares, or declares only under another name.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <grp.h>
#include <linux/close_range.h>
#include <mntent.h>
#include <mqueue.h>
#include <netdb.h>
#include <pty.h>
#include <pwd.h>
#include <sched.h>
#include <semaphore.h>
#include <shadow.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that these are C
}

namespace fdtrace {
using FtsCompare = int(const FTSENT**, const FTSENT**);
using Fts64Compare = int(const FTSENT64**, const FTSENT64**);
}  // namespace fdtrace

extern "C" {
int __open(const char*, int, ...);
int __open64(const char*, int, ...);
int __open_2(const char*, int);
int __open64_2(const char*, int);
int __openat_2(int, const char*, int);
int __openat64_2(int, const char*, int);
int __close(int);
int __select(int, fd_set*, fd_set*, fd_set*, timeval*);
long __fdelt_chk(long);
int __sigaction(int, const struct sigaction*, struct sigaction*) noexcept;
sighandler_t bsd_signal(int, sighandler_t) noexcept;
sighandler_t __sysv_signal(int, sighandler_t) noexcept;
long __fdelt_warn(long);

int __dup2(int, int);
int __pipe(int[2]);
int __fcntl(int, int, ...);
mqd_t __mq_open_2(const char*, int);
ssize_t __read(int, void*, size_t);
ssize_t __read_chk(int, void*, size_t, size_t);
ssize_t __pread64(int, void*, size_t, off64_t);
ssize_t __pread_chk(int, void*, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void*, size_t, off64_t, size_t);
ssize_t __write(int, const void*, size_t);
ssize_t __pwrite64(int, const void*, size_t, off64_t);
off_t __lseek(int, off_t, int);
ssize_t __send(int, const void*, size_t, int);
ssize_t __recv_chk(int, void*, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void*, size_t, size_t, int, sockaddr*, socklen_t*);
int __connect(int, const sockaddr*, socklen_t);
size_t _IO_fwrite(const void*, size_t, size_t, FILE*);
int _IO_fflush(FILE*);
void __syslog_chk(int, int, const char*, ...);
void __vsyslog_chk(int, int, const char*, va_list);
pid_t __fork();
pid_t __vfork();
FILE* __setmntent(const char*, const char*);
int __endmntent(FILE*);
FILE* _IO_fopen(const char*, const char*);
FILE* _IO_fdopen(int, const char*);
FILE* _IO_popen(const char*, const char*);
int _IO_fclose(FILE*);
FILE* _IO_file_fopen(FILE*, const char*, const char*, int);
FILE* _IO_file_open(FILE*, const char*, int, int, int, int);
int _IO_file_close(FILE*);
FILE* _IO_proc_open(FILE*, const char*, const char*);
int _IO_proc_close(FILE*);
}
