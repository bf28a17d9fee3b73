// pid_t vfork(void)
//
// The child runs in our memory, on this very stack, until it execs or ends: no C function may return from here twice. So the
// return address is kept in a register over the system call, as libc does it, and the thread is marked (vfork_depth, the first
// field of fdtrace_thread) until the parent goes on. In between, hooks pass every call on and touch nothing.
#include <sys/syscall.h>

        .text
        .globl  vfork
        .globl  __vfork
        .type   vfork, @function
        .type   __vfork, @function
vfork:
__vfork:
        .cfi_startproc
        endbr64
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rdi
        movq    fdtrace_thread@gottpoff(%rip), %rsi
        incl    %fs:(%rsi)
        movl    $SYS_vfork, %eax
        syscall                         // keeps rdi and rsi
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        .cfi_offset %rip, -8
        testl   %eax, %eax
        jz      .Lchild
        decl    %fs:(%rsi)              // the parent goes on, or there was no child
        cmpl    $-4095, %eax
        jae     .Lfailed
.Lchild:
        ret
.Lfailed:
        negl    %eax
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        call    *__errno_location@GOTPCREL(%rip)
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        movl    %ecx, (%rax)
        movl    $-1, %eax
        ret
        .cfi_endproc
        .size   vfork, . - vfork
        .size   __vfork, . - __vfork
        .section .note.GNU-stack, "", @progbits
