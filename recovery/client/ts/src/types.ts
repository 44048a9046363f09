import type { Code } from './errors.js';
import type { Authority } from './pin/authority.js';

/** One recovery service: where it is and how the caller is known there. */
export interface Realm {
  /** 32 hexadecimal digits. */
  id: string;
  /** Connect's base URL: "https://realm.example/connect". */
  url: string;
  /**
   * The bearer token for this realm alone (its one audience is the realm's id), or who fetches it: called when one is
   * needed, when it expired, and once when the realm refused it. A token with a further audience is never sent.
   */
  token: string | ((signal: AbortSignal) => string | Promise<string>);
  /** How messages call it; the id's first digits if left out. */
  name?: string;
}

/** A device's signing key: P-256; may live in WebCrypto, a keystore, a smart card. */
export interface DeviceKey {
  /** DER SubjectPublicKeyInfo, 91 bytes. */
  readonly publicKey: Uint8Array;
  /** ECDSA with SHA-256 over the message, r || s. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface ArgonCost { memoryKib: number; passes: number; lanes: number }

export interface StretchCall {
  signal?: AbortSignal;
  /** How long it is expected to take, measured on this machine a moment before. */
  onExpected?: (milliseconds: number) => void;
}
/** Argon2id, version 0x13, 32 bytes. */
export interface Stretch {
  (pin: Uint8Array, salt: Uint8Array, cost: ArgonCost, call?: StretchCall): Promise<Uint8Array>;
  /** Loads what it needs. */
  warmUp?(): Promise<void>;
}

export interface ClientOptions {
  /** As in the tokens: claims "iss" and "sub". */
  tenant: string;
  account: string;
  /** In share order, 1 to 16. */
  realms: Realm[];
  /** workerStretch(url) in a browser, nodeStretch() in Node. */
  stretch: Stretch;
  /** Signs for the account where it is enrolled. */
  device?: DeviceKey;
  /** Node: one with a private CA. */
  fetch?: typeof fetch;
  /** Of one call, repetitions not included: 10,000. */
  callTimeoutMs?: number;
  /** How long the others are waited for once enough realms answered (or as long again as that took): 1,000. */
  graceMs?: number;
}

/** What one realm was to an operation. */
export type Condition =
  | 'good'             // did its part
  | 'pending'          // holds the version, but has not activated it yet
  | 'faulty'           // answered something that cannot be right
  | 'outdated'         // does not hold the version that the others agree on
  | 'locked'           // takes no guess before a certain time
  | 'spent'            // says that no guess is left at the version: it was not asked
  | 'destroyed'        // its guesses are used up and its keys erased
  | 'not-registered'   // knows no such record
  | 'refused'          // answered with an error
  | 'unreachable'      // could not be talked to
  | 'late';            // was not waited for: the others were enough

/** One for each realm, in share order. What a realm says is a claim. */
export interface RealmReport {
  id: string;
  name: string;
  condition: Condition;
  /** Guesses left there, if it said so. */
  remaining?: number;
  lockedUntil?: Date;
  /**
   * Guesses that its chip certified since it last gave them back, where `unexplained` of them are neither this recovery's,
   * nor known to enough realms, nor `ownTries`: whoever has the realm's host may have tried PINs. Nothing was given back.
   */
  chip?: { counted: number; unexplained: number };
  /** Why, where the condition alone does not say. */
  code?: Code;
  message?: string;
}

/** The highest-water mark of an account's epochs, as one realm gave it; the signature over it was checked. */
export interface Floor {
  realm: string;
  sequence: bigint;
  digest: Uint8Array;
  deviceId: Uint8Array;
  /** Whether this device is one to be trusted is the reader's to judge: a realm can sign with a key of its own. */
  devicePublicKey: Uint8Array;
}

/** What has begun; `expectedMs` only with 'stretch', where it is known. */
export interface Step {
  name: 'survey' | 'stretch' | 'guess' | 'unlock' | 'begin' | 'finish' | 'activate' | 'refill' | 'sign';
  expectedMs?: number;
}
export interface Call {
  signal?: AbortSignal;
  onStep?: (step: Step) => void;
}

export interface RecoverOptions extends Call {
  /** How many realms must offer the same version; a majority if left out. Never from a realm. */
  leastRealms?: number;
  /** `leastRealms` is what the person says this record was sealed with. */
  sealedWithSo?: boolean;
  /** So many tries since the last success the person knows as his own: see RealmReport.chip. */
  ownTries?: number;
  /** Passes over a pending version that stands in front of an active one: see WrongPin.activeVersion. */
  version?: 'newest' | 'active';
}

/** Outcomes are values; only what decides nothing is thrown. */
export interface Recovered {
  outcome: 'recovered';
  secret: Uint8Array;
  version: number;
  threshold: number;
  /** May sign as the record's unlock key, while this object is kept. */
  authority: Authority;
  /** The highest first. */
  floors: Floor[];
  realms: RealmReport[];
}
export interface WrongPin {
  outcome: 'wrong-pin';
  /** Over all realms. */
  triesLeft: number;
  /**
   * The version that was tried is pending, and this older one is active. Whoever has an enrolled device could have put
   * the pending one in front: offer recover(..., {version: 'active'}), which costs another guess.
   */
  activeVersion?: number;
  realms: RealmReport[];
}
export interface Locked { outcome: 'locked'; until: Date; realms: RealmReport[] }
/** 'used-up': no guess is left, though some realms have not erased their keys yet. No PIN brings it back. */
export interface Gone { outcome: 'used-up' | 'destroyed' | 'not-registered'; realms: RealmReport[] }
export type NotRecovered = WrongPin | Locked | Gone;
export type Recovery = Recovered | NotRecovered;

export interface SealOptions extends Call {
  /** How many realms bring the secret back; a majority if left out. */
  threshold?: number;
  /** At most so many PINs can be tried by whoever has the tokens: 10. The limit of each realm follows from it. */
  totalGuesses?: number;
  /** The total is to hold even against who has threshold - 1 of the realms. */
  againstCorruptRealms?: boolean;
  /** Of each realm, 1 to 20, instead of a total. */
  guessLimit?: number;
  /** What a guess costs whoever makes it; 64 MiB and 3 passes if left out. */
  cost?: ArgonCost;
  /** false: the threshold is enough. */
  everyRealm?: boolean;
  /** Who signs: the device of the options if left out. */
  by?: Authority | DeviceKey;
  /** Chips counted this record's guesses until now; 'ledger' gives that up. A browser cannot go on with it. */
  enforcement?: 'ledger';
}
/** What the PIN is to the versions that were there. */
export type KnownPin = 'nothing-there' | 'used-up' | 'same' | 'other' | 'not-known';
export interface Sealed {
  version: number;
  threshold: number;
  guessLimit: number;
  /** How many realms hold it. */
  holders: number;
  /** Whether so many realms have activated it that it stays. If not: seal it again. */
  complete: boolean;
  pin: KnownPin;
  realms: RealmReport[];
}
export type PinChange = (Sealed & { outcome: 'changed' }) | NotRecovered;

export interface VersionStatus {
  version: number;
  stage: 'pending' | 'active';
  remaining: number;
  /** A device's id in hexadecimal; empty: an unlock key registered it. */
  registeredBy: string;
}
export interface RecordStatus {
  realms: Array<RealmReport & { versions: VersionStatus[] }>;
  /** What a recovery would use. */
  version?: number;
  threshold?: number;
  guessLimit?: number;
  triesLeft?: number;
}

export interface Device { id: string; publicKey: Uint8Array; name: string; enrolledAt: Date; enrolledBy: string }
export interface DeviceList { realms: RealmReport[]; lists: Array<{ realm: string; devices: Device[]; records: string[]; discarded: boolean }> }
export interface FloorReading { floors: Floor[]; realms: RealmReport[] }
