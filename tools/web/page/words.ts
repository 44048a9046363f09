// Outcomes in words that a person can act on.
import type { Condition, RealmReport, Recovery, Sealed } from '@labyrinth-recovery/client';
import { RecoveryError } from '@labyrinth-recovery/client';

export type Kind = 'quiet' | 'good' | 'bad' | 'wait';
export interface Said {
  kind: Kind;
  text: string;
}

export const conditions: Record<Condition, string> = {
  good: 'took part',
  pending: 'holds it, not activated yet',
  faulty: 'answered wrongly',
  outdated: 'does not hold this version',
  locked: 'waits after wrong tries',
  spent: 'no try left',
  destroyed: 'has destroyed its keys',
  'not-registered': 'holds nothing',
  refused: 'refused',
  unreachable: 'cannot be reached',
  late: 'was not waited for',
};

export const tries = (left: number): string => (left === 1 ? 'one try is left: after it the key is gone for good' : `${left} tries are left`);
const clock = (date: Date): string => date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const names = (reports: RealmReport[], ...wanted: Condition[]): string =>
  reports.filter(({ condition }) => wanted.includes(condition)).map(({ name }) => name).join(', ');

export function ofRecovery(outcome: Recovery): Said {
  switch (outcome.outcome) {
    case 'recovered': {
      const away = names(outcome.realms, 'unreachable', 'late');
      return { kind: 'good', text: `The key is back, and all tries are yours again.${away ? ` It came back without ${away}.` : ''}` };
    }
    case 'wrong-pin':
      if (outcome.activeVersion !== undefined) {
        return { kind: 'bad', text: `That PIN is not right for the newest version, which no device has confirmed. If you did not set a new PIN, enter yours again: the version before is tried, at another try of ${outcome.triesLeft}.` };
      }
      return { kind: 'bad', text: outcome.triesLeft > 0 ? `That PIN is not right: ${tries(outcome.triesLeft)}.` : 'That PIN was not right, and no try is left: the realms have destroyed the key.' };
    case 'locked':
      return { kind: 'wait', text: `After so many wrong tries the realms wait: the next one is taken at ${clock(outcome.until)}. No try was spent.` };
    case 'used-up':
    case 'destroyed':
      return { kind: 'bad', text: 'No PIN brings this key back any more: its tries are used up, and the realms have destroyed it. A device that still has the key can seal it again.' };
    case 'not-registered':
      return { kind: 'quiet', text: 'Nothing is sealed for this account yet.' };
  }
}

export function ofSealed(sealed: Sealed, thiefTries: number): Said {
  if (!sealed.complete) return { kind: 'wait', text: 'Too few realms have confirmed it: seal the key again when all can be reached.' };
  return { kind: 'good', text: `Sealed at ${sealed.holders} realms; any ${sealed.threshold} bring it back. You have ${sealed.guessLimit} tries, a thief with your session at most ${thiefTries}.` };
}

export function ofEnrolment(reports: RealmReport[]): Said {
  const refused = reports.find(({ condition }) => condition === 'refused');
  if (reports.every(({ condition }) => condition === 'good')) return { kind: 'good', text: `This browser is enrolled at ${reports.length} realms.` };
  return { kind: 'bad', text: refused?.code === 'permission_denied' ? 'This account has a device already. Recover the key with its PIN first: that vouches for this browser. If none is sealed yet, seal it on that device.' : refused ? `A realm refused this browser: ${refused.message ?? ''}` : `This browser could not be enrolled at ${names(reports, 'unreachable', 'late')}: try again.` };
}

export function ofError(error: unknown): Said {
  if (!(error instanceof RecoveryError)) return { kind: 'bad', text: `That did not work: ${error instanceof Error ? error.message : String(error)}` };
  const counted = error.triesMayBeSpent ? ' A try may have been counted.' : ' No try was spent.';
  if (error.tooFewRealms) return { kind: 'bad', text: `Too few realms can be reached (not ${names(error.realms, 'unreachable', 'late')}). The key is safe: try again later.${counted}` };
  if (error.code === 'permission_denied') return { kind: 'bad', text: 'The realms do not know this browser: enrol it first.' };
  if (error.code === 'invalid_argument') return { kind: 'bad', text: `${error.message}.` };
  return { kind: 'bad', text: `${error.message}.${counted}` };
}
