import type { Bytes } from './bytes.js';
import { Authority } from './pin/authority.js';
import type { RealmSet } from './realms/realm_set.js';
import { realmsThatAre, triesLeft } from './realms/report.js';
import { enoughAt, judge, verdictError, type Verdict } from './realms/tally.js';
import type { NotRecovered, RealmReport, RecoverOptions, Recovered, Stretch } from './types.js';
import { refillChips } from './steps/chip/refill.js';
import type { Tries } from './steps/chip/uses.js';
import { activeOnly, groupsOf, type Group, type Least } from './steps/group.js';
import { closeSpent, makeGuess, type Guess } from './steps/guess.js';
import { takeSurvey, type Survey } from './steps/survey.js';
import { finishActivation, unlockAll } from './steps/unlock.js';
import { warmUpFor } from './steps/warm.js';

/** What came back, with the version that it came from. */
export interface RecoveredGroup {
  recovered: Recovered;
  group: Group;
  tries: Tries;
}
type Ended = NotRecovered | RecoveredGroup;

export function leastOf(realms: RealmSet, options: RecoverOptions): Least {
  const majority = Math.floor(realms.size / 2) + 1;
  return { realms: options.leastRealms ?? majority, fromPerson: options.leastRealms !== undefined && (options.sealedWithSo ?? false) };
}

function ended(verdict: Verdict, reports: RealmReport[], threshold: number, counted = false): NotRecovered {
  if (verdict === 'locked') return { outcome: 'locked', until: enoughAt(reports, threshold), realms: reports };
  if (verdict === 'used-up' || verdict === 'destroyed' || verdict === 'not-registered') return { outcome: verdict, realms: reports };
  throw verdictError(verdict, reports, threshold, counted);
}

/** The newest active version, where `group` is a pending one in front of it. */
function activeBehind(survey: Survey, group: Group, least: Least): { activeVersion?: number } {
  const active = groupsOf(activeOnly(survey.offers), group.config, least)[0];
  return active && active.config.version < group.config.version ? { activeVersion: active.config.version } : {};
}

/** `again`: another client activated a newer version between survey and guess, and no realm counted one. */
async function attempt(realms: RealmSet, record: string, pin: Bytes, stretch: Stretch, options: RecoverOptions, refill: boolean): Promise<{ outcome: () => Ended; again: boolean }> {
  const least = leastOf(realms, options);
  options.onStep?.({ name: 'survey' });
  const survey = await takeSurvey(realms, record, least, { until: 'group', version: options.version ?? 'newest' }, options);
  const { reports, group } = survey;
  const end = (outcome: () => Ended, again = false) => ({ outcome, again });
  if (!group) {
    if (survey.refused) throw survey.refused;
    // Whatever is offered is offered by too few.
    for (const realm of realmsThatAre(reports, 'good')) reports[realm]!.condition = 'outdated';
    return end(() => ended(judge(reports, least.realms), reports, least.realms));
  }
  const { threshold } = group.config;
  const before = judge(reports, threshold);
  if (before !== 'enough') return end(() => ended(before, reports, threshold));
  const guess = await makeGuess(realms, group, pin, stretch, reports, options);
  if (guess.s) {
    const unlocked = await unlock(realms, group, guess.s, guess, reports, options, refill);
    return end(() => unlocked);
  }
  const after = judge(reports, threshold);
  if (after !== 'enough') return end(() => ended(after, reports, threshold, !guess.versionIsGone), guess.versionIsGone);
  const wrong: NotRecovered = { outcome: 'wrong-pin', triesLeft: triesLeft(reports, threshold), realms: reports, ...activeBehind(survey, group, least) };
  await closeSpent(realms, group, reports, options);
  return end(() => wrong);
}

async function unlock(realms: RealmSet, group: Group, s: Bytes, guess: Guess, reports: RealmReport[], options: RecoverOptions, refill: boolean): Promise<RecoveredGroup> {
  const { record, version, threshold } = group.config;
  const authority = new Authority(s, record, version);
  const { secret, floors } = await unlockAll(realms, group, authority, guess.challenges, reports, options);
  await finishActivation(realms, group, authority, reports, options);
  if (refill) await refillChips(realms, group, authority, guess.tries, reports, options);
  return { group, tries: guess.tries, recovered: { outcome: 'recovered', secret, version, threshold, authority, floors, realms: reports } };
}

/**
 * Asks every realm for the record, has the PIN evaluated by all that agree on the newest version, finds the shares that
 * fit, unlocks, and finishes the version's activation. Costs each realm at most one guess, and none before enough were
 * seen to be there.
 */
export async function recoverGroup(realms: RealmSet, record: string, pin: Bytes, stretch: Stretch, options: RecoverOptions, refill: boolean): Promise<Ended> {
  warmUpFor(stretch);
  let attempted = await attempt(realms, record, pin, stretch, options, refill);
  if (attempted.again) attempted = await attempt(realms, record, pin, stretch, options, refill);
  return attempted.outcome();
}
