import { parentPort } from 'node:worker_threads';

import { serveStretch, type StretchRequest } from '../argon.js';

const serve = serveStretch((answer) => parentPort!.postMessage(answer));
parentPort!.on('message', (request: StretchRequest) => serve(request));
