import { hex } from './bytes.js';
import type { RealmSet } from './realms/realm_set.js';
import { failed, triesLeft } from './realms/report.js';
import { leastOf } from './recover.js';
import type { RecordStatus, RecoverOptions } from './types.js';
import { takeSurvey } from './steps/survey.js';

/** Asks every realm; costs no guess. Realms that do not answer are in the result as such. */
export async function status(realms: RealmSet, record: string, options: RecoverOptions): Promise<RecordStatus> {
  options.onStep?.({ name: 'survey' });
  const [survey, identities] = await Promise.all([
    takeSurvey(realms, record, leastOf(realms, options), { until: 'all' }, options),
    realms.gather(realms.all(), (i, signal) => realms.at(i).identify(signal), { signal: options.signal }),
  ]);
  const { reports, group, offers } = survey;
  identities.forEach((identity, i) => {
    if (identity.ok || identity.error.code !== 'failed_precondition') return;
    failed(reports[i]!, identity.error);
    reports[i]!.condition = 'faulty';
  });
  return {
    realms: reports.map((report, i) => ({
      ...report,
      versions: offers.filter(({ realm }) => realm === i).map(({ version, stage, remaining, registeredBy }) =>
        ({ version, stage, remaining, registeredBy: hex(registeredBy) })),
    })),
    ...(group && {
      version: group.config.version, threshold: group.config.threshold, guessLimit: group.config.guessLimit,
      triesLeft: triesLeft(reports, group.config.threshold),
    }),
  };
}
