// The RFCs' figures, the project's vectors, and the worked example of docs/protocol.md, by the client's own functions.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { mapToCurveSimpleSWU } from '@noble/curves/abstract/hash-to-curve.js';
import { p256 } from '@noble/curves/nist.js';

import { i2osp, lp, join } from '../../dist/bytes.js';
import { hashToCurve, mapToCurve, Point } from '../../dist/pin/curve.js';
import { Authority } from '../../dist/pin/authority.js';
import { enforcementOf, greatestLimit, parseConfig, smallestTotal, testablePins } from '../../dist/pin/config.js';
import { commit, hkdf, maskShare, openSecret, sealSecret, sha256, sign, spkiOf, unlockKey, verify } from '../../dist/pin/keys.js';
import { blind, finalize, oprfInput, randomElement } from '../../dist/pin/oprf.js';
import { findSecret, interpolate, split } from '../../dist/pin/sharing.js';
import { activateBody, requestBytes, unlockBytes } from '../../dist/realms/request_bytes.js';
import { encode } from '../../dist/wire/codec.js';
import { RecordConfig } from '../../dist/wire/messages.js';
import { nodeStretch } from '../../dist/node/index.js';
import { bytes, hex, source, vectors, workedExample } from './support.mjs';

const utf8 = (text) => new TextEncoder().encode(text);

test('RFC 9497 A.3.1: what the realm evaluated comes to the output', async () => {
  const each = vectors('rfc9497_a3_1_oprf_p256_sha256.txt').slice(1);
  assert.equal(each.length, 2);
  for (const vector of each) {
    const blinded = { blind: bytes(vector.blind), element: bytes(vector.blinded_element) };
    assert.equal(hex(await finalize(bytes(vector.input), blinded, bytes(vector.evaluation_element))), vector.output);
    assert.equal(hex((await blind(bytes(vector.input), BigInt(`0x${vector.blind}`))).element), vector.blinded_element);
  }
});

test('the map of field elements to the curve is noble\'s, those of which it makes an exception too', () => {
  const { Fp } = Point;
  const Z = Fp.neg(10n);
  const theirs = mapToCurveSimpleSWU(Fp, { A: Fp.neg(3n), B: Point.CURVE().b, Z });
  const exception = Fp.sqrt(Fp.inv(10n));  // Z * u^2 = -1
  const elements = [0n, 1n, 2n, Fp.ORDER - 1n, ...(Fp.eql(Fp.mul(Z, Fp.sqr(exception)), Fp.neg(1n)) ? [exception, Fp.neg(exception)] : [])];
  for (let i = 0; i < 100; ++i) elements.push(BigInt(`0x${hex(crypto.getRandomValues(new Uint8Array(40)))}`) % Fp.ORDER);
  for (const element of elements) {
    const point = mapToCurve(element);
    point.assertValidity();
    const { x, y } = theirs(element);
    assert.deepEqual([point.x, point.y], [x, y], String(element));
  }
});

test('RFC 9380 J.1.1: hash_to_curve', async () => {
  const [{ dst }, ...each] = vectors('rfc9380_j1_1_p256_sswu_ro.txt');
  assert.equal(each.length, 5);
  for (const { msg, p_x: x, p_y: y } of each) {
    assert.equal(hex((await hashToCurve(utf8(msg), utf8(dst))).toBytes(false)), `04${x}${y}`, msg);
  }
});

test('blinding hides the input anew each time, and comes to the same', async () => {
  const key = p256.utils.randomSecretKey();
  const evaluate = (element) => p256.Point.fromBytes(element).multiply(BigInt(`0x${hex(key)}`)).toBytes(true);
  const [one, two] = [await blind(utf8('x')), await blind(utf8('x'))];
  assert.notDeepEqual(one.element, two.element);
  assert.deepEqual(await finalize(utf8('x'), one, evaluate(one.element)), await finalize(utf8('x'), two, evaluate(two.element)));
  assert.equal(randomElement().length, 33);
});

test('an answer that is no point is refused', async () => {
  const blinded = await blind(utf8('x'));
  for (const bad of ['00', `02${'ff'.repeat(32)}`, `05${hex(blinded.element).slice(2)}`, '00'.repeat(33), hex(p256.Point.BASE.toBytes(false)), `02${'00'.repeat(31)}01`]) {
    await assert.rejects(finalize(utf8('x'), blinded, bytes(bad)), bad);
  }
});

test('RFC 5869; and the keys of RFC 6979 sign what its public key verifies', async () => {
  let seen = 0;
  for (const vector of vectors('rfc5869_hkdf_sha256.txt').slice(1)) {
    if (vector.salt) continue;  // the protocol has none
    assert.equal(hex(await hkdf(bytes(vector.ikm), bytes(vector.info ?? ''), vector.okm.length / 2)), vector.okm);
    ++seen;
  }
  assert.ok(seen > 0);
  const [key, ...messages] = vectors('rfc6979_a2_5_ecdsa_p256_sha256.txt');
  const spki = spkiOf(bytes(key.x));
  assert.equal(hex(spki).slice(-128), key.ux + key.uy);
  for (const { msg, r, s } of messages) {
    assert.ok(await verify(spki, utf8(msg), bytes(r + s)));
    assert.ok(await verify(spki, utf8(msg), await sign(utf8(msg), bytes(key.x))));
    assert.ok(!(await verify(spki, utf8(`${msg}.`), bytes(r + s))));
  }
});

test('the worked example of docs/protocol.md', async () => {
  const example = workedExample();
  const at = (name) => bytes(example[name]);
  const is = (value, name) => assert.equal(hex(value), example[name], name);
  const name = { tenant: example.tenant, account: example.account, record: example.record };
  const stretched = await nodeStretch()(utf8(example.pin), at('salt'), { memoryKib: 65536, passes: 3, lanes: 1 });
  is(stretched, 'stretched');
  const input = oprfInput(name, 1, stretched);
  is(input, 'input');
  const shares = [];
  for (const i of [1, 2, 3]) {
    const rho = await finalize(input, { blind: at(`blind_${i}`), element: at(`element_${i}`) }, at(`evaluated_${i}`));
    is(rho, `rho_${i}`);
    const masked = await maskShare(at(`share_${i}`), rho, at(`realm_id_${i}`), 1);
    is(masked, `masked_share_${i}`);
    shares.push({ x: i, bytes: await maskShare(masked, rho, at(`realm_id_${i}`), 1) });
    is(shares.at(-1).bytes, `share_${i}`);
  }
  const config = parseConfig(at('config'), name, 1);
  is(encode(RecordConfig, config), 'config');
  assert.equal(config.enforcement, enforcementOf(config));
  const digest = await sha256(at('config'));
  is(digest, 'config_sha256');
  const found = await findSecret(shares, 2, at('commitment'), digest);
  is(found.s, 's');
  assert.deepEqual(found.faulty, []);
  is(await commit(found.s, digest), 'commitment');
  const authority = new Authority(found.s, name.record, 1);
  for (const i of [1, 2, 3]) {
    is(await unlockKey(found.s, at(`realm_id_${i}`), 1), `unlock_private_key_${i}`);
    is(await authority.publicKey(at(`realm_id_${i}`)), `unlock_public_key_${i}`);
  }
  const scope = { realmId: at('realm_id_1'), tenant: name.tenant, account: name.account };
  const unlock = unlockBytes(scope, name.record, 1, at('challenge'));
  is(unlock, 'unlock_bytes_1');
  is(activateBody(name.record, 1), 'activate_body');
  is(await requestBytes(scope, 'activate', at('challenge'), activateBody(name.record, 1)), 'activate_bytes_1');
  assert.ok(await verify(at('unlock_public_key_1'), unlock, at('unlock_signature_1')));
  assert.ok(await verify(at('unlock_public_key_1'), unlock, await authority.sign(at('realm_id_1'), unlock)));
  assert.ok(!(await verify(at('unlock_public_key_2'), unlock, at('unlock_signature_1'))));
  is(await openSecret(at('sealed_secret'), found.s, digest), 'secret');
  is(await sealSecret(at('secret'), found.s, digest, at('sealed_secret').slice(0, 12)), 'sealed_secret');
  const broken = at('sealed_secret');
  for (const i of [0, 12, 600, broken.length - 1]) {
    broken[i] ^= 1;
    assert.equal(await openSecret(broken, found.s, digest), undefined);
    broken[i] ^= 1;
  }
});

test('a config that breaks one rule is none', () => {
  const example = workedExample();
  const name = { tenant: example.tenant, account: example.account, record: example.record };
  const good = () => parseConfig(bytes(example.config), name, 1);
  const refuses = (change) => {
    const config = structuredClone(good());
    change(config);
    assert.equal(parseConfig(encode(RecordConfig, config), name, config.version), undefined, String(change));
  };
  refuses((c) => (c.threshold = 0));
  refuses((c) => (c.threshold = 4));
  refuses((c) => (c.guessLimit = 0));
  refuses((c) => (c.guessLimit = 21));
  refuses((c) => (c.salt = c.salt.slice(1)));
  refuses((c) => (c.argonMemoryKib = (1 << 20) + 1));
  refuses((c) => (c.argonPasses = 65));
  refuses((c) => (c.argonLanes = 17));
  refuses((c) => (c.argonMemoryKib = 7));
  refuses((c) => (c.realms[1].x = 3));
  refuses((c) => (c.realms[1].realmId = c.realms[0].realmId));
  refuses((c) => (c.realms[1].maskedShare = new Uint8Array(31)));
  refuses((c) => (c.realms = []));
  refuses((c) => (c.enforcement = 2));
  refuses((c) => (c.account = 'bob'));
  refuses((c) => (c.realms[0].chip = { index: 0x01000001, akName: new Uint8Array(34) }));
  refuses((c) => ((c.realms[0].chip = { index: 0x02000001, akName: new Uint8Array(34) }), (c.enforcement = 3)));
  assert.equal(parseConfig(bytes(example.config), name, 2), undefined);
  for (const tail of ['6800', '7800', '6802', '600160', '']) {
    if (tail) assert.equal(parseConfig(bytes(example.config + tail), name, 1), undefined, tail);
  }
  for (let cut = 0; cut < example.config.length; cut += 2) assert.equal(parseConfig(bytes(example.config.slice(0, cut)), name, 1), undefined);
});

test('shares: any threshold of them, and whoever does not fit is named', async () => {
  const digest = new Uint8Array(32);
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
  const commitment = await commit(secret, digest);
  for (const [t, n] of [[1, 1], [1, 3], [2, 2], [2, 3], [3, 5], [4, 7], [16, 16]]) {
    const shares = split(secret, t, n);
    assert.deepEqual(interpolate(shares.slice(n - t), 0), secret);
    assert.deepEqual((await findSecret(shares, t, commitment, digest)).faulty, []);
    if (t === n) continue;
    const wrong = shares.map(({ x, bytes: value }) => ({ x, bytes: Uint8Array.from(value) }));
    wrong[0].bytes[5] ^= 1;
    const found = await findSecret(wrong, t, commitment, digest);
    assert.deepEqual([hex(found.s), found.faulty], [hex(secret), [1]]);
    assert.equal(await findSecret(wrong.slice(0, t), t, commitment, digest), undefined);
    assert.equal(await findSecret(shares.slice(0, t - 1), t, commitment, digest), undefined);
  }
});

test('how many PINs can be tried: the table of docs/protocol.md', () => {
  const rows = source('docs/protocol.md').split('\n').filter((line) => /^\| \d of \d \|/.test(line));
  assert.equal(rows.length, 5);
  for (const row of rows) {
    const [quorum, limit, , pins, , corrupt] = row.split('|').slice(1).map((cell) => cell.trim());
    const [t, n] = quorum.split(' of ').map(Number);
    assert.equal(greatestLimit(n, t, 10), Number(limit), row);
    assert.equal(testablePins(n, t, Number(limit)), Number(pins), row);
    assert.equal(greatestLimit(n, t, 10, true), Number(corrupt), row);
  }
  assert.equal(greatestLimit(3, 2, smallestTotal(3, 2)), 1);
  assert.equal(greatestLimit(3, 2, smallestTotal(3, 2) - 1), 0);
});

test('byte strings', () => {
  assert.equal(hex(i2osp(0x0102030405060708n, 8)), '0102030405060708');
  assert.equal(hex(lp('ab')), '00026162');
  assert.equal(hex(join(lp(''), i2osp(1, 4))), '000000000001');
  assert.equal(createHash('sha256').update(lp('ab')).digest().length, 32);
});
