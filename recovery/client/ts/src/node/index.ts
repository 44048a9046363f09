import { Worker } from 'node:worker_threads';

import { stretchBy } from '../stretching.js';
import type { Stretch } from '../types.js';

/** Argon2id in a thread of its own. */
export function nodeStretch(): Stretch {
  return stretchBy((told) => {
    const worker = new Worker(new URL('./argon_worker.js', import.meta.url));
    worker.on('message', told);
    worker.on('error', (error) => told({ failed: error.message }));
    return { send: (request) => worker.postMessage(request), end: () => void worker.terminate() };
  });
}
