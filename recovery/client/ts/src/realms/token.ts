import { bytesOf, fromUtf8 } from '../bytes.js';
import { CallError } from '../errors.js';
import type { Realm } from '../types.js';
import { parseJson } from './json.js';

const AHEAD_MS = 10_000;  // a token has to arrive yet
const FRESH_MS = 10_000;  // and is not fetched again so soon, whatever this host's clock says

interface Token {
  text: string;
  expiresAtMs: number;
}

function claims(text: string): Record<string, unknown> {
  const parts = text.split('.');
  try {
    if (parts.length !== 3) throw new TypeError();
    const payload = atob(parts[1]!.replaceAll('-', '+').replaceAll('_', '/'));
    const read = parseJson(fromUtf8(bytesOf(Uint8Array.from(payload, (each) => each.charCodeAt(0)))));
    if (typeof read !== 'object' || read === null) throw new TypeError();
    return read as Record<string, unknown>;
  } catch {
    throw new CallError('invalid_argument', 'the token is no JSON Web Token');
  }
}

/**
 * The token that one realm is sent. Realms are thieves of tokens: what one can use at another it may use there, to spend
 * a person's guesses. So nothing leaves this class but a token for this realm alone.
 */
export class RealmToken {
  #token: Token | undefined;
  #fetchedAtMs = 0;
  #fetching: Promise<Token> | undefined;

  constructor(
    private readonly realmId: string,
    private readonly scope: { tenant: string; account: string },
    private readonly source: Realm['token'],
  ) {}

  async get(signal: AbortSignal): Promise<string> {
    if (!this.#token || this.#expired(this.#token)) await this.#fetch(signal);
    return this.#token!.text;
  }

  /** The realm refused this text: fetches once more. Whether there is another text now. */
  async renew(refused: string, signal: AbortSignal): Promise<boolean> {
    if (this.#token?.text === refused) await this.#fetch(signal);
    return this.#token?.text !== refused;
  }

  #expired({ expiresAtMs }: Token): boolean {
    const now = Date.now();
    const fresh = now >= this.#fetchedAtMs && now - this.#fetchedAtMs < FRESH_MS;
    return !fresh && now + AHEAD_MS >= expiresAtMs;
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    this.#fetching ??= this.#read(signal).finally(() => (this.#fetching = undefined));
    this.#token = await this.#fetching;
    this.#fetchedAtMs = Date.now();
  }

  async #read(signal: AbortSignal): Promise<Token> {
    const text = (typeof this.source === 'string' ? this.source : await this.source(signal)).trim();
    const { iss, sub, aud, exp } = claims(text);
    const audiences = Array.isArray(aud) ? aud : [aud];
    if (audiences.length !== 1 || audiences[0] !== this.realmId) {
      throw new CallError('invalid_argument', audiences.includes(this.realmId)
        ? `the token is good at ${audiences.length} realms or services, and each could use it at the others, so none is sent it: get a token for each realm alone`
        : `no token is for this realm: "aud" has to be its id, ${this.realmId}, and nothing else`);
    }
    if (iss !== this.scope.tenant || sub !== this.scope.account) {
      throw new CallError('invalid_argument', 'the token is of another tenant or account than the client was made for');
    }
    return { text, expiresAtMs: typeof exp === 'number' ? exp * 1000 : Infinity };
  }
}
