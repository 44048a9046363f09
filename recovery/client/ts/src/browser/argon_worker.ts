// The worker of workerStretch. Its own response has to allow 'wasm-unsafe-eval', and no other one has to: docs/web.md.
import { serveStretch, type StretchAnswer, type StretchRequest } from '../argon.js';

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<StretchRequest>) => void;
  postMessage: (answer: StretchAnswer) => void;
};
const serve = serveStretch((answer) => scope.postMessage(answer));
scope.onmessage = ({ data }) => serve(data);
