"""Take away the file system but for Python's own files and one empty working folder, in one or both of two ways.

In: folders that may be read, the working folder. Out: nothing; from here on this process sees no other files
(`enter_namespaces`: a tree of its own, mounted in namespaces of its own) or can't open them (`enter_landlock`).
"""

import errno
import os
import struct
import sys

from .libc import call


_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")

_NEWNS, _NEWIPC, _NEWUSER, _NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18

# Numbers of the system calls are the same on every processor, as of all calls added since 2019.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
# Rights of the third version (Linux 6.2); before it, files could be emptied without a right to write to them.
_LANDLOCK_VERSION, _LANDLOCK_ALL = 3, (1 << 15) - 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_WORK = _LANDLOCK_ALL & ~(1 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11)  # no execution, no devices, sockets or pipes


def readable_places() -> list[str]:
    """Where Python's own modules and the shared libraries that they load are; the program may read these."""
    places = [*sys.path, os.path.join(sys.base_prefix, "lib"), *_SYSTEM_LIBRARIES, "/usr/share/zoneinfo"]
    kept: list[str] = []
    for place in sorted({os.path.abspath(place) for place in places if os.path.exists(place)}, key=len):
        if not any(place.startswith(other + "/") and not os.path.islink(other) for other in kept):
            kept.append(place)
    return kept


# ---------------------------------------------------------------------------------------------------------- namespaces


def enter_namespaces(scratch: str, readable: list[str], work_bytes: int) -> None:
    """
    Move into a file tree of its own, with a network and System V objects of its own (none at all, that is).

    Args:
        scratch (`str`):
            An empty folder, to mount the tree on; nobody else will see the tree. Its path is the working folder's too.
        readable (`list[str]`): Files and folders that the tree shows, read-only, at their own paths.
        work_bytes (`int`): Space in the working folder, which lies in memory.

    Raises:
        `OSError`: The kernel, or the container that this runs in, does not permit it.
    """
    uid, gid = os.getuid(), os.getgid()
    call("unshare", _NEWNS | _NEWIPC | _NEWNET | (_NEWUSER if uid else 0))
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    call("mount", None, b"/", None, _REC | _PRIVATE, None)
    call("mount", b"tmpfs", scratch.encode(), b"tmpfs", _NOSUID | _NODEV, b"size=1m,mode=755")
    for place in [*readable, *_DEVICES]:
        _show(place, scratch + place)
    work = scratch + scratch  # a path that nothing readable can lie under
    os.makedirs(work, mode=0o755)
    options = f"size={work_bytes},nr_inodes=1k,mode=777".encode()
    call("mount", b"tmpfs", work.encode(), b"tmpfs", _NOSUID | _NODEV | _NOEXEC, options)
    call("mount", None, scratch.encode(), None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV, None)
    os.chroot(scratch)
    os.chdir(scratch)


def _show(place: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    if os.path.islink(place):
        os.symlink(os.readlink(place), target)
        return
    if os.path.isdir(place):
        os.makedirs(target, mode=0o755, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    call("mount", place.encode(), target.encode(), None, _BIND | _REC, None)
    if place not in _DEVICES:
        # A namespace without privileges has to keep the restrictions that the mount already had.
        kept = os.statvfs(target).f_flag & (_NOSUID | _NODEV | _NOEXEC)
        call("mount", None, target.encode(), None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | kept, None)


# ------------------------------------------------------------------------------------------------------------ Landlock


def enter_landlock(work: str, readable: list[str]) -> None:
    """
    Give up the right to open files (landlock(7)). Needs `PR_SET_NO_NEW_PRIVS` set, and no privileges.

    Args:
        work (`str`): The folder in which files may be made, changed and removed.
        readable (`list[str]`): Files and folders that may be read.

    Raises:
        `OSError`: The kernel has no Landlock, or an older version than the third.
    """
    version = call("syscall", _LANDLOCK_CREATE, None, 0, 1)
    if version < _LANDLOCK_VERSION:
        raise OSError(errno.ENOSYS, f"landlock: version {version} can be got around, {_LANDLOCK_VERSION} is needed")
    ruleset = call("syscall", _LANDLOCK_CREATE, struct.pack("Q", _LANDLOCK_ALL), 8, 0)
    for place in readable:
        _allow(ruleset, place, _READ_FILE | (_READ_DIR if os.path.isdir(place) else 0))
    for device in _DEVICES:
        _allow(ruleset, device, _READ_FILE | _WRITE_FILE | _TRUNCATE)
    _allow(ruleset, work, _WORK)
    call("syscall", _LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, place: str, rights: int) -> None:
    file = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        call("syscall", _LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, file), 0)
    finally:
        os.close(file)
