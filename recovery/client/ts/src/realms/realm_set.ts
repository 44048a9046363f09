import { hex } from '../bytes.js';
import { invalid } from '../errors.js';
import { MOST_REALMS, type RecordName } from '../pin/config.js';
import type { ClientOptions, RealmReport } from '../types.js';
import { gather, type Answer, type Gathering } from './gather.js';
import { RealmChannel } from './realm_channel.js';
import type { Scope } from './request_bytes.js';

const plain = /^[^\u0000-\u001f\u007f-\u009f]+$/u;

export function isIdentifier(text: string, most: number): boolean {
  return plain.test(text) && text.isWellFormed() && new TextEncoder().encode(text).length <= most;
}

/** The realms of one account, in share order, and the ways to them. */
export class RealmSet {
  readonly tenant: string;
  readonly account: string;
  readonly channels: RealmChannel[];
  readonly graceMs: number;

  constructor(options: ClientOptions) {
    const { tenant, account, realms } = options;
    if (!isIdentifier(tenant, 128) || !isIdentifier(account, 128)) {
      throw invalid('tenant and account have 1 to 128 bytes, without control characters');
    }
    if (realms.length < 1 || realms.length > MOST_REALMS) throw invalid(`there must be 1 to ${MOST_REALMS} realms`);
    if (!realms.every(({ id }) => /^[0-9a-f]{32}$/.test(id))) throw invalid('a realm has an id of 32 lower-case hexadecimal digits');
    if (new Set(realms.map(({ id }) => id)).size !== realms.length) throw invalid('a realm is in the list twice');
    for (const { url } of realms) checkUrl(url);
    this.tenant = tenant;
    this.account = account;
    this.graceMs = options.graceMs ?? 1_000;
    const channel = { fetch: options.fetch ?? globalThis.fetch.bind(globalThis), timeoutMs: options.callTimeoutMs ?? 10_000 };
    this.channels = realms.map((realm) => new RealmChannel({ ...realm, url: realm.url.replace(/\/$/, '') }, this, channel));
  }

  get size(): number {
    return this.channels.length;
  }
  at(realm: number): RealmChannel {
    return this.channels[realm]!;
  }
  scope(realm: number): Scope {
    return { realmId: this.at(realm).id, tenant: this.tenant, account: this.account };
  }
  /** Throws for what is no name of a record. */
  name(record: string): RecordName {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(record)) throw invalid('record: a name has 1 to 64 of the characters A-Z a-z 0-9 . _ -');
    return { tenant: this.tenant, account: this.account, record };
  }
  report(realm: number): RealmReport {
    const { id, name } = this.at(realm);
    return { id: hex(id), name, condition: 'unreachable' };
  }
  /** Calls these realms at once: one answer for each. */
  gather<T>(realms: number[], call: (realm: number, signal: AbortSignal) => Promise<T>, more: Partial<Gathering<T>> = {}): Promise<Array<Answer<T>>> {
    return gather({ count: realms.length, call: (i, signal) => call(realms[i]!, signal), graceMs: this.graceMs, ...more });
  }
  all(): number[] {
    return this.channels.map((_, i) => i);
  }
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const local = parsed && ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname);
  if (!parsed || (parsed.protocol !== 'https:' && !(local && parsed.protocol === 'http:')) || parsed.search || parsed.hash || parsed.username || parsed.password) {
    throw invalid(`${JSON.stringify(url)} is no address of a realm: https, and only on this host http`);
  }
}
