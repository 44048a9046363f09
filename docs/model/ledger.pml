/* The ledger of docs/ledger.md, for spin. tools/check-model runs it and its mutants.
 *
 * One record with LIMIT guesses. A state of the ledger is (epoch, used guesses); `stored[epoch]` is the set of used
 * values for which a state of that epoch, with good evidence, ever reached storage. The attacker owns storage: a
 * starting server opens any state of these. Two servers may run at once, each on its own copy, and each may crash
 * between any two steps. The device has a counter and a claim, and is believed.
 *
 * Checked, with an attacker: never are more than LIMIT evaluations released.
 * Checked, with -DNO_ATTACKER (one server, storage keeps what was written): a start is never refused, and nothing
 * that was acknowledged is lost.
 *
 * Each mutant leaves out one thing, and the checker must find the attack:
 *   NO_FENCE          start-up commits no empty batch
 *   EVALUATE_FIRST    a guess is evaluated before its count is anchored
 *   EVALUATE_BETWEEN  a guess is evaluated after its count is written, before it is anchored
 *   NO_CLAIM          nobody claims the anchor
 *   COMMIT_UNCLAIMED  Commit looks at the claim before it counts, not after
 *   PREPARE_UNCLAIMED Prepare does not look at the claim after the epoch
 *   ABORT_NO_FENCE    after a batch that storage refused, another takes its epoch
 *   NO_CHECK          a start believes any state that has good evidence
 */
#ifndef LIMIT
#define LIMIT 2
#endif
#ifndef LAST_EPOCH
#define LAST_EPOCH 6
#endif

byte counter = 0;  /* the device's epoch */
byte claim = 0;    /* who claimed the anchor last */
byte stored[LAST_EPOCH + 1];
byte released = 0;

#ifdef NO_ATTACKER
byte disk_epoch = 0;
byte disk_used = 0;
byte acknowledged = 0;
#endif

#ifdef NO_CLAIM
#define CLAIMED true
#else
#define CLAIMED (claim == me)
#endif

/* Every step may be the last before a crash. */
#define STEP(action) if :: action :: goto off fi

inline release() {
  released++;
  assert(released <= LIMIT);
}

/* FreshnessAnchor::Commit(target): looks before it counts, and may lose the device's answer and begin again. */
inline anchor(target) {
  do
  :: if :: !CLAIMED -> goto off :: CLAIMED fi;
     STEP(seen = counter);
     if
     :: seen == target
     :: seen + 1 == target -> STEP(counter++)
     :: else -> goto off
     fi;
     if :: break :: skip fi /* skip: the answer was lost */
  od;
  STEP(seen = counter);
  if :: seen != target -> goto off :: seen == target fi;
#ifndef COMMIT_UNCLAIMED
  if :: !CLAIMED -> goto off :: CLAIMED fi;
#endif
  seen = 0
}

inline store_state(e, u) {
  atomic {
    stored[e] = stored[e] | (1 << u);
#ifdef NO_ATTACKER
    disk_epoch = e;
    disk_used = u;
#endif
  }
}

/* FreshnessAnchor::Prepare(epoch + 1): the device's epoch first, then the claim. */
inline prepare() {
  STEP(seen = counter);
  if :: seen != epoch -> goto off :: seen == epoch fi;
#ifndef PREPARE_UNCLAIMED
  if :: !CLAIMED -> goto off :: CLAIMED fi;
#endif
  seen = 0
}

/* Prepare, write, anchor: the state (epoch + 1, next). */
inline commit_batch() {
  prepare();
  STEP(store_state(epoch + 1, next));
#ifdef EVALUATE_BETWEEN
  if :: guess -> release() :: !guess fi;
#endif
  anchor(epoch + 1);
  epoch++;
  used = next
}

proctype Server(byte me) {
  byte epoch, used, next, seen;
  bit guess;
off:
  atomic { epoch = 0; used = 0; next = 0; seen = 0; guess = 0 };
#ifndef NO_CLAIM
  claim = me;
#endif
  /* Which state storage shows is the attacker's choice. */
#ifdef NO_ATTACKER
  atomic { epoch = disk_epoch; used = disk_used };
#else
  atomic {
    select(epoch : 0 .. LAST_EPOCH);
    select(used : 0 .. LIMIT);
    if
    :: (stored[epoch] >> used) & 1
    :: else -> goto off
    fi
  };
#endif
  next = used;
  STEP(seen = counter);
#ifdef NO_CHECK
  epoch = seen;
#endif
  if
  :: epoch == seen -> seen = 0
  :: epoch == seen + 1 -> seen = 0; anchor(epoch)
  :: else ->
#ifdef NO_ATTACKER
     assert(false); /* refused without an attacker */
#endif
     goto off
  fi;
#ifdef NO_ATTACKER
  assert(used >= acknowledged);
#endif
#ifndef NO_FENCE
  epoch < LAST_EPOCH;
  commit_batch();
#endif

  do
  :: epoch < LAST_EPOCH && used < LIMIT ->
     guess = 1;
     next = used + 1;
#ifdef EVALUATE_FIRST
     release();
#endif
     if
     :: commit_batch();
#if !defined(EVALUATE_FIRST) && !defined(EVALUATE_BETWEEN)
        release();
#endif
#ifdef NO_ATTACKER
        acknowledged = used;
#endif
#ifndef NO_ATTACKER
     :: /* Storage refuses the batch, having seen its evidence. It holds this guess, or another record's. */
        if :: next = used :: skip fi;
        prepare();
        STEP(store_state(epoch + 1, next));
        next = used;
#ifndef ABORT_NO_FENCE
        guess = 0;
        commit_batch();
#endif
#endif
     fi;
     guess = 0;
     next = used
  :: goto off
  od
}

init {
  atomic {
    stored[0] = 1; /* the first, empty state, of epoch 0 */
    run Server(1);
#ifndef NO_ATTACKER
    run Server(2)
#endif
  }
}
