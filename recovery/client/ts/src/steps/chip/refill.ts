import { i2osp, join, lp, random, sameBytes, type Bytes } from '../../bytes.js';
import { CallError, faulty } from '../../errors.js';
import type { Authority } from '../../pin/authority.js';
import { sha256 } from '../../pin/curve.js';
import { BeginChipWrite, FinishChipWrite, GetIdentity } from '../../realms/methods.js';
import type { RealmSet } from '../../realms/realm_set.js';
import { become } from '../../realms/report.js';
import type { RealmReport, RecoverOptions } from '../../types.js';
import type { Group } from '../group.js';
import { explainedUses, unexplained, usesOf, type Tries } from './uses.js';
import { attestationKey, indexName, readContents, writeAuthorization, type Counter } from './tpm.js';

/** What a refill came to: the guesses that are left, or the uses that nobody explains; then nothing was signed. */
type Refilled = { left: number } | { counted: number; unexplained: number };

/**
 * Sees by the chip's own statement what it has counted, and where all of that is explained lets it count up to the guess
 * limit more: believed only by another statement. The count stays, so that what is signed grants nothing beyond this limit,
 * however late or often it is used. The attestation key is known by the config, which the secret binds.
 */
async function refillAt(realms: RealmSet, realm: number, group: Group, authority: Authority, explained: number, signal: AbortSignal): Promise<Refilled> {
  const channel = realms.at(realm);
  const { realmId, tenant, account } = realms.scope(realm);
  const { record, version } = authority;
  const { index, akName } = group.config.realms.find((share) => sameBytes(share.realmId, realmId))!.chip!;
  const unproven = (error: unknown) => (error instanceof CallError ? error
    : faulty(channel.name, `does not prove that its chip gives the guesses back: ${error instanceof Error ? error.message : String(error)}`));
  try {
    const { identity } = await channel.call(GetIdentity, {}, signal);
    const key = await attestationKey(identity, akName);
    const name = await indexName(index, await authority.publicKey(realmId));
    const label = 'labyrinth-recovery/v1/attest/record';
    const held = async (contents: Bytes, nonce: Bytes): Promise<Counter> => readContents(contents, key,
      await sha256(join(lp(label), lp(realmId), lp(tenant), lp(account), lp(record), i2osp(version, 4), nonce)), name);
    const asked = random(32);
    const { session, nonceTpm, contents } = await channel.call(BeginChipWrite, { record, version, nonce: asked }, signal);
    const before = await held(contents, asked);
    const uses = usesOf(before, group.config.guessLimit, explained);
    if (uses.unexplained > 0) return uses;
    const limit = before.count + group.config.guessLimit;
    const signature = await authority.sign(realmId, await writeAuthorization(nonceTpm, name, limit));
    const nonce = random(32);
    const written = await channel.call(FinishChipWrite, { record, version, session, limit, signature, nonce }, signal);
    const after = await held(written.contents, nonce);
    if (after.limit !== limit || after.count < before.count) throw new RangeError('the index holds something else');
    return { left: Math.max(0, after.limit - after.count) };
  } catch (error) {
    throw unproven(error);
  }
}

/**
 * Gives the guesses back at the realms whose chip counts and that unlocked the version. A realm that does not prove it
 * becomes 'faulty'; one that cannot be asked now, or whose chip has counted uses that nobody explains, has its error in
 * the report, and what was spent stays spent there.
 */
export async function refillChips(realms: RealmSet, group: Group, authority: Authority, tries: Tries, reports: RealmReport[], options: RecoverOptions): Promise<void> {
  const asked = group.members.map(({ realm }) => realm).filter((realm) => reports[realm]!.condition === 'good' &&
    group.config.realms.some(({ realmId, chip }) => chip && sameBytes(realmId, realms.at(realm).id)));
  if (asked.length === 0) return;
  options.onStep?.({ name: 'refill' });
  const answers = await realms.gather(asked, (realm, signal) =>
    refillAt(realms, realm, group, authority, explainedUses(tries, group.config.threshold, realm, options.ownTries ?? 0), signal), { signal: options.signal });
  answers.forEach((answer, i) => {
    const report = reports[asked[i]!]!;
    if (answer.ok && 'left' in answer.value) return void (report.remaining = answer.value.left);
    delete report.remaining;
    if (!answer.ok) return become(report, answer.error.code === 'data_loss' ? 'faulty' : 'good', answer.error);
    report.chip = answer.value as { counted: number; unexplained: number };
    become(report, 'good', unexplained(report.name, report.chip));
  });
}
