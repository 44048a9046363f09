import type { RealmReport } from './types.js';

/** Connect's codes, which are gRPC's: recovery.proto says what each means here. */
export const codes = [
  'canceled', 'unknown', 'invalid_argument', 'deadline_exceeded', 'not_found', 'already_exists',
  'permission_denied', 'resource_exhausted', 'failed_precondition', 'aborted', 'out_of_range', 'unimplemented',
  'internal', 'unavailable', 'data_loss', 'unauthenticated',
] as const;
export type Code = (typeof codes)[number];

/** What decides nothing: an operation that did not come to an outcome. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';
  constructor(
    readonly code: Code,
    message: string,
    /** What is known of each realm; empty where the call was refused before any was asked. */
    readonly realms: RealmReport[] = [],
    /** Whether realms that did answer may have counted a try. */
    readonly triesMayBeSpent = false,
    /** Whether it depends on realms that could not be reached: try again when they are there. */
    readonly tooFewRealms = false,
  ) {
    super(message);
  }
}

/** One call at one realm that failed. Stays inside the library; reports carry its code and message. */
export class CallError extends Error {
  override readonly name = 'CallError';
  constructor(
    readonly code: Code,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The realm answered something that no honest realm does. */
export function faulty(realm: string, does: string): CallError {
  return new CallError('data_loss', `realm ${realm} ${does}; do not rely on it`);
}

export function invalid(message: string): RecoveryError {
  return new RecoveryError('invalid_argument', message);
}
