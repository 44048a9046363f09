// What the conditions of all realms come to: docs/protocol.md, "What a realm says is a claim".
import { RecoveryError } from '../errors.js';
import type { RealmReport } from '../types.js';
import { realmsThatAre } from './report.js';

export type Verdict =
  | 'enough'          // go on
  | 'locked'          // enough once the locked ones take guesses again
  | 'too-few-realms'  // it depends on realms that could not be reached
  | 'refused'         // it depends on realms that answered otherwise, or too few say the same of why
  | 'used-up' | 'destroyed' | 'not-registered';  // so many realms say it that it is so

/** So many realms say the same that it is believed, and that too few are left for the opposite. */
export function realmsThatSettle(realms: number, threshold: number): number {
  return Math.max(threshold, realms < threshold ? 0 : realms - threshold + 1);
}

export function judge(reports: RealmReport[], threshold: number): Verdict {
  const count = (...conditions: Parameters<typeof realmsThatAre>[1][]) => realmsThatAre(reports, ...conditions).length;
  let possible = count('good', 'pending');
  if (possible >= threshold) return 'enough';
  possible += count('locked');
  if (possible >= threshold) return 'locked';
  possible += count('unreachable', 'late');
  if (possible >= threshold) return 'too-few-realms';
  possible += count('refused', 'faulty', 'outdated');
  if (possible >= threshold) return 'refused';
  const needed = realmsThatSettle(reports.length, threshold);
  if (count('destroyed') >= needed) return 'destroyed';
  if (count('not-registered') >= needed) return 'not-registered';
  return count('destroyed', 'spent') >= needed ? 'used-up' : 'refused';
}

/** When enough realms take guesses again; for 'locked'. */
export function enoughAt(reports: RealmReport[], threshold: number): Date {
  const times = reports.flatMap(({ condition, lockedUntil }) =>
    condition === 'good' ? [0] : condition === 'locked' ? [lockedUntil?.getTime() ?? 0] : []).sort((a, b) => a - b);
  return new Date(times[threshold - 1] ?? 0);
}

export const COUNTED = '; realms that did answer may have counted a try';

/** The error of a verdict that is one. */
export function verdictError(verdict: Verdict, reports: RealmReport[], threshold: number, counted = false): RecoveryError {
  const tail = counted ? COUNTED : '';
  if (verdict !== 'refused') {
    const why = realmsThatAre(reports, 'unreachable', 'late').map((i) => `; ${reports[i]!.message ?? ''}`).join('');
    const good = realmsThatAre(reports, 'good').length;
    return new RecoveryError('unavailable', `too few realms: ${threshold} of ${reports.length} must answer, ${good} did${why}${tail}`, reports, counted, true);
  }
  const refused = reports.find(({ condition }) => condition === 'refused');
  if (refused) return new RecoveryError(refused.code ?? 'unknown', (refused.message ?? 'refused') + tail, reports, counted);
  const claims = realmsThatAre(reports, 'spent', 'destroyed', 'not-registered').map((i) => `realm ${reports[i]!.name} says ${reports[i]!.condition}`);
  const message = claims.length > 0
    ? `too few realms are left to give the record, and too few say the same of why to believe it: ${claims.join(', ')}. One of them does not tell the truth, or missed a change; ask their operators`
    : ['the realms do not agree on one version of the record: a registration was not completed, or realms are faulty; seal again from an enrolled device',
      ...reports.flatMap(({ message }) => (message === undefined ? [] : [message]))].join('; ');
  return new RecoveryError('failed_precondition', message + tail, reports, counted);
}
