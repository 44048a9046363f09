// A client that recovers, written from docs/protocol.md alone. It is played by a transcript of docs/conformance: what it
// asks is kept, what realms answer and what it draws at random is taken from there.
import { createDecipheriv } from 'node:crypto';

import { p256, p256_hasher } from '@noble/curves/nist.js';
import { argon2id } from '@noble/hashes/argon2.js';

import { isPoint, parseConfig } from './rules.mjs';
import { allAt, blob, bytesAt, bodies, has, hex, hkdf, int, join, lp, number, requestBytes, sha256, some, text, uint, uintAt,
  unhex, unlockBytes, xor } from './wire.mjs';

const order = p256.Point.Fn.ORDER;
const UNAVAILABLE = 14, NOT_FOUND = 5, EXHAUSTED = 8;
export const repeatable = new Set(['GetRealm', 'GetChallenge', 'GetRecord', 'Evaluate', 'BeginUnlock', 'GetIdentity']);
const stretched = new Map();

// Shamir over GF(2^8), polynomial 0x11B: what the polynomials through these points are at 0.
function times(a, b) {
  let product = 0;
  for (let i = 0; i < 8; ++i) {
    if ((b >> i) & 1) product ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0);
  }
  return product;
}
const inverses = Array.from({ length: 256 }, (_, a) => Array.from({ length: 256 }, (__, b) => b).find((b) => times(a, b) === 1));
function combine(shares) {
  return Uint8Array.from({ length: 32 }, (_, j) => shares.reduce((sum, [x, share]) => {
    const weight = shares.reduce((w, [other]) => (other === x ? w : times(w, times(other, inverses[other ^ x]))), 1);
    return sum ^ times(weight, share[j]);
  }, 0));
}
function* subsets(items, size) {
  if (size === 0) yield [];
  for (let i = 0; i + size <= items.length && size > 0; ++i) {
    for (const rest of subsets(items.slice(i + 1), size - 1)) yield [items[i], ...rest];
  }
}

export class Client {
  constructor(transcript) {
    this.names = transcript.client;
    this.operation = transcript.operation;
    this.random = transcript.random.map(unhex);
    this.left = transcript.realms.map((exchanges) => [...exchanges]);
    this.asked = transcript.realms.map(() => []);
    this.ids = transcript.client.realms.map(({ id }) => unhex(id));
    this.record = text(transcript.operation.record);
    this.held = []; // the challenge that came with each realm's latest answer
    this.known = this.ids.map(() => ({ state: 'good' }));  // what each realm was
  }

  draw(size) {
    const bytes = this.random.shift();
    if (bytes?.length !== size) throw new Error(`the transcript has no ${size} random bytes here`);
    return bytes;
  }
  scalar() {
    return (number(this.draw(48)) % (order - 1n)) + 1n;
  }
  scope(i) {
    return { realm: this.ids[i], tenant: this.names.tenant, account: this.names.account };
  }

  // Asks until there is an answer that is not to be repeated; nothing where the realm is silent.
  call(i, method, body, signed) {
    for (;;) {
      this.asked[i].push({ method, body: hex(body), ...(signed ? { signed: hex(signed) } : {}) });
      const reply = this.left[i].shift()?.reply;
      if (!reply) return null;
      if (reply.code === UNAVAILABLE && repeatable.has(method)) {
        this.draw(4);  // how long to wait
      } else if (reply.code !== EXHAUSTED || reply.retry_after_ms === undefined) {
        return { code: reply.code, body: unhex(reply.body ?? '') };
      }
    }
  }

  recover() {
    if (this.operation.demands_proof && !this.proven()) return { outcome: 'failed' };
    const first = this.attempt();
    return first === 'again' ? this.attempt() : first;
  }

  // No realm of the kit proves anything: who does not is asked for nothing else.
  proven() {
    return this.ids.filter((_, i) => {
      if (this.call(i, 'GetRealm', new Uint8Array(0))?.code !== 0) return false;
      return this.call(i, 'GetIdentity', new Uint8Array(0))?.code === 0;
    }).length > 0;
  }

  survey() {
    const offers = [];
    this.ids.forEach((id, i) => {
      const reply = this.call(i, 'GetRecord', some(1, this.record));
      if (reply?.code !== 0) {
        this.known[i] = { state: reply ? 'refused' : 'late' };
        return;
      }
      const state = uintAt(reply.body, 1);
      this.known[i] = { state: state === 4 ? 'not-registered' : state === 3 ? 'destroyed' : 'good' };
      for (const version of allAt(reply.body, 2)) {
        const offer = { realm: i, version: uintAt(version, 1), active: uintAt(version, 2) === 2, config: bytesAt(version, 3),
          commitment: bytesAt(version, 4), remaining: has(version, 5) ? uintAt(version, 5) : undefined,
          until: uintAt(version, 6) };
        const wanted = { ...this.names, record: this.operation.record, version: offer.version };
        offer.parsed = parseConfig(offer.config, wanted);
        offer.share = offer.parsed?.realms.find((share) => hex(share.realm_id) === hex(id));
        if (offer.share) offers.push(offer);
      }
    });
    return offers;
  }

  // The newest version that enough realms offer alike, of these offers.
  newest(offers) {
    const least = this.operation.least_realms ?? Math.floor(this.ids.length / 2) + 1;
    const groups = Map.groupBy
      ? Map.groupBy(offers, (o) => `${o.version}/${hex(o.config)}/${hex(o.commitment)}`)
      : offers.reduce((map, o) => {
        const key = `${o.version}/${hex(o.config)}/${hex(o.commitment)}`;
        return map.set(key, [...(map.get(key) ?? []), o]);
      }, new Map());
    const asks = Math.max(...offers.map((offer) => offer.parsed.threshold));
    const standing = [...groups.values()].filter((group) =>
      group.length >= Math.max(group[0].parsed.threshold, least) && (this.operation.persons_word || asks <= group.length));
    return standing.sort((a, b) => b[0].version - a[0].version)[0];
  }

  // What the realms' states come to, for so many that are needed; nothing: go on.
  judge(threshold) {
    const count = (...states) => this.known.filter(({ state }) => states.includes(state)).length;
    const good = count('good');
    if (good >= threshold) return null;
    if (good + count('locked') >= threshold) {
      const times = this.known.filter(({ state }) => state === 'locked').map(({ until }) => until).sort((a, b) => a - b);
      return { outcome: 'locked', until: times[threshold - good - 1] };
    }
    const settles = Math.max(threshold, this.ids.length - threshold + 1);
    for (const state of ['not-registered', 'destroyed']) if (count(state) >= settles) return { outcome: state };
    return { outcome: count('spent', 'destroyed') >= settles ? 'used-up' : 'failed' };
  }

  attempt() {
    const offers = this.survey();
    const actives = offers.filter((offer) => offer.active);
    const group = this.newest(this.operation.active_only ? actives : offers);
    if (!group) {
      this.known.forEach((known) => { if (known.state === 'good') known.state = 'outdated'; });
      return this.judge(Math.floor(this.ids.length / 2) + 1);
    }
    const { parsed: config, version } = group[0];
    this.known.forEach((known, i) => {
      const offer = group.find((member) => member.realm === i);
      if (!offer && known.state === 'good') known.state = 'outdated';
      if (!offer) return;
      known.remaining = offer.remaining;
      known.until = offer.until;
      known.state = offer.remaining === 0 ? 'spent' : offer.until > 0 ? 'locked' : 'good';
    });
    const before = this.judge(config.threshold);
    if (before) return before;
    const guess = this.guess(group, config);
    if (guess.s) return this.unlock(group, guess);
    const after = this.judge(config.threshold);
    if (after) return guess.gone ? 'again' : after;
    const left = this.known.map(({ remaining }) => remaining).filter((n) => n !== undefined).sort((a, b) => b - a);
    this.close(group);
    const active = this.newest(actives)?.[0].version;
    return { outcome: 'wrong-pin', tries: left[config.threshold - 1], ...(active < version ? { active } : {}) };
  }

  evaluateBody(version, element) {
    return join(some(1, this.record), uint(2, version), blob(3, element));
  }

  guess(group, config) {
    const { version } = group[0];
    const key = [this.operation.pin, hex(config.salt), config.memory, config.passes, config.lanes].join();
    if (!stretched.has(key)) {
      stretched.set(key, argon2id(unhex(this.operation.pin), config.salt,
        { t: config.passes, m: config.memory, p: config.lanes, dkLen: 32 }));
    }
    const input = join(lp(text('labyrinth-recovery/v1/pin')), lp(text(this.names.tenant)), lp(text(this.names.account)),
      lp(this.record), int(version, 4), stretched.get(key));
    const DST = join(text('HashToGroup-OPRFV1-'), Uint8Array.of(0), text('-P256-SHA256'));
    const point = p256_hasher.hashToCurve(input, { DST });
    const asked = group.filter(({ realm }) => this.known[realm].state === 'good');
    const blinds = asked.map(() => this.scalar());
    const shares = [], challenges = new Map();
    let missing = 0;
    asked.forEach(({ realm, share }, n) => {
      const body = this.evaluateBody(version, point.multiply(blinds[n]).toBytes(true));
      const reply = this.call(realm, 'Evaluate', body);
      const known = this.known[realm];
      if (reply?.code !== 0) {
        known.state = reply?.code === NOT_FOUND ? 'outdated' : 'refused';
        if (reply?.code === NOT_FOUND) missing += 1;
        return;
      }
      if (has(reply.body, 2)) [known.state, known.until] = ['locked', uintAt(bytesAt(reply.body, 2), 1)];
      if (has(reply.body, 3)) [known.state, known.remaining] = ['destroyed', 0];
      if (has(reply.body, 4)) known.state = 'not-registered';
      if (!has(reply.body, 1)) return;
      const evaluated = bytesAt(reply.body, 1);
      const Z = bytesAt(evaluated, 1);
      if (!isPoint(p256.Point, Z)) {
        known.state = 'faulty';
        return;
      }
      known.remaining = uintAt(evaluated, 2);
      known.evaluated = true;
      const N = p256.Point.fromBytes(Z).multiply(p256.Point.Fn.inv(blinds[n])).toBytes(true);
      const rho = sha256(join(lp(input), lp(N), text('Finalize')));
      const mask = hkdf(rho, join(text('labyrinth-recovery/v1/mask'), this.ids[realm], int(version, 4)));
      shares.push([share.x, xor(share.masked_share, mask)]);
      challenges.set(realm, bytesAt(evaluated, 3));
    });
    const digest = sha256(group[0].config);
    for (const some of subsets(shares, config.threshold)) {
      const s = combine(some);
      const commitment = hkdf(s, join(text('labyrinth-recovery/v1/commit'), digest));
      if (hex(commitment) === hex(group[0].commitment)) return { s, challenges };
    }
    return { gone: missing === asked.length };
  }

  // At each realm that this guess was the last one at: an element of no PIN.
  close(group) {
    const spent = group.filter(({ realm }) => this.known[realm].evaluated && this.known[realm].remaining === 0);
    const elements = spent.map(() => p256.Point.BASE.multiply(this.scalar()).toBytes(true));
    spent.forEach(({ realm, version }, i) => this.call(realm, 'Evaluate', this.evaluateBody(version, elements[i])));
  }

  unlockOnce(realm, version, challenge) {
    const body = join(some(1, this.record), uint(2, version), some(3, challenge));
    return this.call(realm, 'Unlock', body, unlockBytes(this.scope(realm), this.operation.record, version, challenge));
  }

  unlock(group, { s, challenges }) {
    const { version, config } = group[0];
    const digest = sha256(config);
    let secret;
    for (const { realm, active } of group) {
      let challenge = challenges.get(realm);
      if (!challenge && !['locked', 'spent', 'late'].includes(this.known[realm].state)) continue;
      let reply = challenge && this.unlockOnce(realm, version, challenge);
      if (reply?.code !== 0) {
        challenge = bytesAt(this.call(realm, 'BeginUnlock', join(some(1, this.record), uint(2, version))).body, 1);
        reply = this.unlockOnce(realm, version, challenge);
      }
      this.held[realm] = bytesAt(bytesAt(reply.body, 1), 4);
      secret ??= this.open(hkdf(s, join(text('labyrinth-recovery/v1/enc'), digest)), digest, bytesAt(bytesAt(reply.body, 1), 1));
      if (!active) this.activate(realm, version);
    }
    return { outcome: 'recovered', secret: hex(secret), version };
  }

  open(key, digest, sealed) {
    const cipher = createDecipheriv('aes-256-gcm', key, sealed.slice(0, 12));
    cipher.setAAD(digest);
    cipher.setAuthTag(sealed.slice(-16));
    const padded = Buffer.concat([cipher.update(sealed.slice(12, -16)), cipher.final()]);
    return padded.subarray(2, 2 + padded.readUInt16BE(0));
  }

  activate(realm, version) {
    // The one that came with the latest answer, where the realm gives them.
    const challenge = this.held[realm]?.length === 32 ? this.held[realm]
      : bytesAt(this.call(realm, 'GetChallenge', new Uint8Array(0)).body, 1);
    const named = join(some(1, this.record), uint(2, version));
    const authorization = join(some(1, challenge), blob(3, named));
    const signed = requestBytes(this.scope(realm), 'activate', challenge, bodies.activate({ record: this.record, version }));
    this.call(realm, 'Activate', join(named, blob(3, authorization)), signed);
  }
}
