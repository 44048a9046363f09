// P-256 and its hash_to_curve, P256_XMD:SHA-256_SSWU_RO_ of RFC 9380: field, group and map are @noble/curves', SHA-256 is
// WebCrypto's. noble's ready-made p256 would bring its own hashes and ECDSA into every bundle.
import { mapToCurveSimpleSWU } from '@noble/curves/abstract/hash-to-curve.js';
import { weierstrass } from '@noble/curves/abstract/weierstrass.js';

import { bytesOf, i2osp, join, type Bytes } from '../bytes.js';

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const A = P - 3n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export const Point = /* @__PURE__ */ weierstrass({
  p: P, n: ORDER, h: 1n, a: A, b: B,
  Gx: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  Gy: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
});
export type Point = InstanceType<typeof Point>;

let map: ReturnType<typeof mapToCurveSimpleSWU<bigint>> | undefined;

export function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** 1..n-1 from so many bytes that their bias does not matter. */
export function toScalar(wide: Uint8Array): bigint {
  return (toNumber(wide) % (ORDER - 1n)) + 1n;
}

/** Each of 1..n-1 as likely: 48 bytes leave a bias of 2^-128. */
export function randomScalar(): bigint {
  return toScalar(crypto.getRandomValues(new Uint8Array(48)));
}

export async function sha256(data: Bytes): Promise<Bytes> {
  return bytesOf(await crypto.subtle.digest('SHA-256', data));
}

/** RFC 9380, 5.3.1: 96 bytes. */
async function expandMessage(message: Uint8Array, dst: Uint8Array): Promise<Bytes> {
  const suffix = join(dst, i2osp(dst.length, 1));
  const first = await sha256(join(new Uint8Array(64), message, i2osp(96, 2), new Uint8Array(1), suffix));
  const blocks = [await sha256(join(first, i2osp(1, 1), suffix))];
  for (let i = 2; i <= 3; ++i) {
    const before = blocks.at(-1)!;
    blocks.push(await sha256(join(first.map((byte, j) => byte ^ before[j]!), i2osp(i, 1), suffix)));
  }
  return join(...blocks);
}

/** RFC 9380, 5.2 and 3: two field elements, mapped and added. The DST has at most 255 bytes. */
export async function hashToCurve(message: Uint8Array, dst: Uint8Array): Promise<Point> {
  const uniform = await expandMessage(message, dst);
  map ??= mapToCurveSimpleSWU<bigint>(Point.Fp, { A, B, Z: P - 10n });
  const [one, two] = [map(toNumber(uniform.subarray(0, 48)) % P), map(toNumber(uniform.subarray(48)) % P)];
  return Point.fromAffine(one).add(Point.fromAffine(two));
}
