// pid_t vfork(void)
//
// The child runs in our memory, on this very stack, until it execs or ends: no C function may return from here twice. So the
// return address is kept in a register over the system call, as libc does it. What goes before and after is in vfork.cc.
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
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    fdtrace_before_vfork
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rdi
        movl    $SYS_vfork, %eax
        syscall                         // keeps rdi
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        .cfi_offset %rip, -8
        movq    %rax, %rdi
        testq   %rax, %rax
        jnz     fdtrace_after_vfork
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    fdtrace_in_vfork_child
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        xorl    %eax, %eax
        ret
        .cfi_endproc
        .size   vfork, . - vfork
        .size   __vfork, . - __vfork
        .section .note.GNU-stack, "", @progbits
