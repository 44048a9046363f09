/* labyrinth_recovery.h: PIN recovery for programs in any language.
 *
 * The library decides; the host carries. An operation (lrc_op) says what is to be done next (lrc_op_next): a
 * call to a realm, a token, a signature, some arithmetic. The host does it, over whatever HTTP or gRPC it
 * has, and brings the answer (lrc_op_reply). There are no threads, sockets or files here, and no clock but
 * the one that the host gives.
 *
 *   lrc_op* op = lrc_recover(account, "default", 0, pin);
 *   for (;;) {
 *     lrc_step step;
 *     lrc_op_next(op, now_ms(), &step);
 *     if (step.kind == LRC_STEP_DONE) break;
 *     if (step.kind == LRC_STEP_WAIT) ... wait for an answer or for step.until_ms, whichever comes first ...
 *     else ... begin it; lrc_op_reply(op, step.id, &reply) when there is an answer ...
 *   }
 *   lrc_result result;
 *   lrc_op_result(op, &result);
 *
 * What a realm answers is its claim, the status code too; what follows from it is decided in here. The host's
 * part is: to reach the right realm, to believe only the certificates that its realm list names for that
 * realm, to do nothing else with tokens and bodies than send them, and to keep what it is given secret.
 *
 * Threads: an account may be used by several at once; an operation by one at a time; a job by any, once.
 * Views (lrc_bytes, const char*) that come out live until the next call on the same operation, those that go
 * in are copied before the function returns. PINs and secrets are kept in locked memory and wiped.
 * PINs go in as a person typed them, in UTF-8 and without the end of the line. The library brings them into
 * the one form that all clients send (docs/protocol.md, "The bytes of a PIN"; lrc_pin shows it), so that
 * every keyboard gives the same; an empty or impossible one is LRC_FAILURE_INVALID before a guess is spent.
 * A null where none is allowed, or memory that cannot be had, ends the process. Nothing throws.
 *
 * Under one LRC_ABI structs and numbers stay as they are; functions, and numbers of failures, are only added.
 * A program and a library with different numbers do not come together: the soname differs, and who loads it
 * by hand is refused by lrc_account_new.
 */
#ifndef LABYRINTH_RECOVERY_H
#define LABYRINTH_RECOVERY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
#define LRC_NOEXCEPT noexcept
#else
#define LRC_NOEXCEPT
#endif
#define LRC_API __attribute__((visibility("default")))
#define LRC_ABI 2u

typedef struct {
  const uint8_t* data; /* may be null where size is 0 */
  size_t size;
} lrc_bytes;

typedef struct lrc_account lrc_account; /* realms and names */
typedef struct lrc_op lrc_op;           /* one operation under way, or done */
typedef struct lrc_job lrc_job;         /* arithmetic that takes 0.1 s and more */

/* gRPC's numbers. */
typedef enum {
  LRC_OK = 0,
  LRC_CANCELLED = 1,
  LRC_UNKNOWN = 2,
  LRC_INVALID_ARGUMENT = 3,
  LRC_DEADLINE_EXCEEDED = 4,
  LRC_NOT_FOUND = 5,
  LRC_ALREADY_EXISTS = 6,
  LRC_PERMISSION_DENIED = 7,
  LRC_RESOURCE_EXHAUSTED = 8,
  LRC_FAILED_PRECONDITION = 9,
  LRC_ABORTED = 10,
  LRC_OUT_OF_RANGE = 11,
  LRC_UNIMPLEMENTED = 12,
  LRC_INTERNAL = 13,
  LRC_UNAVAILABLE = 14,
  LRC_DATA_LOSS = 15,
  LRC_UNAUTHENTICATED = 16
} lrc_code;

/* ---- Accounts ---- */

typedef struct {
  lrc_bytes id;      /* 16 bytes */
  const char* name;  /* for messages */
  lrc_bytes ak_name; /* Name of the attestation key that it proved before, 34 bytes; empty: not known */
} lrc_realm;

typedef struct {
  uint16_t bank; /* TPM_ALG_ID of a hash */
  uint32_t index;
  lrc_bytes value; /* one that is accepted; several entries of one PCR: any of them */
} lrc_pcr;

/* What every realm's TPM is to prove before it is asked for anything else (docs/attestation.md). */
typedef struct {
  const lrc_bytes* anchors; /* TPM vendors' certificates, DER */
  size_t anchor_count;
  const lrc_bytes* revocation_lists; /* DER */
  size_t revocation_list_count;
  int list_required; /* not 0: a certificate whose issuer has no list here is refused */
  const lrc_pcr* pcrs;
  size_t pcr_count;
  uint64_t minimum_firmware; /* 0: any */
  lrc_bytes pcr_approver;    /* SubjectPublicKeyInfo of P-256; empty: none asked for */
} lrc_proof;

typedef struct {
  uint32_t abi;            /* LRC_ABI */
  const char* tenant;      /* claim "iss" of the tokens */
  const char* account;     /* claim "sub" */
  const lrc_realm* realms; /* 1 to 16, in share order: the order of the platform's realm list */
  size_t realm_count;
  lrc_bytes device_public_key; /* SubjectPublicKeyInfo of P-256, 91 bytes; empty: no device signs */
  uint32_t call_timeout_ms;    /* of one call; 0: 10,000 */
  uint32_t grace_ms;      /* how long the others are waited for once enough realms have answered; 0: 1,000 */
  const lrc_proof* proof; /* null: no realm has to prove anything */
  /* Fills `to` with random bytes that nobody can guess, the blinds of the PIN among them. Null: OpenSSL's
   * generator. Tests give one of their own. */
  void (*random)(void* context, uint8_t* to, size_t size);
  int64_t (*unix_ms)(void* context); /* for certificates; null: the system's clock */
  void* context;
} lrc_options;

/* LRC_INVALID_ARGUMENT: another LRC_ABI, a name, a realm, a key or a certificate that cannot be right. Who is
 * given an account frees it; operations keep what they need of it. */
LRC_API lrc_code lrc_account_new(const lrc_options* options, lrc_account** to) LRC_NOEXCEPT;
LRC_API void lrc_account_free(lrc_account* account) LRC_NOEXCEPT;
/* LRC_ABI of the library that was loaded. */
LRC_API uint32_t lrc_abi(void) LRC_NOEXCEPT;

/* ---- Operations. Each gives one that the caller frees; what is wrong with what it is given is its result.
 *
 * `recovered`: an operation of this process that came to LRC_OUTCOME_RECOVERED and may sign in the device's
 * stead, or null: the device signs. It may be freed right after. ---- */

typedef struct {
  uint32_t least_realms; /* how many realms must offer the same version; 0: a majority */
  int persons_word;      /* not 0: `least_realms` is what the person says of this record */
  int active_only;       /* not 0: passes over a pending version (lrc_result.active_version) */
  int refill_later;      /* not 0: the secret first; chips get their guesses back by lrc_refill */
  uint32_t own_tries;    /* wrong tries since the last success that were the person's own */
} lrc_recover_options;

typedef enum {
  LRC_COUNTED_AS_BEFORE = 0, /* as at the record's newest active version, else by the ledgers */
  LRC_COUNTED_BY_LEDGER = 1,
  LRC_COUNTED_BY_CHIP = 2,
  LRC_COUNTED_BY_CHIP_OR_LEDGER = 3
} lrc_counting;

typedef struct {
  uint32_t threshold;     /* how many realms bring it back; 0: a majority */
  uint32_t total_guesses; /* how many PINs can be tried at most; 0: 10 */
  uint32_t guess_limit;   /* of each realm, 1 to 20, instead of a total; 0: what follows from the total */
  uint32_t argon_memory_kib, argon_passes, argon_lanes; /* each 0: 65,536, 3, 1 */
  int allow_missing;     /* not 0: goes on without some realms, but not below the threshold */
  lrc_counting counting; /* by chip: believed by the account's `proof` */
} lrc_seal_options;

/* Options may be null: all zeros. */
LRC_API lrc_op* lrc_recover(const lrc_account* account, const char* record,
                            const lrc_recover_options* options, lrc_bytes pin) LRC_NOEXCEPT;
/* Gives the chips of what was recovered their guesses back: after `refill_later`, once the secret is safe, or
 * again where lrc_realm_report.unexplained was not 0 and the person says that so many tries were his own. */
LRC_API lrc_op* lrc_refill(const lrc_account* account, const lrc_op* recovered,
                           uint32_t own_tries) LRC_NOEXCEPT;
LRC_API lrc_op* lrc_seal(const lrc_account* account, const char* record, const lrc_seal_options* options,
                         lrc_bytes pin, lrc_bytes secret, const lrc_op* recovered) LRC_NOEXCEPT;
/* The same secret under another PIN. */
LRC_API lrc_op* lrc_change_pin(const lrc_account* account, const char* record,
                               const lrc_recover_options* options, int allow_missing, lrc_bytes old_pin,
                               lrc_bytes new_pin) LRC_NOEXCEPT;
/* Brings the record to every realm of the list again: the same secret under the same PIN. */
LRC_API lrc_op* lrc_heal(const lrc_account* account, const char* record, const lrc_recover_options* options,
                         int allow_missing, lrc_bytes pin) LRC_NOEXCEPT;
/* What the realms say of themselves and of the record; lrc_op_version has its versions. */
LRC_API lrc_op* lrc_status(const lrc_account* account, const char* record,
                           const lrc_recover_options* options) LRC_NOEXCEPT;
LRC_API lrc_op* lrc_delete(const lrc_account* account, const char* record,
                           const lrc_op* recovered) LRC_NOEXCEPT;
/* Enrols the account's device_public_key. `voucher_id`, 16 bytes: the device that vouches for it, which the
 * host then signs for (lrc_step.device_id); empty, and no `recovered`: the account's first device. */
LRC_API lrc_op* lrc_enroll(const lrc_account* account, const char* device_name, lrc_bytes voucher_id,
                           const lrc_op* recovered) LRC_NOEXCEPT;
LRC_API lrc_op* lrc_revoke(const lrc_account* account, lrc_bytes device_id,
                           const lrc_op* recovered) LRC_NOEXCEPT;
/* Epoch floors; a device's signature only. `digest` has 32 bytes; lrc_op_floor has what was read. */
LRC_API lrc_op* lrc_raise_floor(const lrc_account* account, const char* record, uint64_t sequence,
                                lrc_bytes digest) LRC_NOEXCEPT;
LRC_API lrc_op* lrc_read_floor(const lrc_account* account, const char* record) LRC_NOEXCEPT;
/* Has every realm prove what the account's `proof` demands, and nothing else. */
LRC_API lrc_op* lrc_attest(const lrc_account* account) LRC_NOEXCEPT;

/* ---- Driving ---- */

typedef enum {
  LRC_STEP_CALL = 0,   /* POST `body` to `path` at realm `realm`, with "authorization: Bearer `token`" */
  LRC_STEP_TOKEN = 1,  /* the reply's body: the bearer token for this realm alone. `token` was refused */
  LRC_STEP_SIGN = 2,   /* the reply's body: ECDSA P-256 with SHA-256 over `body`, r || s or DER */
  LRC_STEP_WORK = 3,   /* lrc_job_run(job), on a thread that may be busy; then reply LRC_OK */
  LRC_STEP_CANCEL = 4, /* step `id` is not needed any more; an answer to it is ignored */
  LRC_STEP_WAIT = 5,   /* nothing is to be done before `until_ms` or the next answer */
  LRC_STEP_DONE = 6
} lrc_step_kind;

typedef struct {
  lrc_step_kind kind;
  uint32_t id;         /* what lrc_op_reply answers */
  uint32_t realm;      /* position in lrc_options.realms: of calls, tokens and signatures */
  uint32_t attempt;    /* of a call: 0 is the first */
  const char* path;    /* of a call: "/labyrinth.recovery.v1.Recovery/Evaluate" */
  lrc_bytes body;      /* of a call: the message, in protobuf's encoding; of a signature: what it is over */
  const char* token;   /* of a call: null where none goes with it */
  lrc_bytes device_id; /* of a signature: whose, 16 bytes */
  lrc_job* job;        /* of work: the host's from now on */
  int64_t until_ms;    /* of a wait: INT64_MAX where only an answer helps; of a call: its deadline */
} lrc_step;

typedef struct {
  lrc_code code;
  lrc_bytes body;         /* where LRC_OK */
  const char* message;    /* where not; may be null */
  int64_t retry_after_ms; /* the trailer "retry-after-ms"; -1: there was none */
  lrc_bytes tls_key_hash; /* SHA-256 of the SubjectPublicKeyInfo that the realm showed; empty: not seen, and
                             then no realm can prove anything */
} lrc_reply;

/* Goes on as far as it can and says what is to be done next. `now_ms`: any clock that only goes forward. */
LRC_API void lrc_op_next(lrc_op* op, int64_t now_ms, lrc_step* to) LRC_NOEXCEPT;
/* Answers a step; lrc_op_next goes on with it. An answer to anything else changes nothing. LRC_UNAVAILABLE
 * says that a realm could not be reached, or that the connection broke, and that trying again may help. A
 * certificate that is not the list's is no such case: LRC_PERMISSION_DENIED. */
LRC_API void lrc_op_reply(lrc_op* op, uint32_t id, const lrc_reply* reply) LRC_NOEXCEPT;
/* Runs the job and frees it. The operation may go on meanwhile, or be gone. */
LRC_API void lrc_job_run(lrc_job* job) LRC_NOEXCEPT;
/* For a job that nobody will run. */
LRC_API void lrc_job_free(lrc_job* job) LRC_NOEXCEPT;
/* What comes next: LRC_STEP_CANCEL for each step under way, then LRC_STEP_DONE. */
LRC_API void lrc_op_cancel(lrc_op* op) LRC_NOEXCEPT;
/* At any time; steps under way are then the host's to drop. Null is allowed. */
LRC_API void lrc_op_free(lrc_op* op) LRC_NOEXCEPT;

/* ---- For hosts: what came over the wire, and what was typed ---- */

/* The code of a Connect answer (docs/web.md): its HTTP status and its body, which is JSON where the status is
 * not 200. The body's code counts where it has one; else the status does, as when a proxy answered. The time
 * to come back is the header "trailer-retry-after-ms". Where there was no answer at all: LRC_UNAVAILABLE, or
 * what lrc_op_reply says of certificates. */
LRC_API lrc_code lrc_connect_code(int http_status, lrc_bytes body) LRC_NOEXCEPT;
/* The code of a gRPC answer that a host reads itself: the trailer (or header) "grpc-status", null where there
 * is none, and the HTTP status, which counts then (gRPC's "HTTP to gRPC Status Code Mapping"). The time to
 * come back is the trailer "retry-after-ms". */
LRC_API lrc_code lrc_grpc_code(int http_status, const char* grpc_status) LRC_NOEXCEPT;
/* The PIN that all clients make of what was typed: its size, at most 1024 bytes, and itself if `room` is
 * enough. To compare two entries of a new PIN, and to say that one is impossible while it is typed.
 * LRC_INVALID_ARGUMENT: it is, and operations refuse it. */
LRC_API lrc_code lrc_pin(lrc_bytes typed, uint8_t* to, size_t room, size_t* size) LRC_NOEXCEPT;

/* ---- Results ---- */

typedef enum {
  LRC_OUTCOME_NONE = 0, /* under way */
  LRC_OUTCOME_RECOVERED = 1,
  LRC_OUTCOME_SEALED = 2,
  LRC_OUTCOME_DONE = 3, /* each realm's report says what it did */
  LRC_OUTCOME_WRONG_PIN = 4,
  LRC_OUTCOME_LOCKED = 5,
  LRC_OUTCOME_USED_UP = 6, /* no guess is left; none was sent */
  LRC_OUTCOME_DESTROYED = 7,
  LRC_OUTCOME_NOT_REGISTERED = 8,
  LRC_OUTCOME_FAILED = 9 /* `failure`, `code` and `message` say why */
} lrc_outcome;

typedef enum {
  LRC_FAILURE_NONE = 0,
  LRC_FAILURE_TOO_FEW_REALMS = 1,   /* fewer could be reached than it takes */
  LRC_FAILURE_UNPROVEN = 2,         /* realms that it takes have not proven themselves */
  LRC_FAILURE_TLS_MISMATCH = 3,     /* an answer came on another TLS key than the proven one */
  LRC_FAILURE_UPGRADE_REQUIRED = 4, /* a realm speaks another version of the protocol */
  LRC_FAILURE_CONTENDED = 5,        /* other clients kept registering */
  LRC_FAILURE_INVALID = 6,          /* the caller's own: a name, a PIN, a token, a parameter */
  LRC_FAILURE_FAULTY = 7,           /* realms gave what cannot be right */
  LRC_FAILURE_REFUSED = 8,          /* a realm says no; its code is a claim */
  LRC_FAILURE_CANCELLED = 9,
  LRC_FAILURE_OTHER = 10,    /* and what a later library adds: take a number that you do not know for it */
  LRC_FAILURE_DISPUTED = 11, /* realms offer a version that may be made up: another realm says that the record
                                takes more of them. No PIN was sent */
  LRC_FAILURE_ANOTHER_REALM = 12 /* where a realm of the list should be, another one answers */
} lrc_failure;

typedef struct {
  lrc_outcome outcome;
  lrc_failure failure;
  lrc_code code;
  const char* message;     /* for a person; may hold what realms wrote. Empty where there is none */
  lrc_bytes secret;        /* recovered; wiped by lrc_op_free */
  uint32_t version;        /* recovered, sealed, status: of the record; 0: none */
  uint32_t threshold;      /* the same: how many realms bring it back */
  uint32_t holders;        /* the same: how many realms its config lists */
  uint32_t guess_limit;    /* the same: of each realm */
  uint32_t tries_left;     /* wrong PIN, status: over all realms */
  uint32_t active_version; /* wrong PIN: the version tried is pending, and this older one is active; 0: no */
  int64_t locked_until_ms; /* locked: Unix milliseconds */
  int complete;            /* sealed: so many realms have activated it that the version before is dead */
  int pin_is_known;        /* sealed: the PIN is that of a version before */
} lrc_result;

typedef enum {
  LRC_REALM_GOOD = 0,
  LRC_REALM_PENDING = 1,        /* holds the version, but has not activated it yet */
  LRC_REALM_FAULTY = 2,         /* answered something that cannot be right */
  LRC_REALM_OUTDATED = 3,       /* does not hold the version that the others agree on */
  LRC_REALM_LOCKED = 4,         /* takes no guess before a certain time */
  LRC_REALM_SPENT = 5,          /* says that no guess is left: it was not asked */
  LRC_REALM_DESTROYED = 6,      /* its guesses are used up and its keys erased */
  LRC_REALM_NOT_REGISTERED = 7, /* knows no such record */
  LRC_REALM_REFUSED = 8,        /* answered with an error, or has not proven itself */
  LRC_REALM_UNREACHABLE = 9,
  LRC_REALM_LATE = 10 /* was not waited for: the others were enough */
} lrc_condition;

typedef struct {
  lrc_condition condition;
  lrc_code code;           /* why, where the condition alone does not say */
  const char* message;     /* the same, for a person; may hold what the realm wrote */
  int32_t remaining;       /* guesses left there; -1: it did not say */
  int64_t locked_until_ms; /* Unix milliseconds, where locked */
  int counted_by_chip;     /* sealed, status */
  int proven;              /* the account's `proof` was given, during this operation */
  int32_t chip_uses;       /* guesses that its chip certified since it last gave them back; -1: not asked */
  uint32_t unexplained; /* of these: neither this operation's, nor known to other realms, nor own_tries. Not
                           0: nothing was given back there, or they ended with the version that was replaced
                           or deleted, and `message` says it for a person */
} lrc_realm_report;

typedef struct {
  uint32_t version;
  int pending;             /* not 0: not active yet */
  int32_t remaining;       /* -1: the realm does not say */
  lrc_bytes registered_by; /* device id; empty: an unlock key, or not said; zeros: not known */
} lrc_version;

typedef struct {
  const char* realm;
  uint64_t sequence;
  lrc_bytes digest; /* 32 bytes */
  lrc_bytes
      device; /* SubjectPublicKeyInfo of who raised it: whether to believe it is the reader's to judge */
} lrc_floor;

/* Once LRC_STEP_DONE came. Each gives 0, and changes nothing, where there is no such thing. */
LRC_API int lrc_op_result(const lrc_op* op, lrc_result* to) LRC_NOEXCEPT;
LRC_API int lrc_op_realm(const lrc_op* op, size_t realm, lrc_realm_report* to) LRC_NOEXCEPT;
LRC_API int lrc_op_version(const lrc_op* op, size_t realm, size_t index,
                           lrc_version* to) LRC_NOEXCEPT;                             /* newest first */
LRC_API int lrc_op_floor(const lrc_op* op, size_t index, lrc_floor* to) LRC_NOEXCEPT; /* highest first */

#ifdef __cplusplus
}
#endif

#endif /* LABYRINTH_RECOVERY_H */
