#!/usr/bin/env python3
"""Runs a program in a root as a systemd unit would: its User=, and its SystemCallFilter= as a real seccomp filter.

    tools/dev/under_unit_filter.py ROOT UNIT PROGRAM [ARGUMENT...]

ROOT is changed to; UNIT is a path in it. For roots in which systemd does not run. The sets of system calls are those of
this machine's systemd-analyze, and the filter is made by libseccomp.
"""
import ctypes
import os
import pwd
import subprocess
import sys

ALLOW = 0x7FFF0000
ERRNO = 0x00050000
EPERM = 1


def settings(unit, key):
    with open(unit) as lines:
        return [line.split("=", 1)[1].strip() for line in lines if line.startswith(key + "=")]


def calls_of(name):
    """A call, or the members of a set, which may name other sets."""
    if not name.startswith("@"):
        return {name}
    shown = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name], check=True, capture_output=True,
                           text=True).stdout
    members = [line.strip() for line in shown.splitlines()[1:]]
    return set().union(*(calls_of(member) for member in members if member and not member.startswith("#")))


def allowed_calls(unit):
    allowed = set()
    for line in settings(unit, "SystemCallFilter"):
        for name in line.lstrip("~").split():
            if line.startswith("~"):
                allowed -= calls_of(name)
            else:
                allowed |= calls_of(name)
    # What systemd itself needs to start a program, and lets every program do.
    return allowed | {"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn", "getrlimit", "time"}


def load_filter(library, calls):
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ERRNO | EPERM))
    for call in sorted(calls):
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            library.seccomp_rule_add_array(context, ALLOW, number, 0, None)
    if library.seccomp_load(context) != 0:
        sys.exit("the filter cannot be loaded")


def main():
    root, unit = sys.argv[1:3]
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    calls = allowed_calls(root + unit)
    user = settings(root + unit, "User")[0]
    os.chroot(root)
    os.chdir("/")
    account = pwd.getpwnam(user)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    load_filter(library, calls)
    os.execv(sys.argv[3], sys.argv[3:])


main()
