// The config that every realm of a record stores alike: docs/protocol.md, "The config".
import { hex, sameBytes, type Bytes } from '../bytes.js';
import { decode, encode, type Message } from '../wire/codec.js';
import { Enforcement, RecordConfig } from '../wire/messages.js';
import type { ArgonCost } from '../types.js';

export type Config = Message<typeof RecordConfig>;
export interface RecordName {
  tenant: string;
  account: string;
  record: string;
}

export const MOST_REALMS = 16;
export const MOST_GUESSES = 20;

export function argonCost(config: Config): ArgonCost {
  return { memoryKib: config.argonMemoryKib, passes: config.argonPasses, lanes: config.argonLanes };
}

export function chipCount(config: Config): number {
  return config.realms.filter(({ chip }) => chip).length;
}

export function enforcementOf(config: Config): Enforcement {
  const chips = chipCount(config);
  if (chips === 0) return Enforcement.LEDGER;
  return chips === config.realms.length ? Enforcement.CHIP : Enforcement.MIXED;
}

export function isGoodCost({ memoryKib, passes, lanes }: ArgonCost): boolean {
  return lanes >= 1 && lanes <= 16 && passes >= 1 && passes <= 64 && memoryKib >= 8 * lanes && memoryKib <= 1 << 20;
}

function hasGoodRealms(config: Config): boolean {
  const n = config.realms.length;
  return n >= 1 && n <= MOST_REALMS && config.threshold >= 1 && config.threshold <= n &&
    new Set(config.realms.map(({ realmId }) => hex(realmId))).size === n &&
    config.realms.every(({ realmId, x, maskedShare, chip }, i) =>
      x === i + 1 && realmId.length === 16 && maskedShare.length === 32 &&
      (!chip || (chip.index >>> 24 === 0x01 && chip.akName.length === 34)));
}

/**
 * The config in these bytes, if it is one for just this version of this record and obeys every rule that realms hold it
 * to; the bytes have to be its one deterministic form. undefined else.
 */
export function parseConfig(bytes: Bytes, name: RecordName, version: number): Config | undefined {
  if (bytes.length < 1 || bytes.length > 8192) return undefined;
  let config: Config;
  try {
    config = decode(RecordConfig, bytes);
  } catch {
    return undefined;
  }
  const right = sameBytes(encode(RecordConfig, config), bytes) && version >= 1 && config.version === version &&
    config.tenant === name.tenant && config.account === name.account && config.record === name.record &&
    hasGoodRealms(config) && config.salt.length === 16 && isGoodCost(argonCost(config)) && config.guessLimit >= 1 &&
    config.guessLimit <= MOST_GUESSES && config.enforcement === enforcementOf(config);
  return right ? config : undefined;
}

// How many PINs can be tried: docs/protocol.md has the derivation.

export function testablePins(realms: number, threshold: number, limit: number): number {
  return Math.floor((realms * limit) / threshold);
}

/** The limit of each realm with which no more than `total` PINs can be tested; 0: there is none. */
export function greatestLimit(realms: number, threshold: number, total: number, againstCorruptRealms = false): number {
  if (againstCorruptRealms) return Math.floor(total / (realms - threshold + 1));
  return Math.floor((threshold * (total + 1) - 1) / realms);
}

export function smallestTotal(realms: number, threshold: number, againstCorruptRealms = false): number {
  return againstCorruptRealms ? realms - threshold + 1 : Math.floor(realms / threshold);
}
