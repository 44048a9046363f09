import { bytesOf, fromHex, fromUtf8, hex, join, sameBytes, type Bytes } from '../bytes.js';
import { CallError, codes, type Code } from '../errors.js';
import type { Realm } from '../types.js';
import { decode, encode, type Fields, type Message } from '../wire/codec.js';
import { CALL_ATTEMPTS, FIRST_PAUSE_MS, GetChallenge, GetRealm, LONGEST_PAUSE_MS, type Method } from './methods.js';
import { parseJson } from './json.js';
import { RealmToken } from './token.js';

const SERVICE = 'labyrinth.recovery.v1.Recovery';
const LARGEST_ANSWER = 256 << 10;
const PROTOCOL = 1;
const CHALLENGE_BYTES = 32;
/** For what is signed over a challenge that came with an answer: ten seconds less than it is good for. */
const HELD_MS = 50_000;

export interface ChannelOptions {
  fetch: typeof fetch;
  timeoutMs: number;
}

/** Connect's meaning of an HTTP status whose body is none of Connect's. */
const byStatus: Record<number, Code> = {
  400: 'internal', 401: 'unauthenticated', 403: 'permission_denied', 404: 'unimplemented', 413: 'resource_exhausted',
  429: 'resource_exhausted', 502: 'unavailable', 503: 'unavailable', 504: 'unavailable',
};
const advice: Partial<Record<Code, string>> = {
  unavailable: ' (is the realm up, and does it allow this origin?)',
  unauthenticated: ' (get a new token for this realm)',
  deadline_exceeded: ' (try again, or allow more time)',
  unimplemented: ' (update this client or the realm, whichever is older)',
};

function pauseOf(attempt: number): number {
  return 1 + Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
}

export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => (clearTimeout(timer), reject(new CallError('canceled', 'cancelled')));
    const timer = setTimeout(() => (signal?.removeEventListener('abort', stop), resolve()), ms);
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}

async function bodyOf(response: Response): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    size += value.length;
    if (size > LARGEST_ANSWER) {
      reader?.cancel().catch(() => undefined);
      throw new CallError('internal', `an answer of more than ${LARGEST_ANSWER} bytes`);
    }
    parts.push(value);
  }
  return join(...parts);
}

/** The way to one realm: Connect's unary calls by fetch, with the caller's token for this realm alone. */
export class RealmChannel {
  readonly id: Bytes;
  readonly name: string;
  readonly #token: RealmToken;
  #identified: Promise<void> | undefined;
  readonly #warmed = new Map<string, Promise<void>>();
  #held: { challenge: Bytes; until: number } | undefined;

  constructor(
    private readonly realm: Realm,
    scope: { tenant: string; account: string },
    private readonly options: ChannelOptions,
  ) {
    this.id = fromHex(realm.id);
    this.name = realm.name ?? realm.id.slice(0, 8);
    this.#token = new RealmToken(realm.id, scope, realm.token);
  }

  /** Repeats what may be repeated; throws CallError with the realm's name in front. */
  async call<Q extends Fields, A extends Fields>(method: Method<Q, A>, request: Message<Q>, signal: AbortSignal): Promise<Message<A>> {
    const body = encode(method.request, request);
    const asked = Date.now();
    try {
      const answer = decode(method.answer, await this.#repeat(method, body, signal));
      this.#hold(answer, asked);
      return answer;
    } catch (error) {
      if (error instanceof CallError) {
        const message = `realm ${this.name}, ${method.name}: ${error.message}${advice[error.code] ?? ''}`;
        throw new CallError(error.code, message, error.retryAfterMs);
      }
      throw new CallError('internal', `realm ${this.name}, ${method.name}: the answer is no message of this service`);
    }
  }

  async #repeat(method: Method<Fields, Fields>, body: Bytes, signal: AbortSignal): Promise<Bytes> {
    let renewed = false;
    for (let attempt = 0; ; ++attempt) {
      const token = method.token ? await this.#token.get(signal) : undefined;
      try {
        return await this.#post(method.name, body, token, signal);
      } catch (thrown) {
        const error = thrown as CallError;
        if (error.code === 'unauthenticated' && token !== undefined && !renewed) {
          renewed = true;
          if (await this.#token.renew(token, signal)) continue;
        }
        let pause: number | undefined;
        if (error.code === 'unavailable' && (method.repeat === 'safe' || method.repeat === 'dear')) pause = pauseOf(attempt);
        if (error.code === 'deadline_exceeded' && method.repeat === 'dear' && attempt === 0) pause = 0;
        if (error.code === 'resource_exhausted') pause = error.retryAfterMs;
        if (pause === undefined || pause > this.options.timeoutMs || attempt + 1 >= CALL_ATTEMPTS) throw error;
        await wait(pause, signal);
      }
    }
  }

  async #post(method: string, body: Bytes, token: string | undefined, signal: AbortSignal): Promise<Bytes> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.options.timeoutMs);
    const headers: Record<string, string> = {
      'content-type': 'application/proto',
      'connect-protocol-version': '1',
      'connect-timeout-ms': String(this.options.timeoutMs),
    };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const { fetch } = this.options;
    try {
      // `cache` stays as it is: "no-store" would turn the browser's cache of preflights off.
      const response = await fetch(`${this.realm.url}/${SERVICE}/${method}`, {
        method: 'POST', headers, body, signal: AbortSignal.any([signal, timeout.signal]), credentials: 'omit', redirect: 'error',
        referrerPolicy: 'no-referrer',
      });
      const answer = await bodyOf(response);
      if (response.status === 200 && response.headers.get('content-type') === 'application/proto') return answer;
      throw this.#errorOf(response, answer);
    } catch (error) {
      if (error instanceof CallError) throw error;
      if (signal.aborted) throw new CallError('canceled', 'cancelled');
      if (timeout.signal.aborted) throw new CallError('deadline_exceeded', `no answer within ${this.options.timeoutMs} ms`);
      throw new CallError('unavailable', error instanceof Error ? error.message : 'the connection failed');
    } finally {
      clearTimeout(timer);
    }
  }

  #errorOf(response: Response, body: Bytes): CallError {
    const retry = response.headers.get('trailer-retry-after-ms') ?? '';
    const retryAfterMs = /^\d{1,9}$/.test(retry) ? Number(retry) : undefined;
    let code: Code = byStatus[response.status] ?? 'unknown';
    let message = `HTTP status ${response.status}`;
    if (response.headers.get('content-type')?.startsWith('application/json')) {
      try {
        const read = parseJson(fromUtf8(body)) as { code?: unknown; message?: unknown };
        if (codes.includes(read.code as Code)) code = read.code as Code;
        if (typeof read.message === 'string') message = read.message.slice(0, 1000);
      } catch {
        // The status says enough.
      }
    }
    return new CallError(code, message, retryAfterMs);
  }

  /** A challenge that comes with an answer is for what is signed next. */
  #hold(answer: object, asked: number): void {
    const { nextChallenge, unlocked } = answer as { nextChallenge?: Uint8Array; unlocked?: { nextChallenge?: Uint8Array } };
    const challenge = nextChallenge ?? unlocked?.nextChallenge;
    if (challenge?.length === CHALLENGE_BYTES) this.#held = { challenge: bytesOf(challenge), until: asked + HELD_MS };
  }

  /** The one that is held, once. */
  takeHeld(): Bytes | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held && Date.now() <= held.until ? held.challenge : undefined;
  }

  async newChallenge(signal: AbortSignal): Promise<Bytes> {
    const { challenge } = await this.call(GetChallenge, {}, signal);
    if (challenge.length === CHALLENGE_BYTES) return bytesOf(challenge);
    throw new CallError('internal', `realm ${this.name} gave a challenge that has not ${CHALLENGE_BYTES} bytes`);
  }

  /** Once for each channel: that the realm which answers here is the one that the list means, and speaks this protocol. */
  identify(signal: AbortSignal): Promise<void> {
    this.#identified ??= this.call(GetRealm, {}, signal).then(({ realmId, protocolVersion }) => {
      if (protocolVersion !== PROTOCOL) {
        throw new CallError('failed_precondition', `realm ${this.name} speaks version ${protocolVersion} of the protocol, and this client ${PROTOCOL}: update it`);
      }
      if (sameBytes(realmId, this.id)) return;
      throw new CallError('failed_precondition',
        `at ${this.realm.url} answers realm ${hex(realmId)}, but the realm list expects ${hex(this.id)} (${this.name}) there: correct the realm list`);
    }).catch((error: unknown) => {
      this.#identified = undefined;
      throw error;
    });
    return this.#identified;
  }

  /**
   * In a page of another origin, has the browser ask the realm beforehand whether it may make these calls: they are
   * made without a message, which a realm refuses before it counts anything. Never fails.
   */
  async preflight(methods: Array<Method<Fields, Fields>>, signal: AbortSignal): Promise<void> {
    const origin = globalThis.location?.origin as string | undefined;
    if (origin === undefined || origin === new URL(this.realm.url).origin) return;
    await Promise.all(methods.map((method) => {
      const made = this.#warmed.get(method.name) ?? this.#token.get(signal)
        .then((token) => this.#post(method.name, new Uint8Array(), token, signal)).then(() => undefined, () => undefined);
      this.#warmed.set(method.name, made);
      return made;
    }));
  }
}
