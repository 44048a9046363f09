#!/usr/bin/env python3
"""The C library from Python: seals a secret with a PIN, brings it back, changes the PIN, deletes it.

    seal_and_recover.py LIBRARY REALMS.toml PHONE.pem TENANT ACCOUNT

The library decides what to ask whom; this host only carries: calls by gRPC (as bytes, without generated code), tokens
from the files that the list names, signatures by OpenSSL. Needs Python 3.11 and grpcio. Run by
tests/integration/client; not installed.
"""
import ctypes
import hashlib
import pathlib
import queue
import ssl
import subprocess
import sys
import threading
import time
import tomllib

import grpc

import lrc


def openssl(*words, given=None):
    return subprocess.run(["openssl", *words], input=given, stdout=subprocess.PIPE, check=True).stdout


def tls_key_hash(address):
    host, port = address.rsplit(":", 1)
    certificate = ssl.get_server_certificate((host, int(port))).encode()
    key = openssl("x509", "-noout", "-pubkey", given=certificate)
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", given=key)).digest()


class Host:
    """Carries what operations ask for. One thread drives them; answers of others come by a queue."""

    def __init__(self, library, list_file, key_file, tenant, account, proof=None):
        self.library = library
        self.key_file = key_file
        self.folder = pathlib.Path(list_file).parent
        self.realms = tomllib.loads(pathlib.Path(list_file).read_text())["realm"]
        self.channels = [self.channel(realm) for realm in self.realms]
        self.answers, self.calls = queue.Queue(), {}  # of the operation that runs
        # Python's gRPC does not show the certificate of a connection. A host that has proofs made has to, and to take it
        # from the very connection of the answer: this one is good for tests only.
        self.tls_keys = [tls_key_hash(realm["address"]) if proof else b"" for realm in self.realms]
        self.account = ctypes.c_void_p()
        entries = (lrc.Realm * len(self.realms))()
        ids = [lrc.view(bytes.fromhex(realm["id"])) for realm in self.realms]
        for entry, realm, realm_id in zip(entries, self.realms, ids):
            entry.id, entry.name = realm_id, realm["name"].encode()
        public_key = lrc.view(openssl("pkey", "-in", key_file, "-pubout", "-outform", "DER"))
        options = lrc.Options(abi=lrc.ABI, tenant=tenant.encode(), account=account.encode(), realms=entries,
                              realm_count=len(entries), device_public_key=public_key,
                              proof=ctypes.cast(ctypes.pointer(proof), ctypes.c_void_p) if proof else None)
        code = library.account_new(options, self.account)
        if code != lrc.OK:
            raise RuntimeError(f"the account was refused with code {code}")

    def channel(self, realm):
        roots = (self.folder / realm["ca_certificate"]).read_bytes()
        name = realm.get("server_name")
        options = [("grpc.ssl_target_name_override", name)] if name else []
        return grpc.secure_channel(realm["address"], grpc.ssl_channel_credentials(roots), options)

    def call(self, step, now_ms):
        metadata = [("authorization", f"Bearer {step.token.decode()}")] if step.token else []
        method = self.channels[step.realm].unary_unary(step.path.decode())
        future = method.future(step.body.get(), timeout=(step.until_ms - now_ms) / 1000, metadata=metadata)
        number, answers, key = step.id, self.answers, self.tls_keys[step.realm]
        self.calls[number] = future
        future.add_done_callback(lambda done: answers.put((number, {**self.carried(done), "tls_key": key})))

    def carried(self, done):
        if done.cancelled():
            return dict(code=lrc.CANCELLED)
        if done.code() == grpc.StatusCode.OK:
            return dict(code=lrc.OK, body=done.result())
        after = [value for key, value in done.trailing_metadata() or () if key == "retry-after-ms"]
        # A host that reads HTTP itself gives what it got, and the trailer; over Connect lrc_connect_code takes status and body.
        code = self.library.grpc_code(200, str(done.code().value[0]).encode())
        return dict(code=code, message=(done.details() or "").encode(),
                    retry_after_ms=int(after[0]) if after and after[0].isdigit() else -1)

    def work(self, step):
        number, job, answers = step.id, step.job, self.answers

        def run():
            self.library.job_run(job)
            answers.put((number, dict(code=lrc.OK)))

        threading.Thread(target=run).start()

    def begin(self, op, step, now_ms):
        if step.kind == lrc.CANCEL:
            if step.id in self.calls:
                self.calls[step.id].cancel()
        elif step.kind == lrc.CALL:
            self.call(step, now_ms)
        elif step.kind == lrc.WORK:
            self.work(step)
        elif step.kind == lrc.TOKEN:
            token = (self.folder / self.realms[step.realm].get("token_file", "tokens")).read_bytes().strip()
            self.reply(op, step.id, code=lrc.OK, body=token)
        elif step.kind == lrc.SIGN:
            signature = openssl("dgst", "-sha256", "-sign", self.key_file, given=step.body.get())
            self.reply(op, step.id, code=lrc.OK, body=signature)

    def reply(self, op, number, code, body=b"", message=None, retry_after_ms=-1, tls_key=b""):
        data, key = lrc.view(body), lrc.view(tls_key)
        self.library.op_reply(op, number, lrc.Reply(code, data, message, retry_after_ms, key))

    def run(self, op):
        """Drives the operation to its end; its result, and what each realm was to it."""
        self.answers, self.calls = queue.Queue(), {}  # numbers begin anew: an answer that is late is nobody's
        step = lrc.Step()
        while True:
            now_ms = time.monotonic_ns() // 1_000_000
            self.library.op_next(op, now_ms, step)
            if step.kind == lrc.DONE:
                break
            if step.kind != lrc.WAIT:
                self.begin(op, step, now_ms)
                continue
            try:
                answer = self.answers.get(timeout=min(step.until_ms - now_ms, 60_000) / 1000)
                self.reply(op, answer[0], **answer[1])
            except queue.Empty:
                pass  # the time has come
        result = lrc.Result()
        self.library.op_result(op, result)
        return result, self.conditions(op)

    def conditions(self, op):
        report, seen = lrc.RealmReport(), []
        while self.library.op_realm(op, len(seen), report):
            seen.append(lrc.CONDITIONS[report.condition])
        return " ".join(seen)

    def pin(self, typed):
        """The PIN that is sent for what was typed; None: impossible, and no guess is spent on it."""
        text, room, size = lrc.view(typed.encode()), ctypes.create_string_buffer(1024), ctypes.c_size_t()
        code = self.library.pin(text, room, len(room), size)
        return room.raw[: size.value].decode() if code == lrc.OK else None

    def show(self, what, op, free=True):
        """Prints what came of it: "recover: recovered, version 1 (good good good)"."""
        result, conditions = self.run(op)
        line = f"{what}: {lrc.OUTCOMES[result.outcome]}"
        if result.version:
            line += f", version {result.version}"
        if result.outcome == lrc.OUTCOMES.index("wrong-pin"):
            line += f", {result.tries_left} tries left"
        secret, message = result.secret.get(), result.message.decode()
        print(f"{line} ({conditions}){': ' + message if message else ''}", flush=True)
        if free:
            self.library.op_free(op)
        return secret


def main():
    path, list_file, key_file, tenant, account_name = sys.argv[1:]
    library = lrc.Library(path)
    host = Host(library, list_file, key_file, tenant, account_name)
    account, record = host.account, b"example"
    # As an interface does while a new PIN is typed: what all clients make of it, and whether it is one.
    print("typed 493817:", host.pin("493817"), "full width:", host.pin("\uff14\uff19\uff13\uff18\uff11\uff17"), "nothing:", host.pin(""))
    pin, other, wrong = (lrc.view(text) for text in (b"493817", b"271828", b"000000"))
    secret = lrc.view(b"a storage key of 32 bytes, or so")
    quick = lrc.SealOptions(argon_memory_kib=1024)

    host.show("seal", library.seal(account, record, quick, pin, secret, None))
    host.show("status", library.status(account, record, None))
    host.show("recover", library.recover(account, record, None, wrong))
    recovery = library.recover(account, record, None, pin)
    same = host.show("recover", recovery, free=False) == secret.get()
    print("the secret is", "the same" if same else "another")
    host.show("heal", library.heal(account, record, None, 0, pin))
    host.show("change PIN", library.change_pin(account, record, None, 0, pin, other))
    host.show("recover", library.recover(account, record, None, pin))
    digest = lrc.view(bytes(range(32)))
    host.show("raise floor", library.raise_floor(account, record, 7, digest))
    reading, floor = library.read_floor(account, record), lrc.Floor()
    host.show("read floor", reading, free=False)
    library.op_floor(reading, 0, floor)
    print("the floor is", floor.sequence)
    library.op_free(reading)
    host.show("enroll", library.enroll(account, b"the same phone", lrc.Bytes(), None))
    # The recovery made before may not sign any more: its version gave way.
    host.show("delete by the old PIN", library.delete(account, record, recovery))
    host.show("delete", library.delete(account, record, None))
    host.show("status", library.status(account, record, None))
    library.op_free(recovery)
    library.account_free(account)


if __name__ == "__main__":
    main()
