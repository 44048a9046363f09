// The worked example of docs/protocol.md, computed from that page alone with @noble/curves, @noble/hashes and Node's
// own HKDF, AES-GCM and ECDSA: no line of this repository's C++ takes part. Run by ctest; LABREC_PROTOCOL is the page.
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createPublicKey, hkdfSync, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { p256, p256_hasher } from '@noble/curves/nist.js';
import { argon2id } from '@noble/hashes/argon2.js';

const page = readFileSync(process.env.LABREC_PROTOCOL, 'utf8');
const block = page.split('<!-- worked example: begin -->')[1].split('<!-- worked example: end -->')[0];
const example = {};
let last;
for (const line of block.split('\n')) {
  if (line.startsWith(' ')) example[last] += line.trim();
  else if (line.includes(' = ')) [last, example[last]] = line.split(' = ');
}

const bytes = (name) => Uint8Array.from(Buffer.from(example[name], 'hex'));
const text = (value) => new TextEncoder().encode(value);
const join = (...parts) => Uint8Array.from(Buffer.concat(parts));
const int = (value, size) => Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex'));
const lp = (value) => join(int(value.length, 2), value);
const sha256 = (value) => Uint8Array.from(createHash('sha256').update(value).digest());
const hkdf = (key, info, size = 32) => new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), info, size));
const number = (value) => BigInt(`0x${Buffer.from(value).toString('hex')}`);
const xor = (a, b) => a.map((byte, i) => byte ^ b[i]);
const is = (value, name) => assert.equal(Buffer.from(value).toString('hex'), example[name], name);
const order = p256.Point.Fn.ORDER;

const version = int(1, 4);
const names = [lp(text(example.tenant)), lp(text(example.account))];
const realms = [1, 2, 3];

// Multiplication in GF(2^8), polynomial 0x11B, and interpolation at 0 through points at distinct x.
function times(a, b) {
  let product = 0;
  for (let i = 0; i < 8; ++i) {
    if ((b >> i) & 1) product ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0);
  }
  return product;
}
function inverse(a) {
  for (let b = 1; b < 256; ++b) if (times(a, b) === 1) return b;
  throw new Error('0 has no inverse');
}
function combine(shares) {
  return Uint8Array.from({ length: 32 }, (_, j) => {
    let sum = 0;
    for (const [x, share] of shares) {
      let weight = 1;
      for (const [other] of shares) if (other !== x) weight = times(weight, times(other, inverse(other ^ x)));
      sum ^= times(weight, share[j]);
    }
    return sum;
  });
}

test('stretching and input', () => {
  const h = argon2id(text(example.pin), bytes('salt'), { t: 3, m: 65536, p: 1, dkLen: 32 });
  is(h, 'stretched');
  is(join(lp(text('labyrinth-recovery/v1/pin')), ...names, lp(text(example.record)), version, h), 'input');
});

test('evaluation, masks and shares of each realm', () => {
  const DST = join(text('HashToGroup-OPRFV1-'), Uint8Array.of(0), text('-P256-SHA256'));
  const point = p256_hasher.hashToCurve(bytes('input'), { DST });
  for (const i of realms) {
    const blind = number(bytes(`blind_${i}`));
    const element = point.multiply(blind);
    is(element.toBytes(true), `element_${i}`);
    const evaluated = element.multiply(number(bytes(`realm_key_${i}`)));
    is(evaluated.toBytes(true), `evaluated_${i}`);
    const unblinded = evaluated.multiply(p256.Point.Fn.inv(blind)).toBytes(true);
    const rho = sha256(join(lp(bytes('input')), lp(unblinded), text('Finalize')));
    is(rho, `rho_${i}`);
    const mask = hkdf(rho, join(text('labyrinth-recovery/v1/mask'), bytes(`realm_id_${i}`), version));
    is(mask, `mask_${i}`);
    is(xor(bytes(`share_${i}`), mask), `masked_share_${i}`);
  }
});

test('any two shares give s', () => {
  for (const [a, b] of [[1, 2], [1, 3], [2, 3]]) {
    is(combine([[a, bytes(`share_${a}`)], [b, bytes(`share_${b}`)]]), 's');
  }
});

test('the config is deterministic protobuf', () => {
  const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const uint = (field, value) => Uint8Array.from([field << 3, ...varint(value)]);
  const blob = (field, value) => join(Uint8Array.from([(field << 3) | 2, ...varint(value.length)]), value);
  const share = (i) => join(blob(1, bytes(`realm_id_${i}`)), uint(2, i), blob(3, bytes(`masked_share_${i}`)));
  const config = join(
    uint(1, 1), blob(2, text(example.tenant)), blob(3, text(example.account)), blob(4, text(example.record)), uint(5, 2),
    ...realms.map((i) => blob(6, share(i))),
    blob(7, bytes('salt')), uint(8, 65536), uint(9, 3), uint(10, 1), uint(11, 10), uint(12, 1));
  is(config, 'config');
  is(sha256(config), 'config_sha256');
});

test('what comes from s', () => {
  const digest = bytes('config_sha256');
  is(hkdf(bytes('s'), join(text('labyrinth-recovery/v1/commit'), digest)), 'commitment');
  is(hkdf(bytes('s'), join(text('labyrinth-recovery/v1/enc'), digest)), 'k_enc');
  for (const i of realms) {
    const info = join(text('labyrinth-recovery/v1/unlock'), bytes(`realm_id_${i}`), version);
    const key = int((number(hkdf(bytes('s'), info, 48)) % (order - 1n)) + 1n, 32);
    is(key, `unlock_private_key_${i}`);
    const spki = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
    is(join(spki, p256.getPublicKey(key, false)), `unlock_public_key_${i}`);
  }
});

test('signed bytes', () => {
  const scope = [lp(bytes('realm_id_1')), ...names];
  const record = lp(text(example.record));
  is(join(lp(text('labyrinth-recovery/v1/unlock')), ...scope, record, version, bytes('challenge')), 'unlock_bytes_1');
  is(join(record, version), 'activate_body');
  is(
    join(lp(text('labyrinth-recovery/v1/request')), ...scope, lp(text('activate')), lp(bytes('challenge')),
      sha256(bytes('activate_body'))),
    'activate_bytes_1');
  const key = createPublicKey({ key: Buffer.from(bytes('unlock_public_key_1')), format: 'der', type: 'spki' });
  const signature = { key, dsaEncoding: 'ieee-p1363' };
  assert.ok(verify('sha256', bytes('unlock_bytes_1'), signature, bytes('unlock_signature_1')));
});

test('the sealed secret opens', () => {
  const sealed = bytes('sealed_secret');
  const open = createDecipheriv('aes-256-gcm', bytes('k_enc'), sealed.slice(0, 12));
  open.setAAD(bytes('config_sha256'));
  open.setAuthTag(sealed.slice(-16));
  const padded = Buffer.concat([open.update(sealed.slice(12, -16)), open.final()]);
  assert.equal(padded.length, 1026);
  const size = padded.readUInt16BE(0);
  is(padded.subarray(2, 2 + size), 'secret');
  assert.ok(padded.subarray(2 + size).every((byte) => byte === 0));
});
