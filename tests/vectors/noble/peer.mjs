// The C++ side: a child process that answers one line for each line (oprf_peer.cc).
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export const hex = (bytes) => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));
export const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));

export class Peer {
  constructor(program) {
    this.child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = [];
    createInterface({ input: this.child.stdout }).on('line', (line) => this.waiting.shift().resolve(line));
    this.child.on('exit', (code, signal) => {
      for (const { reject } of this.waiting) reject(new Error(`the peer ended: ${code ?? signal}`));
    });
  }

  // The answer as text. Bytes among the arguments are sent in hexadecimal.
  async ask(command, ...args) {
    const words = args.map((arg) => (arg instanceof Uint8Array ? hex(arg) : String(arg)));
    const line = await new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${[command, ...words].join(' ')}\n`);
    });
    if (line.startsWith('error:')) throw new Error(`${command}: ${line}`);
    return line.trim();
  }

  async bytes(command, ...args) {
    return unhex(await this.ask(command, ...args));
  }

  close() {
    this.child.stdin.end();
  }
}
