// What realms say is a claim: the rules by which claims are believed, without any realm.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encode } from '../../dist/wire/codec.js';
import { RecordConfig } from '../../dist/wire/messages.js';
import { CallError } from '../../dist/errors.js';
import { gather } from '../../dist/realms/gather.js';
import { enoughAt, judge, realmsThatSettle, verdictError } from '../../dist/realms/tally.js';
import { triesLeft } from '../../dist/realms/report.js';
import { groupsOf, refusedGroup } from '../../dist/steps/group.js';
import { chooseVersion } from '../../dist/steps/next_version.js';
import { guessLimitOf } from '../../dist/seal.js';

const reports = (...conditions) => conditions.map((condition, i) => ({ id: `${i}`, name: `r${i}`, condition }));

test('what the conditions of all realms come to', () => {
  const cases = [
    ['good good good', 2, 'enough'],
    ['good unreachable good', 2, 'enough'],
    ['good pending destroyed', 2, 'enough'],
    ['good unreachable unreachable', 2, 'too-few-realms'],
    ['good late destroyed', 2, 'too-few-realms'],
    ['locked locked locked', 2, 'locked'],
    ['good locked unreachable', 2, 'locked'],
    ['destroyed destroyed destroyed', 2, 'destroyed'],
    ['destroyed destroyed good', 2, 'destroyed'],
    ['destroyed destroyed unreachable', 2, 'destroyed'],
    ['destroyed not-registered not-registered', 2, 'not-registered'],
    ['spent spent good', 2, 'used-up'],
    ['spent destroyed not-registered', 2, 'used-up'],
    ['spent unreachable good', 2, 'too-few-realms'],
    // What fewer than T, or fewer than N - T + 1, say of it is not believed.
    ['destroyed good good', 3, 'refused'],
    ['not-registered good good', 3, 'refused'],
    ['spent good good', 3, 'refused'],
    ['destroyed not-registered good', 2, 'refused'],
    ['not-registered destroyed unreachable', 2, 'refused'],
    ['destroyed destroyed outdated', 1, 'refused'],
    ['destroyed destroyed destroyed', 1, 'destroyed'],
    ['destroyed unreachable unreachable', 2, 'too-few-realms'],
    ['not-registered not-registered not-registered', 2, 'not-registered'],
    ['faulty refused good', 2, 'refused'],
  ];
  for (const [conditions, threshold, verdict] of cases) assert.equal(judge(reports(...conditions.split(' ')), threshold), verdict, conditions);
});

test('how many realms settle it', () => {
  assert.deepEqual([[3, 2], [3, 3], [5, 3], [5, 1], [4, 3], [1, 1]].map(([n, t]) => realmsThatSettle(n, t)), [2, 3, 3, 5, 3, 1]);
});

test('when enough realms take guesses again, and how many are left', () => {
  const locked = reports('good', 'locked', 'locked');
  locked[1].lockedUntil = new Date(5000);
  locked[2].lockedUntil = new Date(9000);
  assert.equal(enoughAt(locked, 2).getTime(), 5000);
  assert.equal(enoughAt(locked, 3).getTime(), 9000);
  const left = reports('good', 'good', 'unreachable');
  [left[0].remaining, left[1].remaining] = [3, 5];
  assert.deepEqual([1, 2, 3].map((t) => triesLeft(left, t)), [5, 3, 0]);
});

test('an error says which realm says what, and whether a try may be spent', () => {
  const error = verdictError('refused', reports('destroyed', 'good', 'good'), 3, true);
  assert.match(error.message, /realm r0 says destroyed/);
  assert.equal(error.triesMayBeSpent, true);
  const few = verdictError('too-few-realms', reports('good', 'unreachable', 'unreachable'), 2);
  assert.deepEqual([few.code, few.tooFewRealms, few.triesMayBeSpent], ['unavailable', true, false]);
});

const name = { tenant: 't', account: 'a', record: 'r' };
const ids = [1, 2, 3, 4].map((n) => new Uint8Array(16).fill(n));
const configOf = (version, threshold, realms, change = {}) => encode(RecordConfig, {
  ...name, version, threshold, salt: new Uint8Array(16), argonMemoryKib: 64, argonPasses: 1, argonLanes: 1, guessLimit: 7, enforcement: 1,
  realms: realms.map((i, at) => ({ realmId: ids[i], x: at + 1, maskedShare: new Uint8Array(32).fill(i), chip: undefined })), ...change,
});
const offer = (realm, version, config, more = {}) => ({
  realm, realmId: ids[realm], version, stage: 'active', config, commitment: new Uint8Array(32), remaining: 7, lockedUntilMs: 0,
  registeredBy: new Uint8Array(), ...more,
});
const least = { realms: 2, fromPerson: false };

test('the newest version on which enough realms agree byte for byte', () => {
  const [one, two] = [configOf(1, 2, [0, 1, 2]), configOf(2, 2, [0, 1, 2])];
  const both = [offer(0, 2, two), offer(1, 2, two), offer(2, 1, one), offer(0, 1, one), offer(1, 1, one)];
  assert.deepEqual(groupsOf(both, name, least).map(({ config, members }) => [config.version, members.length]), [[2, 2], [1, 3]]);
  assert.deepEqual(groupsOf([offer(0, 2, two), offer(1, 1, one)], name, least), []);
  // The same realm twice, another commitment, a realm that the config does not list: none of them counts.
  assert.deepEqual(groupsOf([offer(0, 2, two), offer(0, 2, two)], name, least), []);
  assert.deepEqual(groupsOf([offer(0, 2, two), offer(1, 2, two, { commitment: new Uint8Array(32).fill(1) })], name, least), []);
  assert.deepEqual(groupsOf([offer(0, 2, two), offer(3, 2, two)], name, least), []);
  assert.deepEqual(groupsOf([offer(0, 2, two), offer(1, 2, two)], { ...name, account: 'b' }, least), []);
});

test('a version of one realm with threshold 1 stands nowhere, and one for fewer than another asks for is refused', () => {
  const lie = configOf(9, 1, [0]);
  const truth = configOf(1, 3, [0, 1, 2, 3]);
  assert.deepEqual(groupsOf([offer(0, 9, lie)], name, least), []);
  const two = configOf(9, 2, [0, 1]);
  const offers = [offer(0, 9, two), offer(1, 9, two), offer(2, 1, truth)];
  assert.deepEqual(groupsOf(offers, name, least), []);
  const refused = refusedGroup(offers, name, least);
  assert.deepEqual([refused.group.config.version, refused.asked], [9, { threshold: 3, realm: 2, version: 1 }]);
  // Unless the person says that two are what it was sealed with.
  assert.equal(groupsOf(offers, name, { realms: 2, fromPerson: true }).length, 1);
});

test('the next version, and who is left out of it', () => {
  assert.deepEqual(chooseVersion([0, 0, 0], 2), { version: 1, outliers: [] });
  assert.deepEqual(chooseVersion([3, 5, undefined], 2), { version: 6, outliers: [] });
  assert.deepEqual(chooseVersion([3, 3, 0xffffffff], 2), { version: 4, outliers: [2] });
  assert.deepEqual(chooseVersion([3, 3, 3 + 65536], 2), { version: 4, outliers: [2] });
  assert.deepEqual(chooseVersion([3, 3, 3 + 65535], 2), { version: 4 + 65535, outliers: [] });
  assert.throws(() => chooseVersion([1, 100_000, 200_000], 2), { code: 'failed_precondition' });
});

test('the limit of each realm follows from the total', () => {
  assert.equal(guessLimitOf(3, 2, {}), 7);
  assert.equal(guessLimitOf(3, 2, { againstCorruptRealms: true }), 5);
  assert.equal(guessLimitOf(3, 2, { guessLimit: 20 }), 20);
  assert.equal(guessLimitOf(1, 1, { totalGuesses: 100 }), 20);
  assert.throws(() => guessLimitOf(3, 2, { guessLimit: 21 }), /1 to 20/);
  assert.throws(() => guessLimitOf(3, 4, {}), /threshold 4/);
  assert.throws(() => guessLimitOf(3, 1, { totalGuesses: 2 }), /at least 3/);
});

test('gathering: one answer for each; stragglers are cancelled; an abort ends it', async () => {
  const slow = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new CallError('canceled', 'late'))));
  const answers = await gather({
    count: 3, graceMs: 1, enough: (soFar) => soFar.filter((each) => each?.ok).length === 2,
    call: async (i, signal) => (i === 2 ? slow(signal) : i),
  });
  assert.deepEqual(answers.map((each) => (each.ok ? each.value : each.error.code)), [0, 1, 'canceled']);
  const failing = await gather({ count: 2, call: async (i) => { throw i ? new TypeError('x') : new CallError('aborted', 'y'); } });
  assert.deepEqual(failing.map((each) => each.error.code), ['aborted', 'internal']);
  assert.deepEqual(await gather({ count: 0, call: async () => 1 }), []);
  const limited = await gather({ count: 1, limitMs: 1, call: (_, signal) => slow(signal) });
  assert.equal(limited[0].error.code, 'canceled');
  const abort = new AbortController();
  const gathering = gather({ count: 1, signal: abort.signal, call: (_, signal) => slow(signal) });
  abort.abort(new Error('enough of it'));
  await assert.rejects(gathering, /enough of it/);
});
