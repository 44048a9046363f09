import { CallError } from '../errors.js';

export type Answer<T> = { ok: true; value: T } | { ok: false; error: CallError };

export function callError(error: unknown): CallError {
  return error instanceof CallError ? error : new CallError('internal', error instanceof Error ? error.message : String(error));
}

export interface Gathering<T> {
  count: number;
  call: (index: number, signal: AbortSignal) => Promise<T>;
  /** Once this holds, stragglers get a grace time and are cancelled after it. */
  enough?: (soFar: Array<Answer<T> | undefined>) => boolean | Promise<boolean>;
  graceMs?: number;
  /** After this all that have not answered are cancelled. */
  limitMs?: number;
  signal?: AbortSignal | undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/**
 * Calls 0..count-1 at once; one answer for each. An answer that was not waited for is 'canceled'. Throws the reason of
 * `signal` if that is aborted.
 */
export async function gather<T>({ count, call, enough, graceMs = 0, limitMs, signal }: Gathering<T>): Promise<Array<Answer<T>>> {
  signal?.throwIfAborted();
  const answers: Array<Answer<T> | undefined> = Array.from({ length: count });
  const late = new AbortController();
  const done = new AbortController();
  const start = performance.now();
  const all = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  let ended = false;
  await new Promise<void>((resolve) => {
    const end = () => ((ended = true), resolve());
    if (count === 0) end();
    signal?.addEventListener('abort', end, { once: true, signal: done.signal });
    if (limitMs !== undefined) void pause(limitMs, done.signal).then(end);
    let closing = false;
    const note = async (index: number, answer: Answer<T>) => {
      if (ended) return;
      answers[index] = answer;
      if (answers.every((each) => each)) return end();
      if (closing || !enough || !(await enough(answers)) || closing) return;
      closing = true;
      void pause(Math.max(graceMs, performance.now() - start), done.signal).then(end);
    };
    for (let i = 0; i < count; ++i) {
      call(i, all).then((value) => note(i, { ok: true, value }), (error) => note(i, { ok: false, error: callError(error) }));
    }
  });
  done.abort();
  const error = new CallError('canceled', 'it was not waited for: the others were enough');
  late.abort(error);
  signal?.throwIfAborted();
  return answers.map((answer) => answer ?? { ok: false, error });
}
