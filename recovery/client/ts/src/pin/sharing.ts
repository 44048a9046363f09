// Shamir's scheme over GF(2^8), polynomial 0x11B, each byte on its own: docs/protocol.md, "Threshold over realms".
import { random, sameBytes, type Bytes } from '../bytes.js';
import { commit } from './keys.js';

export interface Share {
  x: number;
  bytes: Bytes;
}

function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; ++bit) {
    product ^= a & -((b >> bit) & 1);
    a = (a << 1) ^ (0x11b & -(a >> 7));
  }
  return product;
}

/** 1 / a = a^254. */
function inverse(a: number): number {
  let power = a;
  for (let i = 0; i < 6; ++i) power = times(times(power, power), a);
  return times(power, power);
}

export function split(secret: Uint8Array, threshold: number, count: number, draw: (size: number) => Bytes = random): Share[] {
  const coefficients = [Uint8Array.from(secret)];
  for (let i = 1; i < threshold; ++i) coefficients.push(draw(secret.length));
  return Array.from({ length: count }, (_, i) => {
    const value = new Uint8Array(secret.length);
    for (const coefficient of coefficients.toReversed()) {
      value.forEach((byte, j) => (value[j] = times(byte, i + 1) ^ coefficient[j]!));
    }
    return { x: i + 1, bytes: value };
  });
}

/** The polynomials' values at x. */
export function interpolate(shares: Share[], x: number): Bytes {
  const value = new Uint8Array(shares[0]!.bytes.length);
  for (const { x: xi, bytes } of shares) {
    let weight = 1;
    for (const { x: xj } of shares) if (xj !== xi) weight = times(weight, times(x ^ xj, inverse(xi ^ xj)));
    bytes.forEach((byte, j) => (value[j]! ^= times(byte, weight)));
  }
  return value;
}

function* subsets<T>(of: T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) yield [];
  for (let i = from; size > 0 && i + size <= of.length; ++i) {
    for (const rest of subsets(of, size - 1, i + 1)) yield [of[i]!, ...rest];
  }
}

export interface Found {
  s: Bytes;
  /** The x of answers that do not lie on the polynomials of the others. */
  faulty: number[];
}

/** Tries the subsets of so many shares until the commitment fits one; undefined: it fits none. */
export async function findSecret(shares: Share[], threshold: number, commitment: Uint8Array, digest: Bytes): Promise<Found | undefined> {
  if (shares.length < threshold) return undefined;
  for (const chosen of subsets(shares, threshold)) {
    const s = interpolate(chosen, 0);
    if (!sameBytes(await commit(s, digest), commitment)) continue;
    return { s, faulty: shares.filter(({ x, bytes }) => !sameBytes(interpolate(chosen, x), bytes)).map(({ x }) => x) };
  }
  return undefined;
}
