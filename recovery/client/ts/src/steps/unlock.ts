import type { Bytes } from '../bytes.js';
import { CallError, RecoveryError } from '../errors.js';
import type { Authority } from '../pin/authority.js';
import { openSecret } from '../pin/keys.js';
import { Activate, BeginUnlock, Unlock } from '../realms/methods.js';
import type { RealmSet } from '../realms/realm_set.js';
import { activateBody, unlockBytes } from '../realms/request_bytes.js';
import { become, failed } from '../realms/report.js';
import type { Call, Floor, RealmReport } from '../types.js';
import type { UnlockAnswer } from '../wire/messages.js';
import { checkFloor, highestFirst } from './floor.js';
import { digestOf, memberAt, type Group } from './group.js';
import { signedCall } from './signed_call.js';

export interface Opened {
  secret: Bytes;
  floors: Floor[];
}

async function unlockWith(realms: RealmSet, realm: number, authority: Authority, challenge: Bytes, signal: AbortSignal): Promise<UnlockAnswer> {
  const { record, version } = authority;
  const message = unlockBytes(realms.scope(realm), record, version, challenge);
  const signature = await authority.sign(realms.at(realm).id, message);
  return realms.at(realm).call(Unlock, { record, version, challenge, signature }, signal);
}

/** With this challenge; with a new one if there is none or it is used up: it expired, or the answer was lost. */
export async function unlockAt(realms: RealmSet, realm: number, authority: Authority, challenge: Bytes | undefined, signal: AbortSignal): Promise<UnlockAnswer> {
  if (challenge) {
    try {
      return await unlockWith(realms, realm, authority, challenge, signal);
    } catch (error) {
      if (!(error instanceof CallError) || error.code === 'canceled') throw error;
    }
  }
  const { record, version } = authority;
  const begun = await realms.at(realm).call(BeginUnlock, { record, version }, signal);
  return unlockWith(realms, realm, authority, begun.challenge, signal);
}

/** Whether the realm has the version, though it did not evaluate. */
const isLeftToRefill = ({ condition }: RealmReport) => ['late', 'locked', 'spent'].includes(condition);

/**
 * Unlocks the version at every member that evaluated, or was late to, or takes none, which refills its guesses, and opens
 * the sealed secret. Throws data_loss if no realm gives one that opens.
 */
export async function unlockAll(realms: RealmSet, group: Group, authority: Authority, challenges: Map<number, Bytes>, reports: RealmReport[], call: Call): Promise<Opened> {
  const digest = await digestOf(group);
  const asked = group.members.map(({ realm }) => realm).filter((realm) => isLeftToRefill(reports[realm]!) || challenges.has(realm));
  call.onStep?.({ name: 'unlock' });
  const answers = await realms.gather(asked, async (realm, signal) => {
    const answer = await unlockAt(realms, realm, authority, challenges.get(realm), signal);
    return { answer, secret: answer.unlocked && (await openSecret(answer.unlocked.sealedSecret, authority.s, digest)) };
  }, { signal: call.signal, enough: (soFar) => soFar.some((each) => each?.ok && each.value.secret) });
  const floors: Floor[] = [];
  let secret: Bytes | undefined;
  for (const [i, given] of answers.entries()) {
    const realm = asked[i]!;
    const report = reports[realm]!;
    if (!given.ok) {
      if (report.condition !== 'faulty') failed(report, given.error);
      continue;
    }
    if (isLeftToRefill(report)) become(report, 'good');
    const { unlocked, destroyed } = given.value.answer;
    if (!unlocked) {
      become(report, destroyed ? 'destroyed' : 'not-registered');
      continue;
    }
    if (given.value.secret) report.remaining = unlocked.remaining;
    else become(report, 'faulty', { code: 'data_loss', message: `realm ${report.name} gave a sealed secret that the record's key does not open` });
    secret ??= given.value.secret;
    if (!unlocked.floor) continue;
    try {
      floors.push(await checkFloor(realms, realm, authority.record, unlocked.floor));
    } catch (error) {
      failed(report, error as CallError);
    }
  }
  if (secret) return { secret, floors: highestFirst(floors) };
  throw new RecoveryError('data_loss',
    'the PIN is right, but no realm gave a sealed secret that opens; try again, and if it stays so, seal the secret again from a device that has it', reports);
}

/** Activates the version where it is only pending and the realm just unlocked it. Best effort. */
export async function finishActivation(realms: RealmSet, group: Group, authority: Authority, reports: RealmReport[], call: Call): Promise<void> {
  const { record, version } = authority;
  const pending = group.members.map(({ realm }) => realm)
    .filter((realm) => reports[realm]!.condition === 'good' && memberAt(group, realm)!.stage === 'pending');
  const body = activateBody(record, version);
  const answers = await realms.gather(pending, (realm, signal) =>
    signedCall(realms, realm, Activate, { operation: 'activate', body, signer: authority }, { record, version }, signal), { signal: call.signal });
  answers.forEach((answer, i) => {
    if (!answer.ok) become(reports[pending[i]!]!, 'pending', answer.error);
  });
}
