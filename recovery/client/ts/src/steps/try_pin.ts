import type { Bytes } from '../bytes.js';
import { Authority } from '../pin/authority.js';
import type { RealmSet } from '../realms/realm_set.js';
import type { Call, KnownPin, RealmReport, Stretch } from '../types.js';
import { makeGuess } from './guess.js';
import type { Group } from './group.js';
import { reportVersion, type Survey } from './survey.js';
import { unlockAll } from './unlock.js';

/** What trying a PIN that is about to be registered came to. */
export interface PinTrial {
  known: KnownPin;
  /** The newest active version, else the newest. */
  before?: Group;
}

async function tryAt(realms: RealmSet, survey: Survey, group: Group, pin: Bytes, stretch: Stretch, call: Call): Promise<KnownPin> {
  const reports: RealmReport[] = survey.reports.map((report) => ({ ...report }));
  reportVersion(group, survey.offers, reports);
  const { threshold, record, version } = group.config;
  const members = (condition: RealmReport['condition']) => group.members.filter(({ realm }) => reports[realm]!.condition === condition).length;
  if (group.members.length - members('spent') < threshold) return 'used-up';
  if (members('good') < threshold) return 'not-known';
  try {
    const guess = await makeGuess(realms, group, pin, stretch, reports, call);
    if (!guess.s) return guess.challenges.size < threshold ? 'not-known' : 'other';
    await unlockAll(realms, group, new Authority(guess.s, record, version), guess.challenges, reports, call);
    return 'same';
  } catch {
    call.signal?.throwIfAborted();
    return 'not-known';
  }
}

/**
 * A device may register without the old PIN. Before it gives the new version all its guesses, it has to know whether the
 * PIN is the old one: guesses that a thief made would be given back to him. Tries the PIN at each usable version, a guess
 * each, none where none is left. Where it fits, that was a success, and that version is unlocked.
 */
export async function tryPin(realms: RealmSet, survey: Survey, pin: Bytes, stretch: Stretch, call: Call): Promise<PinTrial> {
  if (survey.offers.length === 0) {
    return { known: survey.reports.some(({ condition }) => condition === 'destroyed') ? 'used-up' : 'nothing-there' };
  }
  const { groups } = survey;
  if (groups.length === 0) return { known: 'not-known' };
  const before = groups.find(({ members }) => members.some(({ stage }) => stage === 'active')) ?? groups[0]!;
  let known: KnownPin = 'used-up';
  for (const group of groups) {
    const here = await tryAt(realms, survey, group, pin, stretch, call);
    if (here === 'same') return { known: here, before };
    // What is not known of one is not known of all.
    known = known === 'not-known' || here === 'not-known' ? 'not-known' : known === 'other' ? known : here;
  }
  return { known, before };
}
