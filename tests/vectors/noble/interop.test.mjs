// pin/ against @noble/curves, @noble/hashes, shamir-secret-sharing and Node's own HKDF: implementations that share
// no code with it. Run by ctest; LABREC_OPRF_PEER is the program of oprf_peer.cc.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import { after, test } from 'node:test';

import { expand_message_xmd } from '@noble/curves/abstract/hash-to-curve.js';
import { p256, p256_hasher, p256_oprf } from '@noble/curves/nist.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { combine, split } from 'shamir-secret-sharing';

import { Peer, hex, unhex } from './peer.mjs';

const peer = new Peer(process.env.LABREC_OPRF_PEER);
after(() => peer.close());

const random = (size) => Uint8Array.from(randomBytes(size));
const same = (actual, expected) => assert.equal(hex(actual), hex(expected));
const ascii = (text) => new TextEncoder().encode(text);
const join = (...parts) => Uint8Array.from(Buffer.concat(parts));
const u16 = (n) => Uint8Array.of(n >> 8, n & 255);
const u32 = (n) => Uint8Array.of(n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255);
const lp = (bytes) => join(u16(bytes.length), bytes);
const hkdf = (key, info, size) => new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), info, size));
const number = (bytes) => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
const scalarBytes = (n) => unhex(n.toString(16).padStart(64, '0'));
const order = p256.Point.Fn.ORDER;

test('expand_message_xmd, short and oversize tags', async () => {
  for (const [messageSize, tagSize, length] of [[0, 1, 1], [3, 40, 32], [64, 255, 33], [65, 256, 96], [1000, 400, 8160]]) {
    const message = random(messageSize);
    const tag = random(tagSize);
    same(await peer.bytes('expand', message, tag, length), expand_message_xmd(message, tag, length, sha256));
  }
});

test('hash_to_curve of random messages', async () => {
  for (let i = 0; i < 200; ++i) {
    const message = random(i);
    const tag = random(1 + (i % 80));
    const point = p256_hasher.hashToCurve(message, { DST: tag });
    same(await peer.bytes('hash_to_curve', message, tag), point.toBytes(true));
  }
});

test('hash_to_scalar of random messages', async () => {
  const DST = ascii('HashToScalar-OPRFV1-\0-P256-SHA256');
  for (let i = 0; i < 50; ++i) {
    const message = random(i);
    const scalar = p256_hasher.hashToScalar(message, { DST });
    same(await peer.bytes('hash_to_scalar', message), scalarBytes(scalar));
  }
});

test('noble blinds, ours evaluates, noble finalizes', async () => {
  for (let i = 0; i < 20; ++i) {
    const input = random(1 + i * 7);
    const { secretKey } = p256_oprf.oprf.generateKeyPair();
    const { blind, blinded } = p256_oprf.oprf.blind(input);
    same(await peer.bytes('blind', input, blind), blinded);
    const evaluated = await peer.bytes('evaluate', blinded, secretKey);
    same(evaluated, p256_oprf.oprf.blindEvaluate(secretKey, blinded));
    const output = p256_oprf.oprf.finalize(input, blind, evaluated);
    same(output, p256_oprf.oprf.evaluate(secretKey, input));
    same(await peer.bytes('finalize', input, blind, evaluated), output);
  }
});

test('ours blinds, noble evaluates, ours finalizes', async () => {
  for (let i = 0; i < 20; ++i) {
    const input = random(1 + i * 7);
    const { secretKey } = p256_oprf.oprf.generateKeyPair();
    const [blind, element] = (await peer.ask('blind_randomly', input)).split(' ').map(unhex);
    const evaluated = p256_oprf.oprf.blindEvaluate(secretKey, element);
    const output = await peer.bytes('finalize', input, blind, evaluated);
    same(output, p256_oprf.oprf.evaluate(secretKey, input));
  }
});

test('Argon2id', async () => {
  for (const [m, t, p] of [[8, 1, 1], [64, 3, 1], [1024, 2, 4], [4096, 1, 2]]) {
    const pin = random(1 + m % 60);
    const salt = random(16);
    same(await peer.bytes('stretch', pin, salt, m, t, p), argon2id(pin, salt, { m, t, p, dkLen: 32, version: 0x13 }));
  }
});

test('canonical inputs', async () => {
  const names = ['tenant.example', 'account-1', 'default'];
  const lps = join(...names.map((name) => lp(ascii(name))));
  for (const version of [1, 258, 0xfffffffe]) {
    const stretched = random(32);
    same(await peer.bytes('pin_input', ...names, version, stretched),
      join(lp(ascii('labyrinth-recovery/v1/pin')), lps, u32(version), stretched));
    const realm = random(16);
    const nonce = random(32);
    same(await peer.bytes('record_input', realm, ...names, version, nonce),
      join(ascii('record'), lp(realm), lps, u32(version), nonce));
  }
});

test('keys of a record', async () => {
  const expand = (key, info) => Uint8Array.from(createHmac('sha256', key).update(info).update(Uint8Array.of(1)).digest());
  const d = random(32);
  same(await peer.bytes('seal_key', d), expand(d, 'seal'));
  const DST = ascii('HashToScalar-OPRFV1-\0-P256-SHA256');
  same(await peer.bytes('record_tweak', d), scalarBytes(p256_hasher.hashToScalar(expand(d, 'tweak'), { DST })));
});

test('keys of a version', async () => {
  const s = random(32);
  const realm = random(16);
  const digest = createHash('sha256').update('config').digest();
  const label = (name, ...rest) => join(ascii(`labyrinth-recovery/v1/${name}`), ...rest);
  same(await peer.bytes('share_mask', s, realm, 7), hkdf(s, label('mask', realm, u32(7)), 32));
  same(await peer.bytes('commit', s, Uint8Array.from(digest)), hkdf(s, label('commit', digest), 32));
  same(await peer.bytes('encryption_key', s, Uint8Array.from(digest)), hkdf(s, label('enc', digest), 32));
  const wide = number(hkdf(s, label('unlock', realm, u32(7)), 48));
  const unlock = scalarBytes((wide % (order - 1n)) + 1n);
  same(await peer.bytes('unlock_key', s, realm, 7), unlock);

  const message = random(100);
  const signature = await peer.bytes('unlock_sign', s, realm, 7, message);
  const point = p256.getPublicKey(unlock, false);
  const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'EC', crv: 'P-256', x: base64url(point.slice(1, 33)), y: base64url(point.slice(33)) },
  });
  assert.ok(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature));
});

// The package writes a share as its bytes followed by its x.
test('ours splits, the other combines', async () => {
  for (const [threshold, count] of [[2, 2], [2, 5], [3, 5], [16, 16]]) {
    const secret = random(32);
    const words = (await peer.ask('split', secret, threshold, count)).split(' ');
    const shares = [];
    for (let i = 0; i < words.length; i += 2) shares.push(join(unhex(words[i + 1]), Uint8Array.of(Number(words[i]))));
    assert.equal(shares.length, count);
    same(await combine(shares.slice(count - threshold)), secret);
    same(await combine(shares), secret);
  }
});

test('the other splits, ours combines', async () => {
  for (const [threshold, count] of [[2, 2], [2, 5], [3, 5], [16, 16]]) {
    const secret = random(32);
    const shares = await split(secret, count, threshold);
    const words = shares.slice(count - threshold).flatMap((share) => [share.at(-1), share.slice(0, -1)]);
    same(await peer.bytes('combine', ...words), secret);
  }
});

test('what is not a point, ours refuses as noble does', async () => {
  const key = p256_oprf.oprf.generateKeyPair().secretKey;
  for (let i = 0; i < 200; ++i) {
    const encoded = join(Uint8Array.of(2 + (i % 2)), random(32));
    let expected = null;
    try {
      expected = p256_oprf.oprf.blindEvaluate(key, encoded);
    } catch {
      // not on the curve
    }
    if (expected === null) await assert.rejects(peer.bytes('evaluate', encoded, key));
    else same(await peer.bytes('evaluate', encoded, key), expected);
  }
});
