"""recovery/client/c/labyrinth_recovery.h for Python's ctypes: names and fields as there."""
import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p

ABI = 2
OK, CANCELLED = 0, 1
CALL, TOKEN, SIGN, WORK, CANCEL, WAIT, DONE = range(7)
OUTCOMES = ("none", "recovered", "sealed", "done", "wrong-pin", "locked", "used-up", "destroyed", "not-registered", "failed")
CONDITIONS = ("good", "pending", "faulty", "outdated", "locked", "spent", "destroyed", "not-registered", "refused",
              "unreachable", "late")

FAILURES = ("none", "too-few-realms", "unproven", "tls-mismatch", "upgrade-required", "contended", "invalid", "faulty",
            "refused", "cancelled", "other", "disputed", "another-realm")


class Bytes(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def get(self):
        return ctypes.string_at(self.data, self.size) if self.size else b""


def view(data):
    """Borrows: the library copies before it returns, and `keep` lives until then."""
    keep = ctypes.create_string_buffer(data, len(data) or 1)
    made = Bytes(ctypes.cast(keep, c_void_p), len(data))
    made.keep = keep
    return made


class Realm(Structure):
    _fields_ = [("id", Bytes), ("name", c_char_p), ("ak_name", Bytes)]


class Options(Structure):
    _fields_ = [("abi", c_uint32), ("tenant", c_char_p), ("account", c_char_p), ("realms", POINTER(Realm)),
                ("realm_count", c_size_t), ("device_public_key", Bytes), ("call_timeout_ms", c_uint32),
                ("grace_ms", c_uint32), ("proof", c_void_p), ("random", c_void_p), ("unix_ms", c_void_p),
                ("context", c_void_p)]


class RecoverOptions(Structure):
    _fields_ = [("least_realms", c_uint32), ("persons_word", c_int), ("active_only", c_int),
                ("refill_later", c_int), ("own_tries", c_uint32)]


class SealOptions(Structure):
    _fields_ = [("threshold", c_uint32), ("total_guesses", c_uint32), ("guess_limit", c_uint32),
                ("argon_memory_kib", c_uint32), ("argon_passes", c_uint32), ("argon_lanes", c_uint32),
                ("allow_missing", c_int), ("counting", c_int)]


class Step(Structure):
    _fields_ = [("kind", c_int), ("id", c_uint32), ("realm", c_uint32), ("attempt", c_uint32), ("path", c_char_p),
                ("body", Bytes), ("token", c_char_p), ("device_id", Bytes), ("job", c_void_p), ("until_ms", c_int64)]


class Reply(Structure):
    _fields_ = [("code", c_int), ("body", Bytes), ("message", c_char_p), ("retry_after_ms", c_int64),
                ("tls_key_hash", Bytes)]


class Result(Structure):
    _fields_ = [("outcome", c_int), ("failure", c_int), ("code", c_int), ("message", c_char_p), ("secret", Bytes),
                ("version", c_uint32), ("threshold", c_uint32), ("holders", c_uint32), ("guess_limit", c_uint32),
                ("tries_left", c_uint32), ("active_version", c_uint32), ("locked_until_ms", c_int64),
                ("complete", c_int), ("pin_is_known", c_int)]


class RealmReport(Structure):
    _fields_ = [("condition", c_int), ("code", c_int), ("message", c_char_p), ("remaining", c_int32),
                ("locked_until_ms", c_int64), ("counted_by_chip", c_int), ("proven", c_int), ("chip_uses", c_int32),
                ("unexplained", c_uint32)]


class Version(Structure):
    _fields_ = [("version", c_uint32), ("pending", c_int), ("remaining", c_int32), ("registered_by", Bytes)]


class Floor(Structure):
    _fields_ = [("realm", c_char_p), ("sequence", c_uint64), ("digest", Bytes), ("device", Bytes)]


class Pcr(Structure):
    _fields_ = [("bank", c_uint16), ("index", c_uint32), ("value", Bytes)]


class Proof(Structure):
    _fields_ = [("anchors", POINTER(Bytes)), ("anchor_count", c_size_t), ("revocation_lists", POINTER(Bytes)),
                ("revocation_list_count", c_size_t), ("list_required", c_int), ("pcrs", POINTER(Pcr)),
                ("pcr_count", c_size_t), ("minimum_firmware", c_uint64), ("pcr_approver", Bytes)]


# Every function of the header: what it gives, what it takes.
FUNCTIONS = {
    "abi": (c_uint32, []),
    "account_new": (c_int, [POINTER(Options), POINTER(c_void_p)]),
    "account_free": (None, [c_void_p]),
    "recover": (c_void_p, [c_void_p, c_char_p, POINTER(RecoverOptions), Bytes]),
    "refill": (c_void_p, [c_void_p, c_void_p, c_uint32]),
    "seal": (c_void_p, [c_void_p, c_char_p, POINTER(SealOptions), Bytes, Bytes, c_void_p]),
    "change_pin": (c_void_p, [c_void_p, c_char_p, POINTER(RecoverOptions), c_int, Bytes, Bytes]),
    "heal": (c_void_p, [c_void_p, c_char_p, POINTER(RecoverOptions), c_int, Bytes]),
    "status": (c_void_p, [c_void_p, c_char_p, POINTER(RecoverOptions)]),
    "delete": (c_void_p, [c_void_p, c_char_p, c_void_p]),
    "enroll": (c_void_p, [c_void_p, c_char_p, Bytes, c_void_p]),
    "revoke": (c_void_p, [c_void_p, Bytes, c_void_p]),
    "raise_floor": (c_void_p, [c_void_p, c_char_p, c_uint64, Bytes]),
    "read_floor": (c_void_p, [c_void_p, c_char_p]),
    "attest": (c_void_p, [c_void_p]),
    "op_next": (None, [c_void_p, c_int64, POINTER(Step)]),
    "op_reply": (None, [c_void_p, c_uint32, POINTER(Reply)]),
    "job_run": (None, [c_void_p]),
    "job_free": (None, [c_void_p]),
    "op_cancel": (None, [c_void_p]),
    "op_free": (None, [c_void_p]),
    "connect_code": (c_int, [c_int, Bytes]),
    "grpc_code": (c_int, [c_int, c_char_p]),
    "pin": (c_int, [Bytes, c_char_p, c_size_t, POINTER(c_size_t)]),
    "op_result": (c_int, [c_void_p, POINTER(Result)]),
    "op_realm": (c_int, [c_void_p, c_size_t, POINTER(RealmReport)]),
    "op_version": (c_int, [c_void_p, c_size_t, c_size_t, POINTER(Version)]),
    "op_floor": (c_int, [c_void_p, c_size_t, POINTER(Floor)]),
}


class Library:
    """The functions without their prefix: Library(path).op_next(...)."""

    def __init__(self, path):
        loaded = ctypes.CDLL(path)
        for name, (gives, takes) in FUNCTIONS.items():
            function = getattr(loaded, "lrc_" + name)
            function.restype, function.argtypes = gives, takes
            setattr(self, name, function)
        if self.abi() != ABI:
            raise RuntimeError(f"{path} has ABI {self.abi()}, and this is for {ABI}")
