import { parentPort } from 'node:worker_threads';

import { answerStretch, loadArgon, type StretchRequest } from '../argon.js';

const loaded = loadArgon();
loaded.then(() => parentPort!.postMessage({ ready: true }), (error: Error) => parentPort!.postMessage({ failed: error.message }));
parentPort!.on('message', (request: StretchRequest) => void answerStretch(request, (answer) => parentPort!.postMessage(answer)));
