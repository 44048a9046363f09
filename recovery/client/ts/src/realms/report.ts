import type { CallError } from '../errors.js';
import type { Condition, RealmReport } from '../types.js';

const away = ['unavailable', 'deadline_exceeded', 'canceled', 'resource_exhausted'];

/** The condition and error of a call that failed. */
export function failed(report: RealmReport, error: CallError): void {
  report.code = error.code;
  report.message = error.message;
  if (error.code === 'canceled') report.condition = 'late';
  else if (error.code === 'data_loss') report.condition = 'faulty';
  else report.condition = away.includes(error.code) ? 'unreachable' : 'refused';
}

export function become(report: RealmReport, condition: Condition, error?: { code: RealmReport['code']; message: string }): void {
  report.condition = condition;
  if (condition !== 'locked') delete report.lockedUntil;
  delete report.code;
  delete report.message;
  if (error?.code) report.code = error.code;
  if (error) report.message = error.message;
}

export function realmsThatAre(reports: RealmReport[], ...conditions: Condition[]): number[] {
  return reports.flatMap(({ condition }, i) => (conditions.includes(condition) ? [i] : []));
}

/** How many more guesses can be made in all, each taking one at `threshold` realms. */
export function triesLeft(reports: RealmReport[], threshold: number): number {
  const remaining = reports.flatMap(({ remaining }) => (remaining === undefined ? [] : [remaining])).sort((a, b) => b - a);
  return remaining[threshold - 1] ?? 0;
}
