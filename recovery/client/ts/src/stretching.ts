import { RecoveryError } from './errors.js';
import type { StretchAnswer, StretchRequest } from './argon.js';
import type { Stretch } from './types.js';

/** A worker, of a browser or of Node. */
export interface ArgonWorker {
  send(request: StretchRequest): void;
  end(): void;
}
export type StartWorker = (told: (answer: StretchAnswer) => void) => ArgonWorker;

/**
 * Argon2id in a worker of its own for each call, which ends with it: so its memory is given back, and an abort stops it.
 * warmUp() starts the next one beforehand.
 */
export function stretchBy(start: StartWorker): Stretch {
  interface Started { worker: ArgonWorker; ready: Promise<void>; listen: (told: (answer: StretchAnswer) => void) => void }
  let next: Started | undefined;
  const launch = (): Started => {
    let listener: ((answer: StretchAnswer) => void) | undefined;
    let failure: StretchAnswer | undefined;  // of a worker that did not even start
    let loaded = () => {};
    const ready = new Promise<void>((resolve) => (loaded = resolve));
    const worker = start((answer) => {
      loaded();
      if ('failed' in answer) failure = answer;
      listener?.(answer);
    });
    const listen = (told: (answer: StretchAnswer) => void) => {
      listener = told;
      if (failure) told(failure);
    };
    return { worker, ready, listen };
  };
  const stretch: Stretch = (pin, salt, cost, call = {}) => new Promise((resolve, reject) => {
    call.signal?.throwIfAborted();
    const { worker, listen } = next ?? launch();
    next = undefined;
    const end = () => (worker.end(), call.signal?.removeEventListener('abort', stop));
    const stop = () => (end(), reject(call.signal!.reason));
    call.signal?.addEventListener('abort', stop);
    worker.send({ ...cost, pin, salt });
    listen((answer) => {
      if ('ready' in answer) return;
      if ('expectedMs' in answer) return call.onExpected?.(answer.expectedMs);
      end();
      if ('stretched' in answer) return resolve(answer.stretched);
      reject(new RecoveryError('resource_exhausted',
        `the PIN could not be stretched, and no guess was spent: Argon2 with ${cost.memoryKib} KiB: ${answer.failed}`));
    });
  });
  stretch.warmUp = async () => {
    next ??= launch();
    await next.ready;
  };
  return stretch;
}
