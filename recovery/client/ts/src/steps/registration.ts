import { random, sameBytes, type Bytes } from '../bytes.js';
import { CallError, faulty, RecoveryError } from '../errors.js';
import { Authority } from '../pin/authority.js';
import { enforcementOf, type Config } from '../pin/config.js';
import { commit, maskShare, sealSecret, sha256 } from '../pin/keys.js';
import { randomScalar } from '../pin/curve.js';
import { blind, finalize, oprfInput } from '../pin/oprf.js';
import { split } from '../pin/sharing.js';
import { Activate, BeginRegistration, BeginUnlock, FinishRegistration, GetRecord } from '../realms/methods.js';
import type { RealmSet } from '../realms/realm_set.js';
import { become, failed, realmsThatAre } from '../realms/report.js';
import { activateBody, finishBody, type Signer } from '../realms/request_bytes.js';
import { judge, verdictError } from '../realms/tally.js';
import type { ArgonCost, Call, RealmReport } from '../types.js';
import { encode } from '../wire/codec.js';
import { RecordConfig } from '../wire/messages.js';
import { signedCall } from './signed_call.js';
import { unlockAt } from './unlock.js';

const BEGIN_LIMIT_MS = 120_000;

/** What a version of a record will be. */
export interface VersionPlan {
  record: string;
  version: number;
  threshold: number;
  guessLimit: number;
  /** How many realms must hold it before it is activated. */
  leastHolders: number;
  cost: ArgonCost;
  salt: Bytes;
  stretched: Bytes;
  secret: Uint8Array;
  signerAt: (realm: number) => Signer;
  outliers: number[];
}

interface Begun {
  registrationId: Bytes;
  rho: Bytes;
}

/**
 * One attempt to register one version at all realms: begin, finish, activate. Throws RecoveryError with 'aborted' if
 * another client registered at the same time: take a higher version and try again.
 */
export class Registration {
  readonly reports: RealmReport[];
  readonly authority: Authority;
  readonly #begun = new Map<number, Begun>();

  constructor(private readonly realms: RealmSet, private readonly plan: VersionPlan, private readonly call: Call) {
    this.reports = realms.all().map((i) => realms.report(i));
    this.authority = new Authority(random(32), plan.record, plan.version);
    for (const realm of plan.outliers) {
      const error = faulty(realms.at(realm).name, 'says that the record has a version number far above what the others say');
      become(this.reports[realm]!, 'faulty', error);
    }
  }

  get holders(): number {
    return realmsThatAre(this.reports, 'good', 'pending').length;
  }

  /** Throws unless so many realms hold it. */
  #demand(needed: number, contended: boolean): void {
    if (this.holders >= needed) return;
    if (contended) {
      throw new RecoveryError('aborted', `another client is registering record ${this.plan.record} at the same time; try again in a moment`, this.reports);
    }
    const wrong = this.reports.find(({ condition }) => condition === 'faulty');
    if (wrong) throw new RecoveryError(wrong.code ?? 'data_loss', wrong.message ?? 'a realm is faulty', this.reports);
    const verdict = judge(this.reports, needed);
    throw verdictError(verdict === 'refused' ? verdict : 'too-few-realms', this.reports, needed);
  }

  /** The version's key is made at every realm and the PIN evaluated under it, with two blinds that must agree. */
  async begin(): Promise<void> {
    this.call.onStep?.({ name: 'begin' });
    const asked = this.realms.all().filter((i) => this.reports[i]!.condition !== 'faulty');
    const answers = await this.realms.gather(asked, (i, signal) => this.#beginAt(i, signal), { limitMs: BEGIN_LIMIT_MS, signal: this.call.signal });
    let contended = false;
    answers.forEach((answer, i) => {
      const report = this.reports[asked[i]!]!;
      if (answer.ok) {
        this.#begun.set(asked[i]!, answer.value);
        return become(report, 'good');
      }
      contended ||= answer.error.code === 'aborted';
      failed(report, answer.error);
    });
    this.#demand(this.plan.leastHolders, contended);
  }

  async #beginAt(realm: number, signal: AbortSignal): Promise<Begun> {
    const channel = this.realms.at(realm);
    const { record, version, stretched } = this.plan;
    await channel.identify(signal);
    const scalars = [randomScalar(), randomScalar()] as const;
    const input = oprfInput(this.realms.name(record), version, stretched);
    const blinded = [await blind(input, scalars[0]), await blind(input, scalars[1])] as const;
    const elements = blinded.map(({ element }) => element);
    const answer = await channel.call(BeginRegistration, { record, version, elements }, signal)
      .catch((error: CallError) => this.#beginError(realm, error, signal));
    if (answer.evaluated.length !== 2 || answer.registrationId.length !== 16) {
      throw faulty(channel.name, 'did not answer two elements with two points and a registration id');
    }
    try {
      const rho = await finalize(input, blinded[0], answer.evaluated[0]!);
      const again = await finalize(input, blinded[1], answer.evaluated[1]!);
      if (sameBytes(rho, again)) return { registrationId: answer.registrationId, rho };
    } catch {
      // Not a point: it is faulty as well.
    }
    throw faulty(channel.name, 'evaluated the same PIN to two different results');
  }

  /** Where the number was taken meanwhile, the attempt was contended. */
  async #beginError(realm: number, error: CallError, signal: AbortSignal): Promise<never> {
    if (error.code !== 'failed_precondition') throw error;
    const answer = await this.realms.at(realm).call(GetRecord, { record: this.plan.record }, signal).catch(() => undefined);
    if (!answer || answer.highestVersion < this.plan.version) throw error;
    throw new CallError('aborted', error.message);
  }

  async #makeConfig(): Promise<Bytes> {
    const { plan, realms } = this;
    const shares = split(this.authority.s, plan.threshold, this.#begun.size);
    const listed = await Promise.all([...this.#begun.keys()].sort((a, b) => a - b).map(async (realm, i) => {
      const realmId = realms.at(realm).id;
      const maskedShare = await maskShare(shares[i]!.bytes, this.#begun.get(realm)!.rho, realmId, plan.version);
      return { realmId, x: shares[i]!.x, maskedShare, chip: undefined };
    }));
    const config: Config = {
      ...realms.name(plan.record), version: plan.version, threshold: plan.threshold, realms: listed, salt: plan.salt,
      argonMemoryKib: plan.cost.memoryKib, argonPasses: plan.cost.passes, argonLanes: plan.cost.lanes,
      guessLimit: plan.guessLimit, enforcement: 0,
    };
    return encode(RecordConfig, { ...config, enforcement: enforcementOf(config) });
  }

  async finish(): Promise<void> {
    this.call.onStep?.({ name: 'finish' });
    const config = await this.#makeConfig();
    const digest = await sha256(config);
    const [commitment, sealedSecret] = await Promise.all([commit(this.authority.s, digest), sealSecret(this.plan.secret, this.authority.s, digest)]);
    const asked = [...this.#begun.keys()];
    const answers = await this.realms.gather(asked, async (realm, signal) => {
      const { record, version, signerAt } = this.plan;
      const channel = this.realms.at(realm);
      const { registrationId } = this.#begun.get(realm)!;
      const parts = { record, version, registrationId, config, commitment, unlockPublicKey: await this.authority.publicKey(channel.id), sealedSecret };
      await signedCall(this.realms, realm, FinishRegistration,
        { operation: 'finish-registration', body: await finishBody(parts), signer: signerAt(realm) }, parts, signal);
    }, { signal: this.call.signal });
    let contended = false;
    answers.forEach((answer, i) => {
      if (!answer.ok) failed(this.reports[asked[i]!]!, answer.error);
      contended ||= !answer.ok && answer.error.code === 'failed_precondition';
    });
    if (this.holders < this.plan.leastHolders && contended) this.#demand(this.plan.leastHolders, true);
    this.#demand(this.plan.threshold, contended);
  }

  /** Wherever it is held; with `refill`, the version is unlocked once, which gives it all its guesses. */
  async activate(refill: boolean): Promise<void> {
    this.call.onStep?.({ name: 'activate' });
    const { record, version } = this.authority;
    const body = activateBody(record, version);
    const held = realmsThatAre(this.reports, 'good');
    const answers = await this.realms.gather(held, async (realm, signal) => {
      const channel = this.realms.at(realm);
      const unlocking = refill ? channel.call(BeginUnlock, { record, version }, signal) : undefined;
      unlocking?.catch(() => undefined);  // whoever waits for it sees it
      await signedCall(this.realms, realm, Activate,
        { operation: 'activate', body, signer: this.authority }, { record, version }, signal);
      return unlocking && this.#refillAt(realm, unlocking, signal);
    }, { signal: this.call.signal });
    let replaced = false;
    answers.forEach((answer, i) => {
      const report = this.reports[held[i]!]!;
      if (answer.ok) {
        if (answer.value !== undefined) report.remaining = answer.value;
        return;
      }
      // The unlock key of a version that another one replaced is no longer known there.
      const gone = answer.error.code === 'not_found' || answer.error.code === 'permission_denied';
      become(report, gone ? 'outdated' : 'pending', answer.error);
      replaced ||= gone;
    });
    if (replaced) this.#demand(this.plan.threshold, true);
  }

  /** What is left then; a realm that does not do it has fewer guesses until the first success. */
  async #refillAt(realm: number, begun: Promise<{ challenge: Bytes }>, signal: AbortSignal): Promise<number | undefined> {
    try {
      const answer = await unlockAt(this.realms, realm, this.authority, await begun.then(({ challenge }) => challenge, () => undefined), signal);
      return answer.unlocked?.remaining;
    } catch {
      return undefined;
    }
  }
}
