// RFC 9497, mode OPRF, suite P256-SHA256. Not constant in time: docs/web.md says what that means.
import { bytesOf, i2osp, join, lp, utf8, type Bytes } from '../bytes.js';
import { hashToCurve, ORDER, Point, randomScalar, sha256, toNumber } from './curve.js';

const DST = join(utf8('HashToGroup-OPRFV1-'), new Uint8Array(1), utf8('-P256-SHA256'));

export interface Blinded {
  blind: Bytes;
  element: Bytes;
}

/** What is evaluated: docs/protocol.md, "PIN hardening". */
export function oprfInput(name: { tenant: string; account: string; record: string }, version: number, stretched: Uint8Array): Bytes {
  return join(lp('labyrinth-recovery/v1/pin'), lp(name.tenant), lp(name.account), lp(name.record), i2osp(version, 4), stretched);
}

export async function blind(input: Uint8Array, scalar: bigint = randomScalar()): Promise<Blinded> {
  const element = (await hashToCurve(input, DST)).multiply(scalar);
  return { blind: i2osp(scalar, 32), element: bytesOf(element.toBytes(true)) };
}

/** rho; throws for an answer that is no compressed point on the curve. */
export async function finalize(input: Uint8Array, blinded: Blinded, evaluated: Uint8Array): Promise<Bytes> {
  if (evaluated.length !== 33) throw new RangeError('not a compressed point');
  const point = Point.fromBytes(evaluated);
  point.assertValidity();
  const unblinded = point.multiply(Point.Fn.inv(toNumber(blinded.blind))).toBytes(true);
  return sha256(join(lp(input), lp(unblinded), utf8('Finalize')));
}

/** Random, and of no input. */
export function randomElement(): Bytes {
  return bytesOf(Point.BASE.multiply(randomScalar()).toBytes(true));
}

let warmed: Promise<Bytes> | undefined;

/** Makes the tables that the first use makes, once, and has the engine compile what is slow until it is. Draws nothing. */
export async function warmUpCurve(): Promise<void> {
  const scalar = ORDER / 3n;
  const input = new Uint8Array(1);
  warmed ??= blind(input, scalar).then((blinded) => (Point.BASE.multiply(scalar), finalize(input, blinded, blinded.element)));
  await warmed;
}
