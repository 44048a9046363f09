import type { Bytes } from './bytes.js';
import { RecoveryError } from './errors.js';
import { argonCost, chipCount, greatestLimit, testablePins, type Config } from './pin/config.js';
import type { RealmSet } from './realms/realm_set.js';
import type { DeviceKey, PinChange, RecoverOptions, SealOptions, Stretch } from './types.js';
import { recoverGroup } from './recover.js';
import { refillChips } from './steps/chip/refill.js';
import { memberAt } from './steps/group.js';
import { chipsWouldEnd, seal } from './seal.js';

/** The record's limit, or what keeps to its total of guesses now that the list has more realms. */
function keepGuessLimit(realms: number, config: Config): number {
  const total = testablePins(config.realms.length, config.threshold, config.guessLimit);
  const limit = Math.min(config.guessLimit, greatestLimit(realms, config.threshold, total));
  if (limit > 0) return limit;
  throw new RecoveryError('failed_precondition',
    `the list has ${realms} realms now, and the ${total} PINs that can be tried at this record leave none for each of them: seal it again, with another threshold or total`);
}

export type PinChangeOptions = RecoverOptions & Pick<SealOptions, 'everyRealm' | 'enforcement'>;

/**
 * Recovers with the old PIN and registers the same secret under the new one, signed by the old version's unlock keys, or
 * by the device where a realm does not hold that version.
 */
export async function changePin(realms: RealmSet, record: string, oldPin: Bytes, newPin: Bytes, stretch: Stretch, device: DeviceKey | undefined, options: PinChangeOptions, onlyIfMissing = false): Promise<PinChange> {
  const outcome = await recoverGroup(realms, record, oldPin, stretch, options, false);
  if (!('recovered' in outcome)) return outcome;
  const { recovered, group, tries } = outcome;
  const { authority, realms: reports, secret } = recovered;
  try {
    // Nothing is to be healed where every realm holds the version and has activated it.
    if (onlyIfMissing && reports.every(({ condition }) => condition === 'good')) {
      const { version, threshold, guessLimit } = group.config;
      return { outcome: 'changed', version, threshold, guessLimit, holders: realms.size, complete: true, pin: 'same', realms: reports };
    }
    if (chipCount(group.config) > 0 && options.enforcement !== 'ledger') throw chipsWouldEnd(reports);
    const holds = (realm: number) => reports[realm]!.condition === 'good' && memberAt(group, realm) !== undefined;
    const sealed = await seal(realms, {
      record, pin: newPin, secret, threshold: group.config.threshold, guessLimit: keepGuessLimit(realms.size, group.config),
      everyRealm: options.everyRealm ?? true, signerAt: (realm) => (holds(realm) || !device ? authority : device),
      recovered: true, options: { ...options, cost: argonCost(group.config) },
    }, stretch);
    return { outcome: 'changed', ...sealed };
  } catch (error) {
    await refillChips(realms, group, authority, tries, reports, options);  // the old version stays
    throw error;
  } finally {
    secret.fill(0);
  }
}
