// pid_t vfork(void): see vfork_x86_64.S. The return address is in x30 anyway; aarch64 has no vfork call, only clone.
#include <sys/syscall.h>

#define CLONE_VM_VFORK_SIGCHLD (0x00000100 | 0x00004000 | 17)

        .text
        .globl  vfork
        .globl  __vfork
        .type   vfork, %function
        .type   __vfork, %function
vfork:
__vfork:
        .cfi_startproc
        stp     x29, x30, [sp, -16]!
        .cfi_def_cfa_offset 16
        .cfi_offset x29, -16
        .cfi_offset x30, -8
        bl      fdtrace_before_vfork
        ldp     x29, x30, [sp], 16
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        mov     x0, CLONE_VM_VFORK_SIGCHLD
        mov     x1, 0
        mov     x2, 0
        mov     x3, 0
        mov     x4, 0
        mov     x8, SYS_clone
        svc     0                       // keeps x30
        cbnz    x0, fdtrace_after_vfork
        stp     x29, x30, [sp, -16]!
        .cfi_def_cfa_offset 16
        .cfi_offset x29, -16
        .cfi_offset x30, -8
        bl      fdtrace_in_vfork_child
        ldp     x29, x30, [sp], 16
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        mov     x0, 0
        ret
        .cfi_endproc
        .size   vfork, . - vfork
        .size   __vfork, . - __vfork
        .section .note.GNU-stack, "", %progbits
