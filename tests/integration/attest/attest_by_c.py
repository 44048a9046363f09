#!/usr/bin/env python3
"""Has a realm prove itself to the C library, and asks for a record that it does not have.

    attest_by_c.py LIBRARY REALMS.toml PHONE.pem ANCHOR.der
"""
import ctypes
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools/example"))
import lrc  # noqa: E402
from seal_and_recover import Host  # noqa: E402


def main():
    path, list_file, key_file, anchor_file = sys.argv[1:]
    library = lrc.Library(path)
    anchor = lrc.view(pathlib.Path(anchor_file).read_bytes())
    proof = lrc.Proof(anchors=ctypes.pointer(anchor), anchor_count=1)
    host = Host(library, list_file, key_file, "chat", "alice", proof)
    attest, report = library.attest(host.account), lrc.RealmReport()
    host.show("attest", attest, free=False)
    library.op_realm(attest, 0, report)
    print("proven:", report.proven, flush=True)
    if not report.proven:
        print(report.message.decode(), flush=True)
    library.op_free(attest)
    host.show("status", library.status(host.account, b"none", None))
    library.account_free(host.account)


main()
