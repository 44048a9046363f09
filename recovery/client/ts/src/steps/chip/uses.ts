// Which uses of a chip's key a client can explain, before it lets more be made: docs/protocol.md, "Before a refill".
import type { CallError } from '../../errors.js';
import type { Counter } from './tpm.js';

/** Guesses since the last success that a realm says it counted, this one included: of those that evaluated. */
export type Tries = Map<number, number>;

/** What the chip certified: uses since its latest refill, and those of them that nobody but the realm explains. */
export interface ChipUses {
  counted: number;
  unexplained: number;
}

/**
 * This recovery's evaluation, and either the person's own tries, or those that the realm counted and that so many realms say
 * as well (T, and two at least) that one of them does not lie.
 */
export function explainedUses(tries: Tries, threshold: number, realm: number, ownTries: number): number {
  const said = [...tries.values()].sort((a, b) => b - a);
  const witnessed = said[Math.max(threshold, 2) - 1] ?? 0;
  const own = tries.get(realm);
  return Math.max((own === undefined ? 0 : 1) + ownTries, Math.min(own ?? 0, witnessed));
}

/** The limit of the latest refill is its count then and the guess limit: so the uses since are known without a memory. */
export function usesOf({ count, limit }: Counter, guessLimit: number, explained: number): ChipUses {
  if (limit <= guessLimit || limit - guessLimit > count) throw new RangeError('its index was retired');
  const counted = count - (limit - guessLimit);
  return { counted, unexplained: Math.max(0, counted - explained) };
}

export function unexplained(realm: string, { counted, unexplained: uses }: ChipUses): Pick<CallError, 'code' | 'message'> {
  return {
    code: 'failed_precondition',
    message: `the chip of realm ${realm} has counted ${counted} guesses since it last gave them back, and ${uses} of them are neither this recovery ` +
      "nor known to the other realms: whoever has that realm's host may have tried PINs. No guesses were given back there. If these tries were the " +
      'person\'s, say so (ownTries); if not, change the PIN and leave that realm out',
  };
}
