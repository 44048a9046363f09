/* The key ratchet of hsm/pkcs11/freshness_anchor.h under the ledger of docs/ledger.md, for spin. tools/check-model
 * runs it and its mutants; ledger.pml is the ledger on a counter.
 *
 * A key has a number that is never used again, an epoch, and a parent. It attests one state: `used_of` is that
 * state's used guesses, or NOTHING before evidence was given away. The attacker owns storage: a starting server
 * opens any state that has evidence. Two servers may run at once, each on its own copy, and each may crash between
 * any two calls of the token. A call acts at once; what a server has seen of the token may be old when it acts.
 *
 * Checked, with an attacker: the token is never without a key, never are more than LIMIT evaluations released, and
 * who holds the claim and has committed since is not ended by keys that others make too late.
 * Checked, with -DNO_ATTACKER (one server, storage keeps what was written): a start is never refused, and nothing
 * that was acknowledged is lost.
 *
 * Each mutant leaves out one thing, and the checker must find the attack:
 *   ADOPT             a start commits the key that it found one ahead
 *   DESTROY_FIRST     Prepare destroys what others prepared before it has a key of its own
 *   PREPARE_UNCLAIMED Prepare does not look at the claim after it looked at the token
 *   COMMIT_UNCLAIMED  Commit does not look at the claim after it has destroyed the current key
 *   NO_STRAYS         any key too many is taken for damage
 *   END_FOUND         Prepare destroys the key of the state found one ahead too
 */
#ifndef LIMIT
#define LIMIT 1
#endif
#ifndef LAST_EPOCH
#define LAST_EPOCH 3
#endif
#ifndef MOST_KEYS
#define MOST_KEYS 6
#endif
#define NOTHING 15

byte keys = 1;   /* a bit for each that is on the token: the first one, of epoch 0 */
byte made = 1;   /* how many were ever made */
byte epoch_of[MOST_KEYS];
byte parent_of[MOST_KEYS];
byte used_of[MOST_KEYS];
byte claim = 0;  /* who claimed the anchor last */
byte released = 0;

#ifdef NO_ATTACKER
byte disk = 0;   /* the key of the state that storage holds */
byte acknowledged = 0;
#endif

#define HAS(set, key) (((set) >> (key)) & 1)
#define CLAIMED (claim == me)

/* Every call of the token may be the last before a crash. */
#define STEP(action) if :: action :: goto off fi

/* LookAtRatchet: `current` is the current key, NOTHING if it is destroyed and rivals are left; `next` are the keys of
 * the epoch after `seen`; `strays` are what late servers made beside them. Who has committed the key `mine` since its
 * claim goes by it, while it is there. Others leave out what is older than the last two epochs, and refuse what does
 * not follow from each other then. */
inline look() {
  d_step {
    seen = 0; current = NOTHING; next = 0; strays = 0; parent = NOTHING; good = true;
    i = 0;
    do /* the highest epoch */
    :: i < made && HAS(keys, i) && epoch_of[i] > seen -> seen = epoch_of[i]; i++
    :: i < made && !(HAS(keys, i) && epoch_of[i] > seen) -> i++
    :: else -> break
    od;
#ifndef NO_STRAYS
    i = 0;
    do /* what is older than the one before it */
    :: i < made && HAS(keys, i) && epoch_of[i] + 1 < seen -> strays = strays | (1 << i); i++
    :: i < made && !(HAS(keys, i) && epoch_of[i] + 1 < seen) -> i++
    :: else -> break
    od;
#endif
    seen = NOTHING;
    i = 0;
    do /* the lowest epoch of the others */
    :: i < made && HAS(keys & ~strays, i) && epoch_of[i] < seen -> seen = epoch_of[i]; i++
    :: i < made && !(HAS(keys & ~strays, i) && epoch_of[i] < seen) -> i++
    :: else -> break
    od;
    i = 0;
    do /* its keys: all in `next`, for now */
    :: i < made && HAS(keys & ~strays, i) && epoch_of[i] == seen -> next = next | (1 << i); current = i; i++
    :: i < made && !(HAS(keys & ~strays, i) && epoch_of[i] == seen) -> i++
    :: else -> break
    od;
    if
#ifndef NO_STRAYS
    :: mine != NOTHING && HAS(keys, mine) -> /* its children are next, and all else is astray */
       current = mine;
       seen = epoch_of[mine];
       parent = mine;
       next = 0;
       i = 0;
       do
       :: i < made && HAS(keys, i) && epoch_of[i] == seen + 1 && parent_of[i] == mine -> next = next | (1 << i); i++
       :: i < made && !(HAS(keys, i) && epoch_of[i] == seen + 1 && parent_of[i] == mine) -> i++
       :: else -> break
       od;
       strays = keys & ~next & ~(1 << mine)
    :: (mine == NOTHING || !HAS(keys, mine)) && next == (1 << current) -> /* one: the others are its children */
#else
    :: next == (1 << current) ->
#endif
       next = keys & ~strays & ~(1 << current);
       parent = current;
       i = 0;
       do
       :: i < made ->
          if
          :: HAS(next, i) && (epoch_of[i] != seen + 1 || parent_of[i] != parent) -> good = false
          :: else
          fi;
          i++
       :: else -> break
       od
    :: else -> /* rivals: there is nothing else, and they have one parent */
       parent = parent_of[current];
       good = (next == (keys & ~strays));
       i = 0;
       do
       :: i < made ->
          if
          :: HAS(next, i) && parent_of[i] != parent -> good = false
          :: else
          fi;
          i++
       :: else -> break
       od;
       current = NOTHING;
       seen--
    fi;
    i = 0
  };
  if :: !good -> end() :: good fi
}

inline destroy(key) {
  d_step { keys = keys & ~(1 << key); assert(keys != 0) }
}

/* Destroys the keys of the set `doomed`, one call each. */
inline destroy_all() {
  i = 0;
  do
  :: i < MOST_KEYS && HAS(doomed, i) -> STEP(destroy(i)); i++
  :: i < MOST_KEYS && !HAS(doomed, i) -> i++
  :: else -> break
  od;
  i = 0; doomed = 0
}

/* Who holds the claim and has committed since is not ended by what late servers leave. */
inline end() {
  atomic { assert(mine == NOTHING || !CLAIMED); goto off }
}

/* FreshnessAnchor::Prepare(epoch + 1), and storage has the state (epoch + 1, then). */
inline prepare() {
  STEP(look());
  if :: seen != epoch -> end() :: seen == epoch fi;
#ifndef PREPARE_UNCLAIMED
  if :: !CLAIMED -> goto off :: CLAIMED fi;
#endif
  doomed = next | strays;
#ifndef END_FOUND
  if :: found != NOTHING -> doomed = doomed & ~(1 << found) :: else fi;
#endif
#ifdef DESTROY_FIRST
  destroy_all();
#endif
  STEP(d_step {
    made < MOST_KEYS; /* the end of the search otherwise */
    own = made;
    epoch_of[own] = epoch + 1; parent_of[own] = parent; used_of[own] = NOTHING;
    keys = keys | (1 << own);
    made++
  });
#ifndef PREPARE_UNCLAIMED
  if
  :: !CLAIMED -> destroy(own); goto off
  :: CLAIMED
  fi;
#endif
  destroy_all();
  STEP(d_step {
    used_of[own] = then;
#ifdef NO_ATTACKER
    disk = own
#endif
  });
  next = 0; strays = 0; current = NOTHING; parent = NOTHING; seen = 0
}

/* FreshnessAnchor::Commit(epoch + 1). */
inline commit() {
  STEP(look());
  if :: !CLAIMED -> goto off :: CLAIMED fi;
  if :: seen != epoch || !HAS(next, own) -> end() :: else fi;
  doomed = (next & ~(1 << own)) | strays;
  if :: current != NOTHING -> parent = current :: else -> parent = NOTHING fi;
  destroy_all();
  if :: parent != NOTHING -> STEP(destroy(parent)) :: else fi;
#ifndef COMMIT_UNCLAIMED
  if :: !CLAIMED -> goto off :: CLAIMED fi;
#endif
  STEP(atomic {
    mine = own;
    look();
    if
    :: current == own -> assert(released <= then) /* nothing that was answered is missing */
    :: else -> end()
    fi
  });
  epoch++;
  used = then;
  own = NOTHING; found = NOTHING; next = 0; strays = 0; current = NOTHING; parent = NOTHING; seen = 0
}

proctype Server(byte me) {
  byte epoch, used, then;
  byte seen, current, next, strays, parent, own, mine, found, doomed, i;
  bit good;
off:
  atomic {
    epoch = 0; used = 0; then = 0; seen = 0; current = NOTHING; next = 0; parent = NOTHING; own = NOTHING;
    mine = NOTHING; strays = 0; found = NOTHING; doomed = 0; i = 0; good = 0;
    claim = me
  };
  /* Which state storage shows is the attacker's choice. */
  atomic {
#ifdef NO_ATTACKER
    own = disk;
#else
    select(own : 0 .. MOST_KEYS - 1);
    if :: own >= made -> goto off :: else fi;
#endif
    look();
    /* Check: its key is on the token, and the current one or of the next epoch. */
    if
    :: !HAS(keys, own) || used_of[own] == NOTHING ->
#ifdef NO_ATTACKER
       assert(false); /* refused without an attacker */
#endif
       goto off
    :: else
    fi;
    used = used_of[own]; then = used; epoch = seen
  };
#ifdef NO_ATTACKER
  assert(used >= acknowledged);
#endif
  if
  :: own == current -> skip
  :: HAS(next, own) -> /* one ahead */
#ifdef ADOPT
     skip;
#else
     found = own;
     epoch < LAST_EPOCH;
     prepare();
#endif
     commit()
  :: else -> goto off
  fi;
  epoch < LAST_EPOCH;
  prepare(); /* the fence */
  commit();

  do
  :: epoch < LAST_EPOCH && used < LIMIT ->
     then = used + 1;
     prepare();
     commit();
     released++;
     assert(released <= LIMIT);
#ifdef NO_ATTACKER
     acknowledged = used
#endif
  :: goto off
  od
}

init {
  atomic {
    run Server(1);
#ifndef NO_ATTACKER
    run Server(2)
#endif
  }
}
