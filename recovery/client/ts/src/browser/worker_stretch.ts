import { stretchBy } from '../stretching.js';
import type { Stretch } from '../types.js';

/** `script`: where the page's own server has this package's argon-worker.js, bundled. */
export function workerStretch(script: string | URL): Stretch {
  return stretchBy((told) => {
    const worker = new Worker(script, { type: 'module', name: 'labyrinth-recovery-argon2' });
    worker.onmessage = ({ data }) => told(data);
    worker.onerror = (event) => told({ failed: event.message || `the worker ${String(script)} does not load` });
    return { send: (request) => worker.postMessage(request), end: () => worker.terminate() };
  });
}
