"""Take away the system calls through which a program reaches other programs, the network, or a file's attributes.

In: nothing. Out: nothing; from here on the calls below fail in this process, whatever it does, and without privileges
needed (a seccomp filter, see seccomp(2)). Numbers are those of Linux's own tables (`asm/unistd_64.h` for x86-64,
`asm-generic/unistd.h` for aarch64).
"""

import ctypes
import errno
import os
import struct

from .libc import call


_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
# Instructions of the filter's machine: load a word of the call, compare, jump, mask, return.
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, (16, 24)
_X32_NUMBERS = 0x40000000

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# Name: number on x86-64, on aarch64 (None: does not exist there).
CALLS: dict[str, tuple[int | None, int | None]] = {
    # new processes and threads, other programs
    **{"fork": (57, None), "vfork": (58, None), "clone": (56, 220), "clone3": (435, 435)},
    **{"execve": (59, 221), "execveat": (322, 281)},
    # the network, and io_uring, which could open sockets behind the filter's back
    **{"socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "socketpair": (53, 199)},
    **{"io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    # other processes: signals, memory, limits, priorities
    **{"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138)},
    **{"rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424)},
    **{"pidfd_getfd": (438, 438), "ptrace": (101, 117), "process_vm_readv": (310, 270)},
    **{"process_vm_writev": (311, 271), "process_madvise": (440, 440), "process_mrelease": (448, 448)},
    **{"kcmp": (312, 272), "prlimit64": (302, 261), "setpriority": (141, 140), "sched_setscheduler": (144, 119)},
    **{"sched_setparam": (142, 118), "sched_setattr": (314, 274), "sched_setaffinity": (203, 122)},
    **{"ioprio_set": (251, 30), "move_pages": (279, 239), "migrate_pages": (256, 238)},
    **{"fcntl": (72, 25), "ioctl": (16, 29), "prctl": (157, 167)},
    # memory that the memory limit does not count, or that outlives the process
    **{"shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180)},
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447)},
    # the file system's shape, and ways to files that go around paths
    **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97)},
    **{"setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430)},
    **{"fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442)},
    **{"name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265)},
    # attributes of files, which Landlock leaves to whoever owns the file
    **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)},
    **{"chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54)},
    **{"utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88)},
    **{"setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463)},
    **{"removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466)},
    **{"file_setattr": (469, 469), "inotify_init": (253, None), "inotify_init1": (294, 26)},
    **{"fanotify_init": (300, 262)},
    # parts of the kernel that nobody's exercise needs
    **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "modify_ldt": (154, None)},
    **{"keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "syslog": (103, 116)},
}

_AGAIN = ("fork", "vfork", "clone")  # what a process limit answers
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETPIPE_SZ = 8, 10, 15, 1031
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPE = 1, 1, 0xF


def forbid_system_calls() -> None:
    """
    Install the filter. Needs `PR_SET_NO_NEW_PRIVS` set, and a process with one thread.

    Raises:
        `OSError`: The processor is unknown, or the kernel has no such filters.
    """
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(
            errno.ENOSYS, f"seccomp: no table of system calls for {machine}, only {', '.join(ARCHITECTURES)}"
        )
    code = _filter(*ARCHITECTURES[machine], os.getpid())
    buffer = ctypes.create_string_buffer(code)
    head = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head)


def _filter(column: int, architecture: int, pid: int) -> bytes:
    special = {
        "kill": _only_if((0, (pid,))),
        "tkill": _only_if((0, (pid,))),
        "tgkill": _only_if((0, (pid,))),
        "prlimit64": _only_if((0, (0, pid))),
        "fcntl": _unless(1, (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETPIPE_SZ)),
        "ioctl": _unless(1, (_FIOSETOWN, _SIOCSPGRP)),
        # Event loops wake themselves through a pair of streams; a pair of datagram sockets could write to any address.
        "socketpair": _only_if((0, (_AF_UNIX,)), (1, (_SOCK_STREAM,)), mask=_SOCK_TYPE),
    }
    code = [_op(_LOAD, _ARCHITECTURE), _op(_EQUAL, architecture, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    if column == 0:
        code += [_op(_AT_LEAST, _X32_NUMBERS, 0, 1), _op(_RETURN, _KILL)]
    for name, numbers in CALLS.items():
        if numbers[column] is None:
            continue
        error = errno.EAGAIN if name in _AGAIN else errno.ENOSYS if name == "clone3" else errno.EPERM
        answer = special.get(name, [_op(_RETURN, _ERRNO | error)])
        code += [_op(_EQUAL, numbers[column], 0, len(answer)), *answer]
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _only_if(*allowed: tuple[int, tuple[int, ...]], mask: int = 0xFFFFFFFF) -> list[bytes]:
    """Allow the call if each named argument has one of its values, else forbid it."""
    code = []
    for argument, values in allowed:
        code += [_op(_LOAD, _ARGUMENTS[argument]), _op(_AND, mask)]
        code += [_op(_EQUAL, value, len(values) - i, 0) for i, value in enumerate(values)]
        code += [_op(_RETURN, _ERRNO | errno.EPERM)]
    return [*code, _op(_RETURN, _ALLOW)]


def _unless(argument: int, values: tuple[int, ...]) -> list[bytes]:
    """Forbid the call if the argument has one of the values, else allow it."""
    compare = [_op(_EQUAL, value, len(values) - i, 0) for i, value in enumerate(values)]
    return [
        _op(_LOAD, _ARGUMENTS[argument]),
        *compare,
        _op(_RETURN, _ALLOW),
        _op(_RETURN, _ERRNO | errno.EPERM),
    ]


def _op(code: int, value: int | None, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
