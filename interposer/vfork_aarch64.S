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
        mrs     x9, tpidr_el0
        adrp    x10, :gottprel:fdtrace_thread
        ldr     x10, [x10, :gottprel_lo12:fdtrace_thread]
        add     x9, x9, x10
        ldr     w11, [x9]
        add     w11, w11, 1
        str     w11, [x9]
        mov     x0, CLONE_VM_VFORK_SIGCHLD
        mov     x1, 0
        mov     x2, 0
        mov     x3, 0
        mov     x4, 0
        mov     x8, SYS_clone
        svc     0                       // keeps x9 and x30
        cbz     x0, .Lchild
        ldr     w11, [x9]
        sub     w11, w11, 1
        str     w11, [x9]
        cmn     x0, 4095
        b.cs    .Lfailed
.Lchild:
        ret
.Lfailed:
        neg     w0, w0
        stp     x29, x30, [sp, -32]!
        .cfi_def_cfa_offset 32
        .cfi_offset x29, -32
        .cfi_offset x30, -24
        str     w0, [sp, 16]
        bl      __errno_location
        ldr     w1, [sp, 16]
        str     w1, [x0]
        mov     w0, -1
        ldp     x29, x30, [sp], 32
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size   vfork, . - vfork
        .size   __vfork, . - __vfork
        .section .note.GNU-stack, "", %progbits
