// On which version of a record the realms agree: docs/protocol.md, "Recovering", step 1.
import { hex, type Bytes } from '../bytes.js';
import { parseConfig, type Config, type RecordName } from '../pin/config.js';
import { sha256 } from '../pin/keys.js';

/** One version of a record, as one realm presents it. */
export interface Offer {
  realm: number;
  realmId: Bytes;
  version: number;
  stage: 'pending' | 'active';
  config: Bytes;
  commitment: Bytes;
  remaining: number;
  lockedUntilMs: number;
  registeredBy: Bytes;
}
export interface Member {
  realm: number;
  stage: 'pending' | 'active';
  x: number;
  maskedShare: Bytes;
}
/** A version on which enough realms agree byte for byte. */
export interface Group {
  config: Config;
  configBytes: Bytes;
  commitment: Bytes;
  members: Member[];
}
/** How many realms must offer the same. Never from a realm: one could make up a version with threshold 1. */
export interface Least {
  realms: number;
  /** The person said it of this record. */
  fromPerson: boolean;
}

export const memberAt = (group: Group, realm: number) => group.members.find((member) => member.realm === realm);
export const digestOf = (group: Group) => sha256(group.configBytes);

function groupOf(offers: Offer[], name: RecordName, least: number): Group | undefined {
  const first = offers[0]!;
  const config = parseConfig(first.config, name, first.version);
  if (!config || first.commitment.length !== 32) return undefined;
  const members = offers.flatMap(({ realm, realmId, stage }) => {
    const share = config.realms.find((each) => hex(each.realmId) === hex(realmId));
    return share ? [{ realm, stage, x: share.x, maskedShare: share.maskedShare }] : [];
  });
  if (members.length < Math.max(least, config.threshold)) return undefined;
  return { config, configBytes: first.config, commitment: first.commitment, members };
}

/** All versions that enough realms offer, the newest first. */
function standing(offers: Offer[], name: RecordName, least: number): Group[] {
  const groups = new Map<string, Offer[]>();
  for (const offer of offers) {
    const key = `${offer.version}:${hex(offer.config)}:${hex(offer.commitment)}`;
    const same = groups.get(key) ?? [];
    groups.set(key, same);
    if (!same.some(({ realm }) => realm === offer.realm)) same.push(offer);
  }
  return [...groups.values()].flatMap((same) => groupOf(same, name, least) ?? [])
    .sort((a, b) => b.config.version - a.config.version);
}

interface Asked {
  threshold: number;
  realm: number;
  version: number;
}
/** The offer that takes the most realms: a group of fewer may be made up, to test the PIN by the client's answer. */
function mostAsked(offers: Offer[], name: RecordName, least: Least): Asked {
  let most: Asked = { threshold: 0, realm: 0, version: 0 };
  if (least.fromPerson) return most;
  for (const { config: bytes, version, realm, realmId } of offers) {
    const config = parseConfig(bytes, name, version);
    const listed = config?.realms.some((each) => hex(each.realmId) === hex(realmId));
    if (config && listed && config.threshold > most.threshold) most = { threshold: config.threshold, realm, version };
  }
  return most;
}

export function groupsOf(offers: Offer[], name: RecordName, least: Least): Group[] {
  const { threshold } = mostAsked(offers, name, least);
  return standing(offers, name, least.realms).filter(({ members }) => threshold <= members.length);
}

/** The newest version that would stand, if another offer did not ask for more realms. */
export function refusedGroup(offers: Offer[], name: RecordName, least: Least): { group: Group; asked: Asked } | undefined {
  const asked = mostAsked(offers, name, least);
  const group = standing(offers, name, least.realms).find(({ members }) => asked.threshold > members.length);
  return group && { group, asked };
}

export const activeOnly = (offers: Offer[]) => offers.filter(({ stage }) => stage === 'active');
