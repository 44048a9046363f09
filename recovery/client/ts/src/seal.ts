import { random, wipe, type Bytes } from './bytes.js';
import { invalid, RecoveryError } from './errors.js';
import { chipCount, greatestLimit, isGoodCost, MOST_GUESSES, smallestTotal, type Config } from './pin/config.js';
import { Activate, BeginRegistration, BeginUnlock, FinishRegistration, Unlock } from './realms/methods.js';
import { wait } from './realms/realm_channel.js';
import type { RealmSet } from './realms/realm_set.js';
import { realmsThatAre } from './realms/report.js';
import type { Signer } from './realms/request_bytes.js';
import { judge, realmsThatSettle, verdictError } from './realms/tally.js';
import type { ArgonCost, KnownPin, RealmReport, Sealed, SealOptions, Stretch } from './types.js';
import { decode } from './wire/codec.js';
import { RecordConfig } from './wire/messages.js';
import { chooseVersion } from './steps/next_version.js';
import { Registration } from './steps/registration.js';
import { takeSurvey, type Survey } from './steps/survey.js';
import { tryPin, type PinTrial } from './steps/try_pin.js';
import { warmUpFor } from './steps/warm.js';

const ATTEMPTS = 6;
const COST = { memoryKib: 65536, passes: 3, lanes: 1 };

export interface SealRequest {
  record: string;
  pin: Bytes;
  secret: Uint8Array;
  threshold: number;
  guessLimit: number;
  everyRealm: boolean;
  signerAt: (realm: number) => Signer;
  /** The old PIN was given: it need not be tried whether the new one is the same. */
  recovered: boolean;
  options: SealOptions;
}

/** The limit of each realm that these options come to; throws invalid_argument, saying what would do. */
export function guessLimitOf(realms: number, threshold: number, options: SealOptions): number {
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > realms) throw invalid(`threshold ${threshold} is none of ${realms} realms`);
  const { guessLimit, totalGuesses = 10, againstCorruptRealms = false } = options;
  if (guessLimit !== undefined) {
    if (Number.isInteger(guessLimit) && guessLimit >= 1 && guessLimit <= MOST_GUESSES) return guessLimit;
    throw invalid(`guess limit ${guessLimit}; 1 to ${MOST_GUESSES} are accepted`);
  }
  const limit = greatestLimit(realms, threshold, totalGuesses, againstCorruptRealms);
  if (limit >= 1) return Math.min(limit, MOST_GUESSES);
  throw invalid(`a total of ${totalGuesses} guesses leaves none for each of ${realms} realms, any ${threshold} of which bring the secret ` +
    `back: allow at least ${smallestTotal(realms, threshold, againstCorruptRealms)}, or take a greater threshold`);
}

/** A browser cannot have a chip prove what it has to before a version that it counts is sealed. */
function checkEnforcement(survey: Survey, trial: PinTrial, options: SealOptions): void {
  if (options.enforcement === 'ledger') return;
  const configs: Config[] = trial.before ? [trial.before.config] : survey.offers.flatMap(({ config }) => {
    try {
      return [decode(RecordConfig, config)];
    } catch {
      return [];
    }
  });
  if (!configs.some((config) => chipCount(config) > 0)) return;
  throw chipsWouldEnd(survey.reports);
}

export function chipsWouldEnd(reports: RealmReport[]): RecoveryError {
  return new RecoveryError('failed_precondition',
    "chips count this record's guesses, and this client cannot have them prove that they go on: do it with labyrinth-recover, or give that up (enforcement: 'ledger')", reports);
}

function versionAfter(realms: RealmSet, survey: Survey, threshold: number, leastHolders: number): { version: number; outliers: number[] } {
  // For a new version it does not matter what became of the old one.
  const reports = survey.reports.map((report) => ({ ...report }));
  const highest = realms.all().map((i) => {
    if (['unreachable', 'refused', 'late'].includes(reports[i]!.condition)) return undefined;
    reports[i]!.condition = 'good';
    return survey.highest[i];
  });
  const verdict = judge(reports, leastHolders);
  if (verdict !== 'enough') throw verdictError(verdict, reports, leastHolders);
  return chooseVersion(highest, threshold);
}

export async function seal(realms: RealmSet, request: SealRequest, stretch: Stretch): Promise<Sealed> {
  const { record, pin, secret, threshold, options } = request;
  const cost = options.cost ?? COST;
  if (secret.length < 1 || secret.length > 1024) throw invalid(`the secret has ${secret.length} bytes; 1 to 1024 can be sealed`);
  const leastHolders = request.everyRealm ? realms.size : threshold;
  const least = { realms: Math.max(Math.floor(realms.size / 2) + 1, threshold), fromPerson: false };
  const salt = random(16);
  options.onStep?.({ name: 'survey' });
  if (!isGoodCost(cost)) throw invalid('what a guess costs: 8 KiB for each lane to 1 GiB, 1 to 64 passes, 1 to 16 lanes');
  warmUpFor(stretch);
  const stretching = stretch(pin, salt, cost, {
    ...(options.signal && { signal: options.signal }),
    onExpected: (expectedMs) => options.onStep?.({ name: 'stretch', expectedMs }),
  });
  stretching.catch(() => undefined);
  const signal = options.signal ?? new AbortController().signal;
  for (const channel of realms.channels) {
    // Who begins there waits for it. The others only then: a browser makes a connection of its own for each call that is
    // made before it knows that the realm speaks HTTP/2.
    channel.identify(signal).then(() => channel.preflight([BeginRegistration, FinishRegistration, Activate], signal), () => undefined);
  }
  let survey: Survey | undefined = await takeSurvey(realms, record, least, { until: 'all' }, options);
  if (survey.offers.length > 0) for (const channel of realms.channels) void channel.preflight([BeginUnlock, Unlock], signal);
  const trial: PinTrial = request.recovered ? { known: 'other' } : await tryPin(realms, survey, pin, stretch, options);
  if (!request.recovered) checkEnforcement(survey, trial, options);
  const stretched = Uint8Array.from(await stretching);
  try {
    for (let attempt = 0; ; ++attempt) {
      survey ??= await takeSurvey(realms, record, least, { until: 'all' }, options);
      try {
        return await attemptOne(realms, request, { ...versionAfter(realms, survey, threshold, leastHolders), leastHolders, salt, stretched, cost }, trial.known);
      } catch (error) {
        if (!(error instanceof RecoveryError) || error.code !== 'aborted' || attempt + 1 === ATTEMPTS) throw error;
        survey = undefined;
        await wait(Math.random() * 200 * 2 ** attempt, options.signal);
      }
    }
  } finally {
    wipe(stretched);
  }
}

async function attemptOne(
  realms: RealmSet, { record, threshold, guessLimit, secret, signerAt, options }: SealRequest,
  more: { version: number; outliers: number[]; leastHolders: number; salt: Bytes; stretched: Bytes; cost: ArgonCost }, known: KnownPin,
): Promise<Sealed> {
  const registration = new Registration(realms, { record, threshold, guessLimit, secret, signerAt, ...more }, options);
  await registration.begin();
  await registration.finish();
  // Nothing is taken back from a guesser where the PIN's owner was recognised, or where it is another PIN.
  await registration.activate(known === 'same' || known === 'other');
  const active = realmsThatAre(registration.reports, 'good').length;
  return {
    version: more.version, threshold, guessLimit, holders: registration.holders,
    complete: active >= realmsThatSettle(realms.size, threshold), pin: known, realms: registration.reports,
  };
}
