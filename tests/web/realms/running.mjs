// tools/quickstart --web as a child: real realms behind the quickstart's own nginx. LABREC_SOURCE is the checkout,
// LABREC_BUILD the build folder with the programs, LABREC_WEB what tools/web/build made.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class RunningRealms {
  #child;
  #folder = mkdtempSync(join(tmpdir(), 'labrec-web.'));
  #waiting = [];
  #said = [];
  #ended;

  /** Resolves once the page is served. */
  static async start() {
    const realms = new RunningRealms();
    try {
      await realms.#says(/The page is at/);
      return Object.assign(realms, JSON.parse(readFileSync(realms.#ready, 'utf8')));
    } catch (error) {
      await realms.end();
      throw error;
    }
  }

  get #ready() {
    return join(this.#folder, 'ready.json');
  }

  constructor() {
    const env = { ...process.env, LABREC_WEB_READY: this.#ready };
    this.#child = spawn(`${process.env.LABREC_SOURCE}/tools/quickstart`, ['--web'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((resolve) => this.#child.on('close', resolve));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#said.push(line);
      this.#waiting = this.#waiting.filter(({ what, resolve }) => !(what.test(line) && (resolve(), true)));
    });
    void this.#ended.then(() => this.#waiting.forEach(({ what, reject }) => reject(new Error(`it ended before it said ${what}: ${this.#said.slice(-5).join('\n')}`))));
  }

  #says(what) {
    return new Promise((resolve, reject) => this.#waiting.push({ what, resolve, reject }));
  }

  async #tell(command, answer) {
    const said = this.#says(answer);
    this.#child.stdin.write(`${command}\n`);
    await said;
  }
  /** Realms are numbered from 1. */
  stop(realm) {
    return this.#tell(`stop ${realm}`, / is down/);
  }
  start(realm) {
    return this.#tell(`start ${realm}`, / is up/);
  }
  /** Its exit status. */
  async end() {
    this.#child.stdin.end('quit\n');
    const status = await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
    return status;
  }
}
