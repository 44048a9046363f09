// The client in Node against real realms: a record's whole life, both ways with labyrinth-recover, and realms that lie.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { generateDeviceKey, RecoveryClient } from '../../dist/index.js';
import { nodeStretch } from '../../dist/node/index.js';
import { LyingFetch } from './lying.mjs';
import { RunningRealms } from './running.mjs';

const run = promisify(execFile);
const secret = Uint8Array.from({ length: 32 }, (_, i) => 200 + i);
/** Where Argon2 is not what is tested; it costs both sides the same. */
const quick = async (pin, salt) => new Uint8Array(createHash('sha256').update(salt).update(pin).digest());
const deviceId = async ({ publicKey }) => createHash('sha256').update(publicKey).digest().subarray(0, 16);
const conditions = (reports) => reports.map(({ condition }) => condition).join(' ');
const remaining = async (client, record) => (await client.status(record)).realms.map((realm) => realm.remaining);

let realms;
before(async () => (realms = await RunningRealms.start()), { timeout: 300_000 });
after(async () => realms && assert.equal(await realms.end(), 0));

/** A client of an account whose first device is enrolled. */
async function clientOf(account, { stretch = quick, enrolled = true } = {}) {
  const session = realms.sessions.find((each) => each.account === account);
  const lying = new LyingFetch();
  const device = await generateDeviceKey();
  const client = new RecoveryClient({ ...session, stretch, device, fetch: lying.fetch, graceMs: 10_000 });
  if (enrolled) assert.equal(conditions(await client.enrollDevice(device, 'first')), 'good good good');
  return { client, device, lying, session };
}

test("a record's life", async () => {
  const { client, device } = await clientOf('bob', { stretch: nodeStretch() });
  await client.warmUp();
  assert.deepEqual((await client.recover('life', '1234')).outcome, 'not-registered');
  const steps = [];
  const sealed = await client.seal('life', '1234', secret, { onStep: ({ name }) => steps.push(name) });
  assert.deepEqual([sealed.version, sealed.threshold, sealed.guessLimit, sealed.holders, sealed.complete, sealed.pin], [1, 2, 7, 3, true, 'nothing-there']);
  assert.deepEqual([...new Set(steps)], ['survey', 'stretch', 'begin', 'finish', 'activate']);

  const back = await client.recover('life', '１２٣٤');  // digits of any script are the same PIN
  assert.equal(back.outcome, 'recovered');
  assert.deepEqual(back.secret, secret);
  assert.equal(conditions(back.realms), 'good good good');

  const wrong = await client.recover('life', '4321');
  assert.deepEqual([wrong.outcome, wrong.triesLeft, wrong.activeVersion], ['wrong-pin', 6, undefined]);
  assert.deepEqual(await remaining(client, 'life'), [6, 6, 6]);

  // Without the old PIN, a device: the same PIN is recognised, and another one; either way the new version is full.
  assert.deepEqual((({ version, pin }) => [version, pin])(await client.seal('life', '1234', secret)), [2, 'same']);
  assert.deepEqual((({ version, pin }) => [version, pin])(await client.seal('life', '5678', secret)), [3, 'other']);
  assert.deepEqual(await remaining(client, 'life'), [7, 7, 7]);

  assert.equal((await client.changePin('life', '0000', '9999')).outcome, 'wrong-pin');
  const changed = await client.changePin('life', '5678', '9999');
  assert.deepEqual([changed.outcome, changed.version, changed.complete], ['changed', 4, true]);
  assert.equal((await client.recover('life', '5678')).outcome, 'wrong-pin');
  const again = await client.recover('life', '9999');
  assert.deepEqual(again.secret, secret);
  assert.deepEqual(await remaining(client, 'life'), [7, 7, 7]);

  // A new device, vouched for by the PIN; it revokes the old one, signs floors, and deletes.
  const second = await generateDeviceKey();
  assert.equal(conditions(await client.enrollDevice(second, 'second')), 'refused refused refused');
  assert.equal(conditions(await client.enrollDevice(second, 'second', { by: again.authority })), 'good good good');
  const { lists } = await client.listDevices();
  assert.deepEqual(lists.map(({ devices, records }) => [devices.map(({ name }) => name).sort(), records]), Array(3).fill([['first', 'second'], ['life']]));
  assert.equal(conditions(await client.raiseFloor('life', 5n, new Uint8Array(32).fill(7))), 'good good good');
  const { floors } = await client.readFloor('life');
  assert.deepEqual(floors.map(({ sequence, deviceId: by }) => [sequence, Buffer.from(by).toString('hex')]), Array(3).fill([5n, (await deviceId(device)).toString('hex')]));
  assert.equal((await client.recover('life', '9999')).floors.length, 3);
  assert.equal(conditions(await client.revokeDevice(await deviceId(device), { by: second })), 'good good good');
  assert.equal(conditions(await client.revokeDevice(await deviceId(device), { by: second })), 'good good good');
  assert.equal(conditions(await client.deleteRecord('life')), 'refused refused refused');
  assert.equal(conditions(await client.deleteRecord('life', { by: second })), 'good good good');
  assert.equal((await client.recover('life', '9999')).outcome, 'not-registered');
});

test('a challenge that a realm gives with no answer, or gives wrongly, is asked for', async () => {
  const { client, lying, session } = await clientOf('paul');
  lying.behave();
  for (const method of ['BeginRegistration', 'FinishRegistration']) lying.answer(session.realms[0], method, (answer) => void (answer.nextChallenge = new Uint8Array()));
  lying.answer(session.realms[1], 'BeginRegistration', (answer) => void (answer.nextChallenge = new Uint8Array(32)));  // none that it gave out
  const sealed = await client.seal('asked', '1234', secret);
  assert.equal(conditions(sealed.realms), 'good good good');
  const count = (name) => lying.calls.filter(({ method }) => method === name).length;
  // The first realm's came with its GetRecord, so that it is asked for one only before Activate.
  assert.deepEqual([count('GetChallenge'), count('FinishRegistration'), count('Activate')], [2, 4, 3]);
});

test('used up: the last wrong PIN destroys it, and the right one gets nothing', async () => {
  const { client } = await clientOf('erin');
  await client.seal('short', '1234', secret, { guessLimit: 2 });
  assert.deepEqual((await client.recover('short', '1')).triesLeft, 1);
  const last = await client.recover('short', '2');
  assert.deepEqual([last.outcome, last.triesLeft, conditions(last.realms)], ['wrong-pin', 0, 'destroyed destroyed destroyed']);
  assert.equal((await client.recover('short', '1234')).outcome, 'destroyed');
  // A device that has the secret seals it again.
  assert.deepEqual((({ version, pin }) => [version, pin])(await client.seal('short', '1234', secret)), [2, 'used-up']);
  assert.deepEqual((await client.recover('short', '1234')).secret, secret);
});

test('a realm that is down is left out, and healed afterwards', async () => {
  const { client, lying, session } = await clientOf('frank');
  lying.away(session.realms[2]);
  await assert.rejects(client.seal('healed', '1234', secret), { code: 'unavailable', tooFewRealms: true, triesMayBeSpent: false });
  const sealed = await client.seal('healed', '1234', secret, { everyRealm: false });
  assert.deepEqual([sealed.holders, sealed.complete, conditions(sealed.realms)], [2, true, 'good good unreachable']);
  lying.behave();
  assert.equal((await client.recover('healed', '1234')).outcome, 'recovered');
  const healed = await client.heal('healed', '1234');
  assert.deepEqual([healed.outcome, healed.version, healed.holders], ['changed', 2, 3]);
  const whole = await client.heal('healed', '1234');
  assert.deepEqual([whole.outcome, whole.version, whole.holders], ['changed', 2, 3]);
  lying.away(session.realms[0]);
  assert.deepEqual((await client.recover('healed', '1234')).secret, secret);
  lying.away(session.realms[1]);
  await assert.rejects(client.recover('healed', '1234'), { code: 'unavailable', tooFewRealms: true, triesMayBeSpent: false });
});

test('answers that are lost cost no second guess', async () => {
  const { client, lying, session } = await clientOf('grace');
  await client.seal('lost', '1234', secret);
  for (const realm of session.realms) lying.lose(realm, 'Evaluate', 2);
  assert.equal((await client.recover('lost', '1')).triesLeft, 6);
  const elements = lying.calls.filter(({ method }) => method === 'Evaluate').map(({ url, body }) => `${url} ${Buffer.from(body).toString('hex')}`);
  assert.deepEqual([elements.length, new Set(elements).size], [9, 3]);
  lying.behave();
  for (const realm of session.realms) lying.lose(realm, 'Unlock', 1);
  assert.deepEqual((await client.recover('lost', '1234')).secret, secret);
  lying.behave();
  for (const realm of session.realms) {
    lying.lose(realm, 'FinishRegistration', 1);
    lying.lose(realm, 'Activate', 1);
  }
  assert.equal((await client.changePin('lost', '1234', '5678')).complete, true);
});

test('realms that lie are named, and one of them ends nothing', async () => {
  const { client, lying, session } = await clientOf('heidi');
  const [oslo, porto] = session.realms;
  await client.seal('lies', '1234', secret, { threshold: 2, guessLimit: 20 });
  const recovers = async (bad) => {
    const back = await client.recover('lies', '1234');
    assert.deepEqual([back.outcome, Buffer.from(back.secret ?? []).equals(secret)], ['recovered', true]);
    assert.equal(back.realms[0].condition, bad, JSON.stringify(back.realms[0]));
  };
  const flip = (bytes) => (bytes[20] ^= 1);
  const wrongPoint = ({ evaluated }) => void (evaluated.evaluated[0] = Buffer.from('036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296', 'hex'));
  for (const [method, change, bad] of [
    ['Evaluate', wrongPoint, 'faulty'],
    ['Evaluate', ({ evaluated }) => void (evaluated.evaluated[0] = new Uint8Array(33)), 'faulty'],
    ['Evaluate', ({ evaluated }) => void evaluated.evaluated.push(new Uint8Array(33)), 'faulty'],
    ['Evaluate', () => ({}), 'faulty'],
    ['Evaluate', () => ({ destroyed: {} }), 'destroyed'],
    ['Evaluate', () => ({ notRegistered: {} }), 'not-registered'],
    ['GetRecord', ({ versions }) => void flip(versions[0].commitment), 'faulty'],
    ['GetRecord', (answer) => void (answer.state = 3), 'destroyed'],
    ['GetRecord', (answer) => void (answer.state = 9), 'faulty'],
    ['GetRecord', (answer) => void (answer.versions = []), 'outdated'],
    ['Unlock', ({ unlocked }) => void flip(unlocked.sealedSecret), 'faulty'],
    ['Unlock', ({ unlocked }) => void (unlocked.floor = { sequence: 9n, digest: secret, deviceId: secret, devicePublicKey: secret, challenge: secret, signature: secret }), 'faulty'],
  ]) {
    lying.behave().answer(oslo, method, change);
    await recovers(bad);
    lying.behave();
    await recovers('good');  // what it counted for the lie is given back
  }
  for (const code of ['not_found', 'failed_precondition', 'permission_denied', 'internal', 'data_loss', 'unimplemented']) {
    lying.behave().error(oslo, 'Evaluate', code);
    await recovers({ not_found: 'outdated', data_loss: 'faulty' }[code] ?? 'refused');
    lying.behave();
    await recovers('good');
  }
  // Two of three that say the same are believed; two that say different things are not.
  lying.behave().answer(oslo, 'GetRecord', (answer) => void (answer.state = 3)).answer(porto, 'GetRecord', (answer) => void (answer.state = 4));
  await assert.rejects(client.recover('lies', '1234'), { code: 'failed_precondition', message: /oslo says destroyed, realm porto says not-registered/, triesMayBeSpent: false });
  lying.behave().answer(oslo, 'Evaluate', () => ({ destroyed: {} })).answer(porto, 'Evaluate', () => ({ notRegistered: {} }));
  await assert.rejects(client.recover('lies', '1234'), { message: /may have counted a try/, triesMayBeSpent: true });
  lying.behave();
  await recovers('good');
});

test('what a realm says when a version is made is checked before anything is stored', async () => {
  const { client, lying, session } = await clientOf('ivan');
  const oslo = session.realms[0];
  const point = Buffer.from('036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296', 'hex');
  lying.answer(oslo, 'BeginRegistration', ({ evaluated }) => void (evaluated[1] = point));
  await assert.rejects(client.seal('made', '1234', secret), { code: 'data_loss', message: /oslo evaluated the same PIN to two different results/ });
  assert.equal(lying.calls.filter(({ method }) => method === 'FinishRegistration').length, 0);
  lying.behave().answer(oslo, 'GetRecord', (answer) => void (answer.highestVersion = 0xfffffffe));
  const sealed = await client.seal('made', '1234', secret, { everyRealm: false });
  assert.deepEqual([sealed.version, conditions(sealed.realms)], [1, 'faulty good good']);
  lying.behave().answer(oslo, 'GetRealm', (answer) => void (answer.realmId = new Uint8Array(16)));
  const { client: fresh, lying: other } = await clientOf('ivan', { enrolled: false });
  other.answer(oslo, 'GetRealm', (answer) => void (answer.realmId = new Uint8Array(16)));
  assert.equal((await fresh.status('made')).realms[0].condition, 'faulty');
});

test('two clients that register at the same time both come to an end', async () => {
  const { client } = await clientOf('judy');
  const both = await Promise.all(['1111', '2222'].map((pin) => client.seal('raced', pin, secret)));
  assert.equal(new Set(both.map(({ version }) => version)).size, 2);
  const outcomes = await Promise.all(['1111', '2222'].map((pin) => client.recover('raced', pin)));
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'recovered').length, 1);
});

test('a pending version in front is said to be one, and the active one behind it can be tried', async () => {
  const { client, lying, session } = await clientOf('mary');
  await client.seal('front', '1234', secret);
  for (const realm of session.realms) lying.error(realm, 'Activate', 'unavailable', 503);
  const pending = await client.seal('front', '5678', Uint8Array.of(1));
  assert.deepEqual([pending.version, pending.complete, conditions(pending.realms)], [2, false, 'pending pending pending']);
  lying.behave();
  const wrong = await client.recover('front', '1234');
  assert.deepEqual([wrong.outcome, wrong.activeVersion], ['wrong-pin', 1]);
  const behind = await client.recover('front', '1234', { version: 'active' });
  assert.deepEqual([behind.outcome, behind.version, Buffer.from(behind.secret).equals(secret)], ['recovered', 1, true]);
  // Whoever has the new PIN finishes it.
  const front = await client.recover('front', '5678');
  assert.deepEqual([front.version, conditions(front.realms)], [2, 'good good good']);
  assert.deepEqual((await client.status('front')).realms.map(({ versions }) => versions.map(({ version, stage }) => `${version} ${stage}`)), Array(3).fill(['2 active']));
});

test('no call is made that nobody needs', async () => {
  const { client, lying } = await clientOf('leo');
  await client.warmUp();
  const made = async (operation) => {
    lying.behave();
    await operation();
    const counts = {};
    for (const { method } of lying.calls) counts[method] = (counts[method] ?? 0) + 1 / 3;
    return counts;
  };
  const round = (counts) => Object.fromEntries(Object.entries(counts).map(([method, count]) => [method, Math.round(count * 3) / 3]));
  assert.deepEqual(round(await made(() => client.seal('counted', '1234', secret))), { GetRecord: 1, BeginRegistration: 1, FinishRegistration: 1, Activate: 1 });
  assert.deepEqual(round(await made(() => client.recover('counted', '1234'))), { GetRecord: 1, Evaluate: 1, Unlock: 1 });
  assert.deepEqual(round(await made(() => client.seal('counted', '5678', secret))),
    { GetRecord: 1, Evaluate: 1, BeginRegistration: 1, FinishRegistration: 1, Activate: 1, BeginUnlock: 1, Unlock: 1 });
  assert.deepEqual(round(await made(() => client.changePin('counted', '5678', '1234'))),
    { GetRecord: 2, Evaluate: 1, Unlock: 2, BeginRegistration: 1, FinishRegistration: 1, Activate: 1, BeginUnlock: 1 });
});

test('an abort ends an operation at once', async () => {
  const { client, lying } = await clientOf('kate');
  await client.seal('aborted', '1234', secret);
  const abort = new AbortController();
  lying.behave();
  const recovering = client.recover('aborted', '1234', { signal: abort.signal, onStep: ({ name }) => name === 'guess' && abort.abort() });
  await assert.rejects(recovering, { name: 'AbortError' });
  assert.equal((await client.recover('aborted', '1234')).outcome, 'recovered');
});

test('both ways with labyrinth-recover', async () => {
  const { client, session } = await clientOf('carol', { stretch: nodeStretch() });
  const folder = `${realms.work}/carol`;
  mkdirSync(folder);
  writeFileSync(`${folder}/tokens`, session.realms.map(({ token }) => token).join('\n'));
  const program = async (pins, ...words) => {
    const child = run(`${process.env.LABREC_BUILD}/bin/labyrinth-recover`,
      [...words, '--realms', `${realms.work}/realms.toml`, '--token-file', `${folder}/tokens`, '--pin-stdin', '--json']);
    child.child.stdin.end(`${pins.join('\n')}\n`);
    return JSON.parse((await child).stdout);
  };
  await client.seal('page', '1234', secret);
  await program(['1234'], 'recover', '--record', 'page', '--output', `${folder}/page`);
  assert.deepEqual(new Uint8Array(readFileSync(`${folder}/page`)), secret);
  await program(['1234', '5678'], 'change-pin', '--record', 'page');
  assert.equal((await client.recover('page', '1234')).outcome, 'wrong-pin');
  const back = await client.recover('page', '5678');
  assert.deepEqual([back.version, Buffer.from(back.secret).equals(secret)], [2, true]);

  const keys = ['--device-key', `${folder}/device.pem`];
  await run(`${process.env.LABREC_BUILD}/bin/labyrinth-recover`, ['device-key', ...keys, '--public-out', `${folder}/device.pub`]);
  const pem = readFileSync(`${folder}/device.pub`, 'utf8');
  const theirs = { publicKey: new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')) };
  for (const i of [1, 2, 3]) {
    await run(`${process.env.LABREC_BUILD}/bin/labyrinth-admin`, ['device', 'enroll', '--tenant', 'chat', '--account', 'carol',
      '--public-key', `${folder}/device.pub`, '--name', 'program', '--socket', `${realms.work}/realm${i}/admin.sock`]);
  }
  writeFileSync(`${folder}/secret`, secret, { mode: 0o600 });
  await program(['2468'], 'seal', '--record', 'program', '--secret-file', `${folder}/secret`, ...keys, '--threshold', '2');
  assert.deepEqual((await client.recover('program', '2468')).secret, secret);
  assert.equal((await client.changePin('program', '2468', '1357')).outcome, 'changed');
  await program(['1357'], 'recover', '--record', 'program', '--output', `${folder}/program`);
  assert.deepEqual(new Uint8Array(readFileSync(`${folder}/program`)), secret);
  const { lists } = await client.listDevices();
  assert.deepEqual(lists[0].devices.find(({ name }) => name === 'program').publicKey, theirs.publicKey);
});

test('a record whose guesses a chip counts is recovered, and the chip states that its count is back at 0', async () => {
  const { session, lying, device } = await clientOf('nina');
  const folder = `${realms.work}/nina`;
  mkdirSync(folder);
  writeFileSync(`${folder}/tokens`, session.realms[0].token);
  writeFileSync(`${folder}/secret`, secret, { mode: 0o600 });
  writeFileSync(`${folder}/realms.toml`, readFileSync(`${realms.work}/realms.toml`, 'utf8').split('\n\n')[0]);
  const program = `${process.env.LABREC_BUILD}/bin/labyrinth-`;
  const keys = ['--device-key', `${folder}/device.pem`];
  await run(`${program}recover`, ['device-key', ...keys, '--public-out', `${folder}/device.pub`]);
  await run(`${program}admin`, ['device', 'enroll', '--tenant', 'chat', '--account', 'nina', '--public-key', `${folder}/device.pub`, '--name', 'program',
    '--socket', `${realms.work}/realm1/admin.sock`]);
  const sealing = run(`${program}recover`, ['seal', '--record', 'chip', '--secret-file', `${folder}/secret`, ...keys, '--guess-limit', '5', '--enforcement', 'chip',
    '--ek-roots', `${realms.work}/vendor/roots`, '--realms', `${folder}/realms.toml`, '--token-file', `${folder}/tokens`, '--pin-stdin', '--json']);
  sealing.child.stdin.end('1234\n');
  await sealing;
  const inChip = async () => {
    const { stdout } = await run(`${program}admin`, ['record', 'show', '--tenant', 'chat', '--account', 'nina', '--record', 'chip', '--socket', `${realms.work}/realm1/admin.sock`, '--json']);
    const { chip_count: count, chip_limit: limit } = JSON.parse(stdout).versions[0];
    return [count, limit];
  };

  const oslo = session.realms[0];
  const client = new RecoveryClient({ ...session, realms: [oslo], stretch: nodeStretch(), device, fetch: lying.fetch });
  assert.deepEqual((await client.recover('chip', '1')).triesLeft, 4);
  assert.deepEqual(await inChip(), [1, 5]);
  // At one realm alone nobody vouches for the wrong PIN but the person: no refill until he does.
  const withheld = await client.recover('chip', '1234');
  assert.deepEqual([withheld.outcome, withheld.realms[0].condition, withheld.realms[0].chip], ['recovered', 'good', { counted: 2, unexplained: 1 }]);
  assert.match(withheld.realms[0].message, /may have tried PINs/);
  assert.deepEqual(await inChip(), [2, 5]);
  const back = await client.recover('chip', '1234', { ownTries: 2 });
  assert.deepEqual([back.outcome, Buffer.from(back.secret).equals(secret), back.realms], ['recovered', true, [{ id: oslo.id, name: 'oslo', condition: 'good', remaining: 5 }]]);
  assert.deepEqual(await inChip(), [0, 5]);

  // What is not proven is not believed; the secret is there all the same.
  const bend = (field) => (answer) => void (answer[field][answer[field].length - 3] ^= 1);
  for (const [method, change, said] of [
    ['FinishChipWrite', bend('contents'), /signature is not its attestation key's/],
    ['FinishChipWrite', (answer) => void (answer.contents = answer.contents.slice(0, -1)), /cut/],
    ['GetIdentity', bend('identity'), /attestation key is not the record's/],
    ['BeginChipWrite', (answer) => void (answer.nonceTpm = answer.nonceTpm.slice(0, 15)), /nonce of 16 to 32 bytes/],
  ]) {
    lying.behave().answer(oslo, method, change);
    const outcome = await client.recover('chip', '1234', { ownTries: 9 });
    assert.deepEqual([outcome.outcome, outcome.realms[0].condition, outcome.realms[0].remaining], ['recovered', 'faulty', undefined]);
    assert.match(outcome.realms[0].message, said);
  }
  lying.behave().error(oslo, 'BeginChipWrite', 'unavailable', 503);
  assert.equal((await client.recover('chip', '1234')).realms[0].code, 'unavailable');

  // It is replaced only by who says that the chip counts no more.
  lying.behave();
  await assert.rejects(client.changePin('chip', '1234', '5678', { ownTries: 9 }), { code: 'failed_precondition', message: /chips count this record/ });
  assert.deepEqual(await inChip(), [0, 5]);
  const changed = await client.changePin('chip', '1234', '5678', { enforcement: 'ledger' });
  assert.deepEqual([changed.outcome, changed.version], ['changed', 2]);
  assert.deepEqual((await client.recover('chip', '5678')).secret, secret);
});
