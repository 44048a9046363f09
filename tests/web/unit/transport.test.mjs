// The way to one realm: tokens, repetitions, errors and bounds, over a fetch that answers what a test says.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RecoveryClient } from '../../dist/index.js';
import { parseJson } from '../../dist/realms/json.js';
import { RealmChannel } from '../../dist/realms/realm_channel.js';
import { BeginRegistration, Evaluate, GetRealm, GetRecord, Unlock } from '../../dist/realms/methods.js';
import { encode } from '../../dist/wire/codec.js';
import * as wire from '../../dist/wire/messages.js';
import { stretchBy } from '../../dist/stretching.js';

const id = '00112233445566778899aabbccddeeff';
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (claims) => `${b64({ alg: 'ES256' })}.${b64({ iss: 'chat', sub: 'alice', aud: id, exp: 4e9, ...claims })}.sig`;
const signal = new AbortController().signal;
const proto = (fields, message) => new Response(encode(fields, message), { headers: { 'content-type': 'application/proto' } });
const error = (status, code, message = 'said', headers = {}) =>
  new Response(JSON.stringify({ code, message }), { status, headers: { 'content-type': 'application/json', ...headers } });
const realmOf = (realmId, protocolVersion = 1) => proto({ realmId: wire.GetRealmResponse.realmId, protocolVersion: wire.GetRealmResponse.protocolVersion }, { realmId, protocolVersion });
const realmAnswer = () => realmOf(new Uint8Array(Buffer.from(id, 'hex')));

/** A channel whose realm answers these, one after the other; what it was sent is in `sent`. */
function channelOf(answers, { token = tokenOf({}), timeoutMs = 1000 } = {}) {
  const sent = [];
  const fetch = async (url, init) => {
    sent.push({ url, ...init });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return typeof answer === 'function' ? answer(init) : answer.clone();
  };
  const channel = new RealmChannel({ id, url: 'https://oslo.example/connect', token, name: 'oslo' }, { tenant: 'chat', account: 'alice' }, { fetch, timeoutMs });
  return { channel, sent };
}

test('a call is Connect unary, and only a call that needs it carries the token', async () => {
  const { channel, sent } = channelOf([realmAnswer()]);
  await channel.call(GetRealm, {}, signal);
  await channel.call(GetRecord, { record: 'r' }, signal).catch(() => undefined);
  const [open, named] = sent;
  assert.equal(open.url, 'https://oslo.example/connect/labyrinth.recovery.v1.Recovery/GetRealm');
  assert.deepEqual(open.headers, { 'content-type': 'application/proto', 'connect-protocol-version': '1', 'connect-timeout-ms': '1000' });
  assert.deepEqual([open.method, open.credentials, open.redirect, open.cache], ['POST', 'omit', 'error', undefined]);
  assert.match(named.headers.authorization, /^Bearer ey/);
  assert.deepEqual([...named.body], [0x0a, 1, 0x72]);
});

test('a token that another realm could use is never sent', async () => {
  for (const aud of [[id, 'ffffffffffffffffffffffffffffffff'], 'oslo', [], undefined, [[id]], id.toUpperCase(), `${id} `]) {
    const { channel, sent } = channelOf([realmAnswer()], { token: tokenOf({ aud }) });
    await assert.rejects(channel.call(GetRecord, { record: 'r' }, signal), { code: 'invalid_argument' }, JSON.stringify(aud));
    assert.equal(sent.length, 0);
  }
  for (const token of [tokenOf({ iss: 'other' }), tokenOf({ sub: 'bob' }), 'abc', 'a.b', 'a.!.c', `${b64({})}.${b64([])}.x`]) {
    const { channel, sent } = channelOf([realmAnswer()], { token });
    await assert.rejects(channel.call(GetRecord, { record: 'r' }, signal), { code: 'invalid_argument' });
    assert.equal(sent.length, 0);
  }
  const { channel } = channelOf([realmAnswer()], { token: tokenOf({ aud: [id] }) });
  await channel.call(GetRecord, { record: 'r' }, signal);
});

test('a token whose claims have a member twice is never sent, whichever of the two this client would read', async () => {
  const other = 'ffffffffffffffffffffffffffffffff';
  for (const twice of [`"aud":"${other}","aud":"${id}"`, `"aud":"${id}","aud":"${other}"`, `"\\u0061ud":"${other}","aud":"${id}"`,
    `"aud":"${id}","cnf":{"jkt":"x","jkt":"y"}`, `"aud":["${id}"],"l":[{"a":1},{"b":1,"b":1}]`]) {
    const token = `${b64({})}.${Buffer.from(`{"iss":"chat","sub":"alice",${twice}}`).toString('base64url')}.x`;
    const { channel, sent } = channelOf([realmAnswer()], { token });
    await assert.rejects(channel.call(GetRecord, { record: 'r' }, signal), { code: 'invalid_argument', message: /no JSON Web Token/ }, twice);
    assert.equal(sent.length, 0);
  }
});

test('JSON is read as JSON.parse reads it, where no member is given twice', () => {
  for (const text of ['{"a":{"a":[{"a":1},{"a":"a"}]},"b":{"a":2}}', '{"{":"}","[":"\\"]:","\\\\":"a\\":"}', '["a","a",{"a" : "a"}]', '"a"', 'null', '{}',
    '{"":1," ":2,"__proto__":3}']) {
    assert.deepEqual(parseJson(text), JSON.parse(text));
  }
  for (const text of ['{"a":1,"a":1}', '[{"b":[],"a":{},"b" \n:0}]', '{"":1,"":2}', '{"x":{"y":1,"z":{"q":1},"y":2}}', '{"a":"}","a":1}', '{"__proto__":1,"__proto__":1}', '{', '']) {
    assert.throws(() => parseJson(text), SyntaxError, text);
  }
});

test('a token is fetched when it is needed, again when the realm refuses it, and then no more', async () => {
  let fetched = 0;
  const token = async () => tokenOf({ jti: ++fetched });
  const { channel, sent } = channelOf([error(401, 'unauthenticated'), realmAnswer()], { token });
  await channel.call(GetRecord, { record: 'r' }, signal);
  assert.deepEqual([fetched, sent.length], [2, 2]);
  assert.notEqual(sent[0].headers.authorization, sent[1].headers.authorization);
  const refused = channelOf([error(401, 'unauthenticated')], { token });
  await assert.rejects(refused.channel.call(GetRecord, { record: 'r' }, signal), { code: 'unauthenticated', message: /get a new token/ });
  assert.equal(refused.sent.length, 2);
  const same = channelOf([error(401, 'unauthenticated')]);
  await assert.rejects(same.channel.call(GetRecord, { record: 'r' }, signal), { code: 'unauthenticated' });
  assert.equal(same.sent.length, 1);
});

test('what is repeated, and what is not', async () => {
  const evaluate = { record: 'r', version: 1, elements: [new Uint8Array(33)] };
  const unlock = { record: 'r', version: 1, challenge: new Uint8Array(32), signature: new Uint8Array(64) };
  const cases = [
    [GetRecord, { record: 'r' }, error(503, 'unavailable'), 4],
    [Evaluate, evaluate, error(503, 'unavailable'), 4],
    [Unlock, unlock, error(503, 'unavailable'), 1],
    [BeginRegistration, evaluate, error(503, 'unavailable'), 1],
    [Evaluate, evaluate, error(504, 'deadline_exceeded'), 2],
    [GetRecord, { record: 'r' }, error(504, 'deadline_exceeded'), 1],
    [Unlock, unlock, error(429, 'resource_exhausted', 'busy', { 'trailer-retry-after-ms': '1' }), 4],
    [Unlock, unlock, error(429, 'resource_exhausted', 'busy', { 'trailer-retry-after-ms': '5000' }), 1],
    [Unlock, unlock, error(429, 'resource_exhausted'), 1],
    [GetRecord, { record: 'r' }, error(500, 'data_loss'), 1],
    [GetRecord, { record: 'r' }, () => { throw new TypeError('Failed to fetch'); }, 4],
    [Unlock, unlock, () => { throw new TypeError('Failed to fetch'); }, 1],
  ];
  for (const [method, request, answer, calls] of cases) {
    const { channel, sent } = channelOf([answer]);
    await assert.rejects(channel.call(method, request, signal), { name: 'CallError', message: new RegExp(`^realm oslo, ${method.name}: `) });
    assert.equal(sent.length, calls, `${method.name} ${typeof answer === 'function' ? 'thrown' : answer.status}`);
    for (const { body } of sent) assert.deepEqual(body, sent[0].body);  // above all the same element
  }
});

test('every error of Connect keeps its code; what is none of its gets one by its status', async () => {
  const codeOf = async (answer) => channelOf([answer]).channel.call(Unlock, { record: '', version: 0, challenge: new Uint8Array(), signature: new Uint8Array() }, signal)
    .then(() => 'answered', ({ code }) => code);
  for (const [status, code] of [[403, 'permission_denied'], [404, 'not_found'], [400, 'failed_precondition'], [500, 'data_loss'], [409, 'aborted']]) {
    assert.equal(await codeOf(error(status, code)), code);
  }
  const html = (status) => new Response('<h1>nginx</h1>', { status, headers: { 'content-type': 'text/html' } });
  for (const [status, code] of [[413, 'resource_exhausted'], [429, 'resource_exhausted'], [502, 'unavailable'], [503, 'unavailable'], [404, 'unimplemented'], [418, 'unknown'], [200, 'unknown']]) {
    assert.equal(await codeOf(html(status)), code, String(status));
  }
  assert.equal(await codeOf(error(500, 'made_up')), 'unknown');
  assert.equal(await codeOf(new Response('{', { status: 503, headers: { 'content-type': 'application/json' } })), 'unavailable');
  assert.equal(await codeOf(new Response('{"code":"not_found","code":"aborted"}', { status: 503, headers: { 'content-type': 'application/json' } })), 'unavailable');
  assert.equal(await codeOf(new Response('x', { status: 200, headers: { 'content-type': 'application/proto' } })), 'internal');
  assert.equal(await codeOf(new Response(new Uint8Array((256 << 10) + 1), { headers: { 'content-type': 'application/proto' } })), 'internal');
});

test('a call that is not answered in time, and one that is cancelled', async () => {
  const never = ({ signal: its }) => new Promise((_, reject) => {
    if (its.aborted) reject(its.reason);
    its.addEventListener('abort', () => reject(its.reason));
  });
  const { channel } = channelOf([never], { timeoutMs: 5 });
  const unlock = { record: 'r', version: 1, challenge: new Uint8Array(32), signature: new Uint8Array(64) };
  await assert.rejects(channel.call(Unlock, unlock, signal), { code: 'deadline_exceeded' });
  const abort = new AbortController();
  const call = channelOf([never]).channel.call(Unlock, unlock, abort.signal);
  abort.abort();
  await assert.rejects(call, { code: 'canceled' });
});

test('a realm that answers under another id is not the one of the list', async () => {
  const { channel, sent } = channelOf([realmOf(new Uint8Array(16)), realmOf(new Uint8Array(Buffer.from(id, 'hex')), 2), realmAnswer()]);
  await assert.rejects(channel.identify(signal), { code: 'failed_precondition', message: /correct the realm list/ });
  await assert.rejects(channel.identify(signal), { code: 'failed_precondition', message: /speaks version 2 of the protocol/ });
  await channel.identify(signal);
  await channel.identify(signal);
  assert.equal(sent.length, 3);
});

test('a client is made for realms that can be told apart, over TLS or on this host', () => {
  const realm = { id, url: 'https://a.example/connect', token: '' };
  const make = (change) => new RecoveryClient({ tenant: 'chat', account: 'alice', realms: [realm], stretch: async () => new Uint8Array(32), ...change });
  make({});
  make({ realms: [{ ...realm, url: 'http://localhost:1/connect/' }] });
  for (const change of [
    { tenant: '' }, { account: 'a\nb' }, { account: 'x'.repeat(129) }, { realms: [] }, { realms: [realm, realm] }, { realms: [{ ...realm, id: 'AB' }] },
    { realms: [{ ...realm, url: 'http://a.example/connect' }] }, { realms: [{ ...realm, url: 'a' }] }, { realms: [{ ...realm, url: 'https://a.example/?x' }] },
    { realms: Array.from({ length: 17 }, (_, i) => ({ ...realm, id: i.toString(16).padStart(32, '0') })) },
  ]) assert.throws(() => make(change), { name: 'RecoveryError', code: 'invalid_argument' }, JSON.stringify(change));
});

test('bad input is refused before any realm is asked', async () => {
  const client = new RecoveryClient({
    tenant: 'chat', account: 'alice', realms: [{ id, url: 'https://a.example/connect', token: '' }], stretch: () => assert.fail(), fetch: () => assert.fail(),
  });
  await assert.rejects(client.recover('a/b', '1234'), { code: 'invalid_argument' });
  await assert.rejects(client.recover('r', ''), { code: 'invalid_argument' });
  await assert.rejects(client.seal('r', '1\t2', new Uint8Array(1)), { code: 'invalid_argument' });
  await assert.rejects(client.seal('r', '12', new Uint8Array(1)), { code: 'invalid_argument', message: /no device key/ });
});

test('a worker that fails, one that did not even start, and one that is stopped', async () => {
  let ended = 0;
  const cost = { memoryKib: 8, passes: 1, lanes: 1 };
  const failing = stretchBy((told) => ({ send: () => told({ failed: 'no memory' }), end: () => ++ended }));
  await assert.rejects(failing(new Uint8Array(1), new Uint8Array(16), cost), { code: 'resource_exhausted', message: /no guess was spent.*no memory/ });
  let tell;
  const dead = stretchBy((told) => ((tell = told), { send() {}, end: () => ++ended }));
  const warm = dead.warmUp();
  tell({ failed: 'blocked by the policy' });
  await warm;
  await assert.rejects(dead(new Uint8Array(1), new Uint8Array(16), cost), /blocked by the policy/);
  const abort = new AbortController();
  const stopped = dead(new Uint8Array(1), new Uint8Array(16), cost, { signal: abort.signal });
  abort.abort(new Error('stop'));
  await assert.rejects(stopped, /stop/);
  assert.equal(ended, 3);
});
