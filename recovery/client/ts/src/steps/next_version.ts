import { RecoveryError } from '../errors.js';

const MOST_STEP = 65_536;

/**
 * The number of a new version, and the realms whose claim of the highest number is too far above the others' to follow.
 * A realm takes a number at most 65,536 above its own: one that lies could lead the numbers to their end.
 */
export function chooseVersion(highest: Array<number | undefined>, threshold: number): { version: number; outliers: number[] } {
  const claims = highest.flatMap((claim) => (claim === undefined ? [] : [claim])).sort((a, b) => b - a);
  const needed = Math.max(threshold, Math.floor(claims.length / 2) + 1);
  const led = claims.find((claim) => claim < 0xffffffff &&
    claims.filter((own) => own <= claim && claim - own < MOST_STEP).length >= needed);
  if (led === undefined) {
    throw new RecoveryError('failed_precondition',
      `the realms say that the record has versions up to ${claims[0] ?? 0}, and too few of them could follow: ` +
      'leave the realm out of the list that does not tell the truth, or delete the record');
  }
  return { version: led + 1, outliers: highest.flatMap((claim, i) => (claim !== undefined && claim > led ? [i] : [])) };
}
