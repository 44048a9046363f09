import type { RealmSet } from '../realms/realm_set.js';
import { GetRecord } from '../realms/methods.js';
import { become, failed } from '../realms/report.js';
import { RecoveryError } from '../errors.js';
import type { Call, RealmReport } from '../types.js';
import { RecordState, VersionStage, type GetRecordAnswer } from '../wire/messages.js';
import { activeOnly, groupsOf, memberAt, refusedGroup, type Group, type Least, type Offer } from './group.js';

/** What all realms say of a record. It costs nothing. */
export interface Survey {
  reports: RealmReport[];
  offers: Offer[];
  /** The newest version that enough realms offer. */
  group: Group | undefined;
  /** All that do, the newest first. */
  groups: Group[];
  /** Why a newer one than `group` is not used. */
  refused: RecoveryError | undefined;
  /** The highest version that each realm says it has seen. */
  highest: Array<number | undefined>;
}

function offersOf(realms: RealmSet, realm: number, answer: GetRecordAnswer): Offer[] {
  if (answer.state !== RecordState.USABLE && answer.state !== RecordState.LOCKED) return [];
  if (answer.versions.length > 2) return []; // active and pending: more are made up, and each a PIN to stretch
  return answer.versions.map((version) => {
    // A realm of before says it of the record.
    const says = version.remaining !== undefined ? version : answer;
    return {
      realm, realmId: realms.at(realm).id, version: version.version,
      stage: version.stage === VersionStage.ACTIVE ? 'active' : 'pending', config: version.config,
      commitment: version.commitment, remaining: says.remaining ?? 0, lockedUntilMs: Number(says.lockedUntilMs),
      registeredBy: version.registeredBy,
    };
  });
}

function describe(answer: GetRecordAnswer, report: RealmReport): void {
  report.remaining = answer.remaining;
  if (answer.state === RecordState.USABLE) return become(report, 'good');
  if (answer.state === RecordState.DESTROYED) return become(report, 'destroyed');
  if (answer.state === RecordState.LOCKED) {
    report.lockedUntil = new Date(Number(answer.lockedUntilMs));
    return become(report, 'locked');
  }
  delete report.remaining;
  if (answer.state === RecordState.NOT_REGISTERED) return become(report, 'not-registered');
  become(report, 'faulty', { code: 'internal', message: `realm ${report.name} names no state of the record` });
}

/** The reports of a version's realms, by what is left at that version. */
export function reportVersion(group: Group, offers: Offer[], reports: RealmReport[]): void {
  for (const { realm, version, remaining, lockedUntilMs } of offers) {
    if (version !== group.config.version || !memberAt(group, realm)) continue;
    const report = reports[realm]!;
    report.remaining = remaining;
    delete report.lockedUntil;
    if (lockedUntilMs > 0) report.lockedUntil = new Date(lockedUntilMs);
    report.condition = remaining === 0 ? 'spent' : lockedUntilMs > 0 ? 'locked' : 'good';
  }
}

/** A realm that offers something, but not what the others agree on: behind them, or not honest. */
function compare(group: Group, offers: Offer[], reports: RealmReport[]): void {
  reports.forEach((report, realm) => {
    if ((report.condition !== 'good' && report.condition !== 'locked') || memberAt(group, realm)) return;
    const { version } = group.config;
    const same = offers.some((offer) => offer.realm === realm && offer.version === version);
    become(report, same ? 'faulty' : 'outdated', {
      code: 'data_loss',
      message: same ? `realm ${report.name} offers another config or commitment of version ${version} than the others`
        : `realm ${report.name} does not hold version ${version}, on which the others agree`,
    });
  });
}

export async function takeSurvey(
  realms: RealmSet, record: string, least: Least,
  how: { until: 'all' | 'group'; version?: 'newest' | 'active' }, call: Call = {},
): Promise<Survey> {
  const name = realms.name(record);
  const usable = (offers: Offer[]) => groupsOf(how.version === 'active' ? activeOnly(offers) : offers, name, least);
  const answers = await realms.gather(realms.all(), (i, signal) => realms.at(i).call(GetRecord, { record }, signal), {
    signal: call.signal,
    enough: (soFar) => how.until === 'group' &&
      usable(soFar.flatMap((each, i) => (each?.ok ? offersOf(realms, i, each.value) : []))).length > 0,
  });
  const reports = realms.all().map((i) => realms.report(i));
  const offers: Offer[] = [];
  const highest = answers.map((answer, i) => {
    if (!answer.ok) return failed(reports[i]!, answer.error), undefined;
    describe(answer.value, reports[i]!);
    offers.push(...offersOf(realms, i, answer.value));
    return answer.value.highestVersion;
  });
  const groups = usable(offers);
  const group = groups[0];
  if (group) {
    compare(group, offers, reports);
    reportVersion(group, offers, reports);
  }
  const other = refusedGroup(offers, name, least);
  const refused = other && (!group || group.config.version < other.group.config.version)
    ? refusal(other, reports) : undefined;
  return { reports, offers, group, groups, refused, highest };
}

function refusal({ group, asked }: NonNullable<ReturnType<typeof refusedGroup>>, reports: RealmReport[]): RecoveryError {
  const behind = group.members.length;
  return new RecoveryError('failed_precondition',
    `realm ${reports[asked.realm]!.name} offers version ${asked.version} of the record, which takes ${asked.threshold} realms to recover, ` +
    `but version ${group.config.version} is offered by ${behind} only: realms may have made it up to test the PIN, and no PIN was sent. ` +
    `Only if it was sealed so that ${behind} bring it back, say so (leastRealms: ${behind}, sealedWithSo: true)`,
    reports);
}
