import type { Bytes } from '../bytes.js';
import { wipe } from '../bytes.js';
import { faulty } from '../errors.js';
import { argonCost } from '../pin/config.js';
import { maskShare } from '../pin/keys.js';
import { blind, finalize, oprfInput, randomElement } from '../pin/oprf.js';
import { findSecret, type Share } from '../pin/sharing.js';
import type { Answer } from '../realms/gather.js';
import { Evaluate, Unlock } from '../realms/methods.js';
import type { RealmChannel } from '../realms/realm_channel.js';
import type { RealmSet } from '../realms/realm_set.js';
import { become, failed } from '../realms/report.js';
import type { Call, RealmReport, Stretch } from '../types.js';
import { digestOf, type Group, type Member } from './group.js';

/** What one guess came to. */
export interface Guess {
  /** undefined: nothing fits, or too few answered. */
  s: Bytes | undefined;
  /** For Unlock, by realm, where it evaluated. */
  challenges: Map<number, Bytes>;
  /** Every realm that was asked says that it does not have the version any more: no honest one counted a guess. */
  versionIsGone: boolean;
  /** What realms that evaluated say they have counted since the last success. */
  tries: Map<number, number>;
}

interface Evaluation {
  condition: 'good' | 'locked' | 'destroyed' | 'not-registered' | 'faulty';
  share?: Share;
  challenge?: Bytes;
  remaining?: number;
  lockedUntil?: Date;
}

async function evaluateAt(channel: RealmChannel, group: Group, member: Member, input: Bytes, signal: AbortSignal): Promise<Evaluation> {
  const blinded = await blind(input);
  const { record, version } = group.config;
  const answer = await channel.call(Evaluate, { record, version, elements: [blinded.element] }, signal);
  if (answer.destroyed) return { condition: 'destroyed', remaining: 0 };
  if (answer.notRegistered) return { condition: 'not-registered' };
  if (answer.lockedUntil) {
    const { untilMs, remaining } = answer.lockedUntil;
    return { condition: 'locked', lockedUntil: new Date(Number(untilMs)), remaining };
  }
  if (!answer.evaluated) return { condition: 'faulty' };
  const { evaluated, remaining, challenge } = answer.evaluated;
  if (evaluated.length !== 1) throw faulty(channel.name, 'did not answer one element with one point');
  let rho: Bytes;
  try {
    rho = await finalize(input, blinded, evaluated[0]!);
  } catch {
    throw faulty(channel.name, 'answered with something that is no point of the curve');
  }
  const bytes = await maskShare(member.maskedShare, rho, channel.id, version);
  return { condition: 'good', share: { x: member.x, bytes }, challenge, remaining };
}

function describe(answer: Answer<Evaluation>, report: RealmReport): void {
  if (!answer.ok) {
    failed(report, answer.error);
    if (answer.error.code === 'not_found') report.condition = 'outdated';
    return;
  }
  const { condition, remaining, lockedUntil } = answer.value;
  delete report.remaining;
  if (remaining !== undefined) report.remaining = remaining;
  if (lockedUntil) report.lockedUntil = lockedUntil;
  if (condition !== 'faulty') return become(report, condition);
  become(report, 'faulty', { code: 'data_loss', message: `realm ${report.name} answered with no outcome` });
}

/**
 * Has the PIN evaluated at every member that is 'good', each with a blind of its own, and looks for shares that fit. The
 * reports then say who evaluated, and who did not or wrongly.
 */
export async function makeGuess(realms: RealmSet, group: Group, pin: Bytes, stretch: Stretch, reports: RealmReport[], call: Call): Promise<Guess> {
  const { config } = group;
  const asked = group.members.filter(({ realm }) => reports[realm]!.condition === 'good');
  call.onStep?.({ name: 'stretch' });
  const never = new AbortController().signal;
  for (const { realm } of asked) void realms.at(realm).preflight([Evaluate, Unlock], call.signal ?? never);
  const stretched = await stretch(pin, config.salt, argonCost(config), {
    ...(call.signal && { signal: call.signal }),
    onExpected: (expectedMs) => call.onStep?.({ name: 'stretch', expectedMs }),
  });
  const input = oprfInput(config, config.version, stretched);
  wipe(stretched);
  const digest = await digestOf(group);
  const find = (answers: Array<Answer<Evaluation> | undefined>) => {
    const shares = answers.flatMap((each) => (each?.ok && each.value.share ? [each.value.share] : []));
    return findSecret(shares, config.threshold, group.commitment, digest);
  };
  call.onStep?.({ name: 'guess' });
  const answers = await realms.gather(asked.map(({ realm }) => realm),
    (realm, signal) => evaluateAt(realms.at(realm), group, asked.find((each) => each.realm === realm)!, input, signal),
    { signal: call.signal, enough: async (soFar) => (await find(soFar)) !== undefined });
  wipe(input);

  const challenges = new Map<number, Bytes>();
  const tries = new Map<number, number>();
  answers.forEach((answer, i) => {
    const { realm } = asked[i]!;
    describe(answer, reports[realm]!);
    if (answer.ok && answer.value.challenge) challenges.set(realm, answer.value.challenge);
    if (answer.ok && answer.value.share) tries.set(realm, config.guessLimit - Math.min(config.guessLimit, answer.value.remaining ?? 0));
  });
  const found = await find(answers);
  for (const { realm, x } of asked) {
    if (!found?.faulty.includes(x)) continue;
    const report = reports[realm]!;
    become(report, 'faulty', { code: 'data_loss', message: `realm ${report.name} evaluated wrongly: its share does not fit the others'` });
  }
  const versionIsGone = answers.every((answer) => !answer.ok && answer.error.code === 'not_found');
  return { s: found?.s, challenges, versionIsGone, tries };
}

/**
 * Sends a random element to realms where the guess was the last one: they erase the record's keys now instead of at the
 * next guess. Best effort.
 */
export async function closeSpent(realms: RealmSet, group: Group, reports: RealmReport[], call: Call): Promise<void> {
  const { record, version } = group.config;
  const spent = group.members.map(({ realm }) => realm)
    .filter((realm) => ['good', 'faulty'].includes(reports[realm]!.condition) && reports[realm]!.remaining === 0);
  const answers = await realms.gather(spent, (realm, signal) =>
    realms.at(realm).call(Evaluate, { record, version, elements: [randomElement()] }, signal), { signal: call.signal });
  answers.forEach((answer, i) => {
    const report = reports[spent[i]!]!;
    if (answer.ok && answer.value.destroyed) become(report, 'destroyed');
    // The version is gone there, and the record has another one.
    if (!answer.ok && answer.error.code === 'not_found') become(report, 'outdated', answer.error);
  });
}
