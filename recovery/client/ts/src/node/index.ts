import { Worker } from 'node:worker_threads';

import type { StretchAnswer, StretchRequest } from '../argon.js';
import { stretchBy } from '../stretching.js';
import type { Stretch } from '../types.js';

/** Argon2id in a thread of its own. One that is ready and has nothing to do keeps no process running. */
export function nodeStretch(): Stretch {
  return stretchBy((told) => {
    const worker = new Worker(new URL('./argon_worker.js', import.meta.url));
    let asked = false;
    worker.on('message', (answer: StretchAnswer) => {
      if (!asked) worker.unref();
      told(answer);
    });
    worker.on('error', (error) => told({ failed: error.message }));
    const send = (request: StretchRequest) => {
      asked = true;
      worker.ref();
      worker.postMessage(request);
    };
    return { send, end: () => void worker.terminate() };
  });
}
