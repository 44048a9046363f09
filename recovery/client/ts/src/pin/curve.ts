// P-256 and its hash_to_curve, P256_XMD:SHA-256_SSWU_RO_ of RFC 9380: field and group are @noble/curves', SHA-256 is
// WebCrypto's. noble's ready-made p256 would bring its own hashes and ECDSA into every bundle, and its map those of all curves.
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

const Z = P - 10n;
let rootOfMinusZ: bigint | undefined;

/** RFC 9380, F.2.1.2, as P is 3 mod 4: a root of u / v, or of Z * u / v where that has none. */
function sqrtRatio(u: bigint, v: bigint): { square: boolean; root: bigint } {
  const { Fp } = Point;
  const product = Fp.mul(u, v);
  const root = Fp.mul(Fp.pow(Fp.mul(Fp.sqr(v), product), (P - 3n) / 4n), product);
  if (Fp.eql(Fp.mul(Fp.sqr(root), v), u)) return { square: true, root };
  rootOfMinusZ ??= Fp.sqrt(P - Z);
  return { square: false, root: Fp.mul(root, rootOfMinusZ) };
}

/** RFC 9380, F.2: the simplified SWU map, by its names. */
export function mapToCurve(u: bigint): Point {
  const { Fp } = Point;
  const tv1 = Fp.mul(Z, Fp.sqr(u));
  const tv2 = Fp.add(Fp.sqr(tv1), tv1);
  const tv3 = Fp.mul(B, Fp.add(tv2, 1n));
  const tv4 = Fp.mul(A, tv2 === 0n ? Z : Fp.neg(tv2));
  const squared = Fp.sqr(tv4);
  const cubed = Fp.mul(squared, tv4);
  const gx = Fp.add(Fp.mul(Fp.add(Fp.sqr(tv3), Fp.mul(A, squared)), tv3), Fp.mul(B, cubed));
  const { square, root } = sqrtRatio(gx, cubed);
  const x = square ? tv3 : Fp.mul(tv1, tv3);
  const y = square ? root : Fp.mul(Fp.mul(tv1, u), root);
  return Point.fromAffine({ x: Fp.div(x, tv4), y: (u & 1n) === (y & 1n) ? y : Fp.neg(y) });
}

/** RFC 9380, 5.2 and 3: two field elements, mapped and added. The DST has at most 255 bytes. */
export async function hashToCurve(message: Uint8Array, dst: Uint8Array): Promise<Point> {
  const uniform = await expandMessage(message, dst);
  return mapToCurve(toNumber(uniform.subarray(0, 48)) % P).add(mapToCurve(toNumber(uniform.subarray(48)) % P));
}
