import { i2osp, join, lp, random, sameBytes } from '../../bytes.js';
import { CallError, faulty } from '../../errors.js';
import type { Authority } from '../../pin/authority.js';
import { sha256 } from '../../pin/curve.js';
import { BeginChipWrite, FinishChipWrite, GetIdentity } from '../../realms/methods.js';
import type { RealmSet } from '../../realms/realm_set.js';
import { become } from '../../realms/report.js';
import type { Call, RealmReport } from '../../types.js';
import type { Group } from '../group.js';
import { attestationKey, checkContents, counterOf, indexName, writeAuthorization } from './tpm.js';

/**
 * Has the chip set the version's count back to 0 of its limit, and believes it only by the chip's own statement. Signs
 * once, for just this write in just one session. The attestation key is known by the config, which the secret binds.
 */
async function refillAt(realms: RealmSet, realm: number, group: Group, authority: Authority, signal: AbortSignal): Promise<void> {
  const channel = realms.at(realm);
  const { realmId, tenant, account } = realms.scope(realm);
  const { record, version } = authority;
  const { index, akName } = group.config.realms.find((share) => sameBytes(share.realmId, realmId))!.chip!;
  const limit = group.config.guessLimit;
  const unproven = (error: unknown) => (error instanceof CallError ? error
    : faulty(channel.name, `does not prove that its chip gives the guesses back: ${error instanceof Error ? error.message : String(error)}`));
  try {
    const { identity } = await channel.call(GetIdentity, {}, signal);
    const key = await attestationKey(identity, akName);
    const name = await indexName(index, await authority.publicKey(realmId));
    const { session, nonceTpm } = await channel.call(BeginChipWrite, { record, version }, signal);
    const signature = await authority.sign(realmId, await writeAuthorization(nonceTpm, name, limit));
    const nonce = random(32);
    const { contents } = await channel.call(FinishChipWrite, { record, version, session, limit, signature, nonce }, signal);
    const label = 'labyrinth-recovery/v1/attest/record';
    const over = await sha256(join(lp(label), lp(realmId), lp(tenant), lp(account), lp(record), i2osp(version, 4), nonce));
    await checkContents(contents, key, over, name, counterOf(limit));
  } catch (error) {
    throw unproven(error);
  }
}

/**
 * Gives the guesses back at the realms whose chip counts and that unlocked the version. A realm that does not prove it
 * becomes 'faulty'; one that cannot be asked now has its error in the report, and what was spent stays spent there.
 */
export async function refillChips(realms: RealmSet, group: Group, authority: Authority, reports: RealmReport[], call: Call): Promise<void> {
  const asked = group.members.map(({ realm }) => realm).filter((realm) => reports[realm]!.condition === 'good' &&
    group.config.realms.some(({ realmId, chip }) => chip && sameBytes(realmId, realms.at(realm).id)));
  if (asked.length === 0) return;
  call.onStep?.({ name: 'refill' });
  const answers = await realms.gather(asked, (realm, signal) => refillAt(realms, realm, group, authority, signal), { signal: call.signal });
  answers.forEach((answer, i) => {
    const report = reports[asked[i]!]!;
    if (answer.ok) return void (report.remaining = group.config.guessLimit);
    delete report.remaining;
    become(report, answer.error.code === 'data_loss' ? 'faulty' : 'good', answer.error);
  });
}
