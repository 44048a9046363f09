// The worker of workerStretch. Its own response has to allow 'wasm-unsafe-eval', and no other one has to: docs/web.md.
import { answerStretch, loadArgon, type StretchAnswer, type StretchRequest } from '../argon.js';

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<StretchRequest>) => void;
  postMessage: (answer: StretchAnswer) => void;
};
const loaded = loadArgon();
loaded.then(() => scope.postMessage({ ready: true }), (error: Error) => scope.postMessage({ failed: error.message }));
scope.onmessage = ({ data }) => void answerStretch(data, (answer) => scope.postMessage(answer));
