// docs/conformance: its values, and all its transcripts but the one that demands a proof, which a page cannot have, and those
// of chips: their statements are over nonces, which this client draws for several realms at once and in no order (web.realms
// has real chips).
//
// Recoveries, deletions, devices and floors have to ask exactly what is written, in that order. Where versions begin
// this client fetches challenges beforehand and asks GetRecord and GetRealm less often: these calls may come earlier or
// not at all, and whose challenge a signature is over is seen in what it is over. All others are as written.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { fromUtf8 } from '../../dist/bytes.js';
import { RecoveryClient, RecoveryError } from '../../dist/index.js';
import { nodeStretch } from '../../dist/node/index.js';
import { parseConfig } from '../../dist/pin/config.js';
import { sha256, sign, spkiOf, verify } from '../../dist/pin/keys.js';
import { blind, finalize } from '../../dist/pin/oprf.js';
import { normalizePin } from '../../dist/pin/text.js';
import * as methods from '../../dist/realms/methods.js';
import { RealmChannel } from '../../dist/realms/realm_channel.js';
import * as requests from '../../dist/realms/request_bytes.js';
import { RealmToken } from '../../dist/realms/token.js';
import { indexName, writeAuthorization } from '../../dist/steps/chip/tpm.js';
import { explainedUses, usesOf } from '../../dist/steps/chip/uses.js';
import { decode, encode } from '../../dist/wire/codec.js';
import * as wire from '../../dist/wire/messages.js';
import { bytes, hex, workedExample } from './support.mjs';

const folder = `${process.env.LABREC_SOURCE}/docs/conformance`;
const load = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));

test('signed.json', async () => {
  const kit = load('signed.json');
  const scope = { realmId: bytes(kit.realm_id), tenant: kit.tenant, account: kit.account };
  const bodies = {
    'enroll-device': (f) => requests.enrollBody(bytes(f.public_key), f.name),
    'revoke-device': (f) => requests.revokeBody(bytes(f.device_id)),
    'finish-registration': (f) => requests.finishBody({
      record: f.record, version: f.version, registrationId: bytes(f.registration_id), config: bytes(f.config), commitment: bytes(f.commitment),
      unlockPublicKey: bytes(f.unlock_public_key), sealedSecret: bytes(f.sealed_secret) }),
    activate: (f) => requests.activateBody(f.record, f.version),
    'delete-record': (f) => requests.recordBody(f.record),
    'get-floor': (f) => requests.recordBody(f.record),
    'raise-floor': (f) => requests.raiseFloorBody(f.record, BigInt(f.sequence), bytes(f.digest)),
  };
  const seen = [];
  for (const { operation, fields, body, challenge, bytes: over } of kit.requests) {
    if (!(operation in bodies)) continue;
    seen.push(operation);
    assert.equal(hex(await bodies[operation](fields)), body, operation);
    assert.equal(hex(await requests.requestBytes(scope, operation, bytes(challenge), bytes(body))), over, operation);
  }
  assert.deepEqual(seen.sort(), Object.keys(bodies).sort());
  const { fields, challenge, bytes: over } = kit.unlock;
  assert.equal(hex(requests.unlockBytes(scope, fields.record, fields.version, bytes(challenge))), over);
});

test('configs.json', () => {
  const { configs, version, ...name } = load('configs.json');
  for (const { name: about, config, good } of configs) assert.equal(parseConfig(bytes(config), name, version) !== undefined, good, about);
});

test('points.json', async () => {
  const blinded = await blind(new Uint8Array(1));
  for (const { name, bytes: point, good } of load('points.json')) {
    assert.equal(await finalize(new Uint8Array(1), blinded, bytes(point)).then(() => true, () => false), good, name);
  }
});

test('tokens.json', async () => {
  const { realm_id: id, tokens } = load('tokens.json');
  for (const { name, token, sent } of tokens) {
    const claims = (() => { try { return JSON.parse(Buffer.from(token.trim().split('.')[1], 'base64url')); } catch { return {}; } })();
    const given = new RealmToken(id, { tenant: claims.iss ?? 'chat.example', account: claims.sub ?? 'alice' }, token);
    assert.equal(await given.get(new AbortController().signal).then(() => true, () => false), sent, name);
  }
});

test('pins.json', () => {
  for (const { about, typed, pin } of load('pins.json')) {
    let made = null;
    try {
      made = hex(normalizePin(fromUtf8(bytes(typed))));
    } catch {
      // Refused.
    }
    assert.equal(made, pin, about);
  }
});

test('methods.json', () => {
  const { methods: rules, ...numbers } = load('methods.json');
  const seen = Object.values(methods).filter((each) => typeof each === 'object');
  assert.ok(seen.length >= 18, `${seen.length}`);
  for (const { name, repeat, token } of seen) {
    const rule = rules.find((each) => each.name === name);
    assert.deepEqual({ name, repeat, token }, { name: rule?.name, repeat: rule?.repeat, token: rule?.token });
  }
  assert.deepEqual(numbers, { call_attempts: methods.CALL_ATTEMPTS, signed_attempts: methods.SIGNED_ATTEMPTS,
    first_pause_ms: methods.FIRST_PAUSE_MS, longest_pause_ms: methods.LONGEST_PAUSE_MS });
});

test('codes.json', async () => {
  const token = 'unused';
  for (const { http_status: status, body, code } of load('codes.json').connect) {
    if (status === 204 || code === 0) continue; // a Response has no such body, or it is a success
    const channel = new RealmChannel({ id: '11'.repeat(16), url: 'https://realm.example', token }, { tenant: 't', account: 'a' }, {
      timeoutMs: 1000, fetch: async () => new Response(body, { status, headers: { 'content-type': 'application/json' } }) });
    const never = { ...methods.GetRealm, repeat: 'never' };
    const error = await channel.call(never, {}, new AbortController().signal).then(() => undefined, (thrown) => thrown);
    assert.equal(error?.code, byCode[code], `${status} ${body}`);
  }
});

test('chip.json', async () => {
  const kit = load('chip.json');
  assert.equal(hex(await indexName(kit.index, bytes(kit.unlock_public_key))), kit.index_name_written);
  // The first write is of who seals.
  for (const { index_name: name, limit, nonce_tpm: nonce, signed } of kit.writes.slice(1)) {
    assert.equal(hex(await writeAuthorization(bytes(nonce), bytes(name), limit)), signed);
  }
  for (const { about, guess_limit: guessLimit, count, limit, tries, threshold, own_tries: ownTries, counted, unexplained, signed_limit: signed } of kit.uses) {
    const said = new Map(tries.flatMap((each, realm) => (each === null ? [] : [[realm, each]])));
    const judge = () => usesOf({ count, limit }, guessLimit, explainedUses(said, threshold, 0, ownTries));
    if (counted === null) assert.throws(judge, /retired/, about);
    else assert.deepEqual(judge(), { counted, unexplained }, about);
    assert.equal(signed, counted !== null && unexplained === 0 ? count + guessLimit : null, about);
  }
});

// ------------------------------------------------------------------------------------------------ transcripts
const transcripts = readdirSync(`${folder}/transcripts`, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  .map((entry) => JSON.parse(readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`, 'utf8')));
const byCode = ['', 'canceled', 'unknown', 'invalid_argument', 'deadline_exceeded', 'not_found', 'already_exists', 'permission_denied', 'resource_exhausted',
  'failed_precondition', 'aborted', 'out_of_range', 'unimplemented', 'internal', 'unavailable', 'data_loss', 'unauthenticated'];
const FREE = ['GetChallenge', 'GetRealm', 'GetRecord', 'BeginUnlock'];
const free = (kind) => ['seal', 'heal', 'change-pin', 'status'].includes(kind);
const operations = { FinishRegistration: 'finish-registration', Activate: 'activate', DeleteRecord: 'delete-record', RevokeDevice: 'revoke-device', RaiseFloor: 'raise-floor', GetFloor: 'get-floor' };
const example = workedExample();
const never = () => new Promise(() => undefined);

/** One realm of a transcript. */
class Realm {
  constructor(transcript, at) {
    this.exchanges = transcript.realms[at].map((exchange) => ({ ...exchange }));
    this.scope = { realmId: bytes(transcript.client.realms[at].id), tenant: transcript.client.tenant, account: transcript.client.account };
    this.free = free(transcript.operation.kind);
    this.device = spkiOf(bytes(transcript.client.device_private_key));
    this.keys = { 1: bytes(example[`unlock_public_key_${at + 1}`]) };
    this.at = at;
    this.challenges = 0;
  }

  /** What is wrong is kept: the client takes it for a broken connection. */
  async ask(method, body) {
    try {
      return await this.exchange(method, body);
    } catch (error) {
      this.wrong ??= error;
      throw error;
    }
  }

  async exchange(method, body) {
    const request = decode(wire[`${method}Request`], body);
    const bare = await this.withoutSignatures(method, request);
    const open = this.exchanges.filter(({ played }) => !played);
    const exchange = this.free && FREE.includes(method) ? open.find((each) => each.method === method)
      : open.find((each) => !this.free || !FREE.includes(each.method));
    if (!exchange && this.free && FREE.includes(method)) return this.again(method);
    assert.ok(exchange, `realm ${this.at} is asked ${method}, which is not in the transcript`);
    assert.deepEqual([method, bare], [exchange.method, this.comparable(method, bytes(exchange.body))], `realm ${this.at}`);
    exchange.played = true;
    return this.reply(exchange);
  }

  /** What is asked beforehand: challenges are as good as each other, and a realm is what it is. */
  again(method) {
    const say = (fields, message) => this.reply({ reply: { code: 0, body: hex(encode(fields, message)) } });
    if (method === 'GetChallenge') return say(wire.GetChallengeResponse, { challenge: new Uint8Array(32).fill(++this.challenges) });
    const before = this.exchanges.findLast((each) => each.method === method);
    if (before) return this.reply(before);
    assert.equal(method, 'GetRealm');
    return say(wire.GetRealmResponse, { ...decode(wire.GetRealmResponse, new Uint8Array()), realmId: this.scope.realmId, protocolVersion: 1 });
  }

  reply({ reply }) {
    if (reply === null) return never();
    if (reply.code === 0) return new Response(bytes(reply.body), { headers: { 'content-type': 'application/proto' } });
    const retry = reply.retry_after_ms === undefined ? {} : { 'trailer-retry-after-ms': String(reply.retry_after_ms) };
    return new Response(JSON.stringify({ code: byCode[reply.code], message: 'said' }), { status: 500, headers: { 'content-type': 'application/json', ...retry } });
  }

  comparable(method, body) {
    const message = decode(wire[`${method}Request`], body);
    if (this.free && message.authorization) message.authorization.challenge = new Uint8Array();
    return hex(encode(wire[`${method}Request`], message));
  }

  /** The request as the transcript has it, once its signatures were found right. */
  async withoutSignatures(method, request) {
    if (method === 'FinishRegistration') this.keys[request.version] = request.unlockPublicKey;
    if (method === 'Unlock') {
      await this.check(this.keys[request.version], requests.unlockBytes(this.scope, request.record, request.version, request.challenge), request.signature);
      request.signature = new Uint8Array();
    }
    if (method === 'FinishChipWrite') request.signature = new Uint8Array();
    if (method === 'EnrollDevice') {
      const over = await requests.requestBytes(this.scope, 'enroll-device', request.challenge, requests.enrollBody(request.publicKey, request.name));
      await this.check(request.publicKey, over, request.proof);
      request.proof = new Uint8Array();
      if (request.authorization) await this.signed(request.authorization, over);
    } else if (request.authorization) {
      const parts = { 'finish-registration': () => requests.finishBody(request), activate: () => requests.activateBody(request.record, request.version),
        'revoke-device': () => requests.revokeBody(request.deviceId), 'raise-floor': () => requests.raiseFloorBody(request.record, request.sequence, request.digest) };
      const operation = operations[method];
      const body = await (parts[operation] ?? (() => requests.recordBody(request.record)))();
      await this.signed(request.authorization, await requests.requestBytes(this.scope, operation, request.authorization.challenge, body));
    }
    return this.comparable(method, encode(wire[`${method}Request`], request));
  }

  async signed(authorization, over) {
    await this.check(authorization.unlockKey ? this.keys[authorization.unlockKey.version] : this.device, over, authorization.signature);
    authorization.signature = new Uint8Array();
  }

  async check(key, over, signature) {
    if (key) assert.ok(await verify(key, over, signature), `realm ${this.at}: the signature`);
  }

  finish() {
    if (this.wrong) throw this.wrong;
    const left = this.exchanges.filter(({ played, method }) => !played && !(this.free && FREE.includes(method)));
    assert.deepEqual(left.map(({ method }) => method), [], `realm ${this.at} was not asked`);
  }
}

/** The same PIN and salt are stretched once. */
const stretched = new Map();
const argon = nodeStretch();
async function stretch(pin, salt, cost) {
  const key = [hex(pin), hex(salt), JSON.stringify(cost)].join();
  if (!stretched.has(key)) stretched.set(key, argon(pin, salt, cost));
  return Uint8Array.from(await stretched.get(key));
}

/** Random bytes come from the transcript, by their number, but for those that the curve's library draws for itself; time goes on ten times as fast, from its wall clock on. */
async function inItsWorld({ random, client }, run) {
  const [draw, timer, now] = [crypto.getRandomValues.bind(crypto), globalThis.setTimeout, Date.now];
  const left = random.map((each) => bytes(each));
  crypto.getRandomValues = (into) => {
    const its = !/node_modules/.test(new Error().stack.split('\n')[2]);
    const at = its ? left.findIndex((each) => each.length === into.length) : -1;
    if (at < 0) return draw(into);
    into.set(left.splice(at, 1)[0]);
    return into;
  };
  globalThis.setTimeout = (what, ms, ...rest) => timer(what, ms / 10, ...rest);
  Date.now = () => client.unix_ms;
  try {
    return await run();
  } finally {
    [crypto.getRandomValues, globalThis.setTimeout, Date.now] = [draw, timer, now];
  }
}

/** What has a kind of its own, and Connect's code of another. */
const spoken = [[/speaks version/, 'upgrade-required'], [/made it up/, 'disputed'], [/answers realm/, 'another-realm']];
const failures = { data_loss: 'faulty', invalid_argument: 'invalid', aborted: 'contended', failed_precondition: 'other' };
async function play(transcript, realms) {
  const { client, operation } = transcript;
  const secret = bytes(client.device_private_key);
  const device = { publicKey: spkiOf(secret), sign: (message) => sign(message, secret) };
  const urls = client.realms.map((_, i) => `https://realm${i}.example/connect`);
  const made = new RecoveryClient({
    tenant: client.tenant, account: client.account, stretch, device,
    realms: client.realms.map(({ id, name, token }, i) => ({ id, name, token, url: urls[i] })),
    fetch: async (url, { body, signal }) => {
      const at = urls.findIndex((each) => url.startsWith(each));
      const ended = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      ended.catch(() => undefined);
      return Promise.race([ended, realms[at].ask(url.slice(url.lastIndexOf('/') + 1), body)]);
    },
  });
  const pin = operation.pin === undefined ? undefined : bytes(operation.pin);
  const record = operation.record;
  const cost = operation.argon_memory_kib === undefined ? {} : { cost: { memoryKib: operation.argon_memory_kib, passes: operation.argon_passes, lanes: operation.argon_lanes ?? 1 } };
  try {
    switch (operation.kind) {
      case 'recover': return await made.recover(record, pin, {
        ...(operation.active_only ? { version: 'active' } : {}), ...(operation.own_tries ? { ownTries: operation.own_tries } : {}) });
      case 'seal': return { outcome: 'sealed', ...(await made.seal(record, pin, bytes(operation.secret), { guessLimit: operation.guess_limit, ...cost })) };
      case 'heal': return await made.heal(record, pin);
      case 'change-pin': return await made.changePin(record, pin, bytes(operation.new_pin));
      case 'delete': return { realms: await made.deleteRecord(record) };
      case 'enroll': return { realms: await made.enrollDevice(device, operation.name) };
      case 'revoke': return { realms: await made.revokeDevice(bytes(operation.device_id)) };
      case 'raise-floor': return { realms: await made.raiseFloor(record, BigInt(operation.sequence), bytes(operation.digest)) };
      case 'read-floor': return await made.readFloor(record);
      default: return await made.status(record);
    }
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    return { outcome: 'failed', failure: spoken.find(([text]) => text.test(error.message))?.[1] ?? failures[error.code], realms: [] };
  }
}

const isRefused = ({ name, operation }) => Boolean(operation.demands_proof) || name.startsWith('chip/');
for (const transcript of transcripts.filter((each) => !isRefused(each))) {
  test(`transcript ${transcript.name}`, async () => {
    const realms = transcript.realms.map((_, i) => new Realm(transcript, i));
    const result = await inItsWorld(transcript, () => play(transcript, realms));
    for (const realm of realms) realm.finish();
    const wanted = transcript.result;
    const outcome = { changed: 'sealed', undefined: 'done' }[result.outcome] ?? result.outcome;
    assert.deepEqual([outcome, result.failure], [wanted.outcome, wanted.failure]);
    if (outcome !== 'failed') {
      assert.deepEqual(result.realms.map(({ condition, remaining }) => [condition, remaining]), wanted.realms.map(({ condition, remaining }) => [condition, remaining ?? undefined]));
    }
    // It reports what a chip counted only where nobody explains it.
    const unexplained = ({ unexplained: of, chip_uses: counted }) => (of ? { counted, unexplained: of } : undefined);
    assert.deepEqual((result.realms ?? []).map(({ chip }) => chip), outcome === 'failed' ? [] : wanted.realms.map(unexplained));
    assert.deepEqual((result.floors ?? []).map(({ realm, sequence, digest, devicePublicKey }) =>
      ({ realm, sequence: Number(sequence), digest: hex(digest), device_public_key: hex(devicePublicKey) })), wanted.floors ?? []);
    if (outcome === 'recovered') assert.deepEqual([hex(result.secret), result.version, result.threshold], [wanted.secret, wanted.version, wanted.threshold]);
    if (outcome === 'wrong-pin') assert.deepEqual([result.triesLeft, result.activeVersion], [wanted.tries_left, wanted.active_version]);
    if (outcome === 'locked') assert.equal(result.until.getTime(), wanted.locked_until_ms);
    if (outcome === 'sealed') {
      const { version, threshold, holders, guessLimit, complete, pin } = result;
      assert.deepEqual([version, threshold, holders, guessLimit, complete, pin === 'same'], [wanted.version, wanted.threshold, wanted.holders, wanted.guess_limit, wanted.complete, wanted.pin_is_known]);
    }
  });
}

test('all transcripts were there', async () => {
  assert.ok(transcripts.length > 40, `${transcripts.length}`);
  assert.equal(transcripts.filter(isRefused).length, 13);
  assert.equal((await sha256(new Uint8Array())).length, 32);
});
