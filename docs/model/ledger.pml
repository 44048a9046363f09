/* The ledger of docs/ledger.md, for spin. tools/check-model runs it and its mutants.
 *
 * One record with LIMIT guesses, at ELEMENTS different elements, one more than the limit. A state of the ledger is the
 * set of counted elements, or GONE: the record was deleted, which stands for any change that is acknowledged. Epochs
 * are relative to the device's counter, so that there is no end of them: `fresh` and `ahead` are the sets of states for
 * which good evidence of the device's epoch, and of the next, ever reached storage; what is older is refused. The
 * attacker owns storage: a starting server opens any state of these. Two servers may run at once, each on its own
 * copy, and each may crash between any two steps. The device has a counter and a claim, and is believed.
 *
 * Checked, with an attacker: never are more than LIMIT different elements answered, and none once a deletion was
 * acknowledged; a start that is refused as it is judged has not taken the anchor from anybody.
 * Checked, with -DNO_ATTACKER (one server, storage keeps what was written): a start is never refused, and nothing
 * that was acknowledged is lost.
 * With -DONE there is one server; with -DGUESSES_ONLY there are no deletions.
 * With -DREFILLS there are successes: one empties the set, in the server's memory only, unless the set has THETA elements
 * or the limit is 1; what is written next takes it along, or nothing does before a crash. Checked then: of one server,
 * attacker or not, never are more than LIMIT different elements answered since its last success, elements that are
 * answered again included; no success is acknowledged once a deletion was; and with -DNO_ATTACKER what storage holds
 * has at most one element more than were counted since the last acknowledged success, however many starts there were.
 * With -DAFTER_ONLY a success always may wait, and only what comes after a deletion is checked: for two servers, with a
 * limit of 1, as more takes too long.
 *
 * Each mutant leaves out one thing, and the checker must find the attack:
 *   NO_FENCE          start-up commits no empty batch
 *   SINGLE_FENCE      start-up commits one empty batch, whether or not it rolled a batch forward
 *   EVALUATE_FIRST    a guess is evaluated before its count is anchored
 *   EVALUATE_BETWEEN  a guess is evaluated after its count is written, before it is anchored
 *   NO_LOOK           what needs no batch of its own is answered without a look at the claim
 *   NO_CLAIM          nobody claims the anchor
 *   CLAIM_FIRST       a start claims the anchor before it judges what storage holds
 *   COMMIT_UNCLAIMED  Commit looks at the claim before it counts, not after
 *   PREPARE_UNCLAIMED the first Prepare after a claim does not look at the claim after the epoch
 *   RECOUNT           Commit, asked once more as the device's answer was lost, counts without a look at the counter
 *   ABORT_NO_FENCE    after a batch that storage refused, another takes its epoch
 *   NO_CHECK          a start believes any state that has good evidence
 * and of refills
 *   REFILL_LATE       a success empties the set when it is written, not in memory at once
 *   REFILL_KEPT       a refill that was written waits still, and is applied once more
 *   GUESS_RIDES       a guess after a refill that waits is counted in memory only, and answered
 *   REFILL_BACK       a refill of a record that was deleted meanwhile is written
 *   REFILL_UNSEEN     a success that waits is acknowledged without a look at the claim
 *   REFILL_ANY        THETA is above the limit: a success waits however many elements there are
 */
#ifndef LIMIT
#define LIMIT 1
#endif
#define ELEMENTS (LIMIT + 1)
#define GONE (1 << ELEMENTS)
#ifdef REFILL_ANY
#define THETA (LIMIT + 1)
#else
#define THETA (LIMIT == 1 -> 1 : 2)
#endif
#ifdef AFTER_ONLY
#define WAITS_NEVER false
#else
#define WAITS_NEVER (LIMIT == 1 || SIZE(mem) >= THETA)
#endif
#define SIZE(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))
#define NOBODY 2

/* Where an epoch is, measured against the device's. */
#define STALE 0
#define LAST 1
#define CURRENT 2
#define NEXT 3

short fresh = 1;     /* bit s: the state s. At first the empty one */
short ahead = 0;
#ifdef NO_CHECK
short stale = 0;
#endif
byte claim = NOBODY; /* who claimed the anchor last, if it still runs */
byte answered = 0;   /* set of elements */
bit deleted = 0;     /* a deletion was acknowledged */
byte at[2];          /* where the epoch of each server's state is */
byte target[2];      /* where the epoch is that each server prepared last */

#ifdef NO_ATTACKER
byte disk = 0;
byte disk_at = CURRENT;
byte acknowledged = 0;
byte since = 0; /* elements that were written since the last success was acknowledged */
#endif

#ifdef NO_CLAIM
#define CLAIMED true
#else
#define CLAIMED (claim == me)
#endif

/* The last look at the claim before an answer. The answer may be long on its way: it is as of this look. */
inline look_at_claim() {
  if
  :: !CLAIMED -> goto off
  :: atomic { CLAIMED -> late = deleted }
  fi
}

/* Every step may be the last before a crash. */
#define STEP(action) if :: action :: goto off fi

inline answer(element) {
  d_step {
#ifndef AFTER_ONLY
    answered = answered | (1 << element);
    assert(SIZE(answered) <= LIMIT);
#endif
    assert(!late)
  }
}

/* The device counts, whoever asked for it. */
inline count() {
  d_step {
#ifdef NO_CHECK
    stale = stale | fresh;
#endif
    fresh = ahead; ahead = 0;
    if :: at[0] > STALE -> at[0]-- :: else fi;
    if :: at[1] > STALE -> at[1]-- :: else fi;
    if :: target[0] > STALE -> target[0]-- :: else fi;
    if :: target[1] > STALE -> target[1]-- :: else fi;
#ifdef NO_ATTACKER
    disk_at--
#endif
  }
}

/* FreshnessAnchor::Commit of the epoch that was prepared. It may lose the device's answer and begin again. It looks at
 * the counter before it counts when it begins again, and at the first commit after a claim. */
inline anchor() {
  do
  :: if :: !CLAIMED -> goto off :: CLAIMED fi;
     if
     :: sure -> STEP(count())
     :: !sure ->
        STEP(seen = target[me]);
        if
        :: seen == CURRENT
        :: seen == NEXT -> STEP(count())
        :: else -> goto off
        fi
     fi;
#ifndef RECOUNT
     sure = 0;
#endif
     if :: break :: skip fi /* skip: the answer was lost */
  od;
  STEP(seen = target[me]);
  if :: seen != CURRENT -> goto off :: seen == CURRENT fi;
#ifndef COMMIT_UNCLAIMED
  look_at_claim();
#endif
  d_step { seen = 0; at[me] = target[me]; target[me] = STALE; sure = 1 }
}

inline store_state(state) {
  d_step {
    if
    :: target[me] == NEXT -> ahead = ahead | (1 << state)
    :: target[me] == CURRENT -> fresh = fresh | (1 << state)
    :: else
    fi;
#ifdef NO_ATTACKER
    disk = state; disk_at = target[me];
    if :: state != GONE && mem != GONE -> since = since | (state & ~mem) :: else fi
#endif
  }
}

/* FreshnessAnchor::Prepare of the epoch after the device's, which is that of `found`. The first one after a claim looks:
 * at the device's epoch, then at the claim. Later ones rely on the looks of the commit before, so the epoch that they
 * prepare may be no next one any more. */
inline prepare(found) {
  if
  :: sure -> STEP(d_step { target[me] = (at[me] == STALE -> STALE : at[me] + 1) })
  :: !sure ->
     STEP(d_step { seen = at[me]; target[me] = NEXT });
     if :: seen != found -> goto off :: seen == found fi;
#ifndef PREPARE_UNCLAIMED
     if :: !CLAIMED -> goto off :: CLAIMED fi;
#endif
     seen = 0
  fi
}

/* Prepare, write, anchor: the state `next`. */
inline commit_batch() {
  prepare(CURRENT);
  STEP(store_state(next));
#ifdef EVALUATE_BETWEEN
  if :: guess -> answer(element) :: !guess fi;
#endif
  anchor();
  used = next; settled = 1
}

/* A batch that takes all that waits along. */
inline commit_all() {
  commit_batch();
#ifdef REFILL_BACK
  if :: next == GONE :: next != GONE -> mem = next fi
#else
  mem = next
#endif
}

/* Somebody has the right PIN: whether he hears so or not, what was answered before is no matter any more. */
inline succeed() {
  d_step {
    answered = 0
#ifdef NO_ATTACKER
    ; acknowledged = 0
#endif
  }
}

inline acknowledge_success() {
  d_step {
    assert(!late)
#ifdef NO_ATTACKER
    ; since = 0
#endif
  }
}

/* What goes before an answer without a batch of its own. */
inline make_sure() {
  if
  :: !settled -> next = mem; commit_all()
  :: settled
  fi;
#ifdef NO_LOOK
  late = deleted
#else
  STEP(skip);
  look_at_claim()
#endif
}

proctype Server(byte me) {
  byte used, mem, next, seen, fences, element;
  bit guess, settled, late, sure, waits;
off:
  atomic {
    used = 0; mem = 0; next = 0; seen = 0; fences = 0; element = 0; guess = 0; settled = 0; late = 0; sure = 0;
    waits = 0;
    at[me] = STALE; target[me] = STALE;
    if :: claim == me -> claim = NOBODY :: else fi
  };
  /* Which state storage shows is the attacker's choice. */
#ifdef NO_ATTACKER
  d_step { used = disk; at[me] = disk_at };
#else
  atomic {
    select(used : 0 .. GONE);
    if
    :: (fresh >> used) & 1 -> at[me] = CURRENT
    :: (ahead >> used) & 1 -> at[me] = NEXT
    :: used == 0 -> at[me] = STALE
#ifdef NO_CHECK
    :: (stale >> used) & 1 -> at[me] = CURRENT
#endif
    :: else -> goto off
    fi
  };
#endif
#ifdef CLAIM_FIRST
  STEP(claim = me);
#endif
  /* Judged before anything is claimed. */
  if
  :: at[me] <= LAST ->
     assert(claim != me);
#ifdef NO_ATTACKER
     assert(false); /* refused without an attacker */
#endif
     goto off
  :: else
  fi;
#if !defined(NO_CLAIM) && !defined(CLAIM_FIRST)
  STEP(claim = me);
#endif
  /* And once more: where this run found the device at its claim. */
  STEP(seen = at[me]);
  if
  :: seen <= LAST -> goto off
  :: seen == CURRENT -> fences = 2
  :: seen == NEXT -> fences = 1; prepare(NEXT); anchor()
  fi;
  seen = 0;
#ifdef NO_ATTACKER
  assert((used & acknowledged) == acknowledged || used == GONE);
  assert(used == GONE || SIZE(used) <= SIZE(since) + 1);
  assert(!deleted || used == GONE);
#endif
#ifdef SINGLE_FENCE
  fences = 1;
#endif
#ifdef NO_FENCE
  fences = 0;
#endif
  mem = used;
  next = used;
  do
  :: fences > 0 -> commit_batch(); fences--
  :: fences == 0 -> break
  od;
  settled = 1; late = 0;

  do
  :: mem != GONE && SIZE(mem) < LIMIT -> /* a new element */
     select(element : 0 .. ELEMENTS - 1);
     if :: (mem >> element) & 1 -> goto again :: else fi;
     guess = 1;
     next = mem | (1 << element);
#ifdef EVALUATE_FIRST
     answer(element);
#endif
#ifdef GUESS_RIDES
     if :: waits -> make_sure(); mem = mem | (1 << element); answer(element); goto again :: !waits fi;
#endif
     if
     :: commit_all();
#if !defined(EVALUATE_FIRST) && !defined(EVALUATE_BETWEEN)
        answer(element);
#endif
#ifdef NO_ATTACKER
        acknowledged = used;
#endif
#if defined(REFILL_LATE) || defined(REFILL_KEPT)
        if :: waits -> mem = 0 :: !waits fi;
#endif
#ifndef REFILL_KEPT
        waits = 0
#endif
#ifndef NO_ATTACKER
     :: /* Storage refuses the batch, having seen its evidence. What waits goes on waiting. */
        prepare(CURRENT);
        STEP(store_state(next));
        target[me] = STALE;
        next = used;
        guess = 0;
#ifndef ABORT_NO_FENCE
        commit_batch();
        settled = 0
#endif
#endif
     fi;
again:
     guess = 0; late = 0; element = 0; next = used
  :: mem != GONE && mem != 0 -> /* an element that was counted */
     select(element : 0 .. ELEMENTS - 1);
     if :: (mem >> element) & 1 :: else -> goto again2 fi;
     make_sure();
     answer(element);
again2:
     late = 0; element = 0; next = used
#ifdef REFILLS
  :: mem != GONE && mem != 0 -> /* a success */
     succeed();
     if
     :: WAITS_NEVER || !settled -> next = 0; commit_all(); waits = 0
     :: else ->
#ifndef REFILL_UNSEEN
        STEP(skip);
        look_at_claim();
#else
        late = deleted;
#endif
        waits = 1;
#ifndef REFILL_LATE
        mem = 0
#endif
     fi;
     acknowledge_success();
     late = 0; next = used
  :: mem != used -> /* what waits is written */
     next = mem; commit_all(); waits = 0;
     late = 0; next = used
#endif
#ifndef GUESSES_ONLY
  :: mem != GONE -> /* a deletion */
     next = GONE;
     commit_all();
     late = 0;
     deleted = 1;
     next = used
  :: mem == GONE && !deleted -> /* it is asked for again */
     make_sure();
     late = 0; deleted = 1; next = used
#endif
  :: goto off
  od
}

init {
  atomic {
    run Server(0);
#if !defined(NO_ATTACKER) && !defined(ONE)
    run Server(1)
#endif
  }
}
