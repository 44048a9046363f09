import { bytesOf, type Bytes } from '../bytes.js';
import { sign, spkiOf, unlockKey } from './keys.js';

/**
 * Whoever holds this has recovered, or just made, this version of the record: it holds the secret from which the unlock
 * keys come. It may sign for record and account while the version is active.
 */
export class Authority {
  readonly #s: Bytes;
  constructor(s: Uint8Array, readonly record: string, readonly version: number) {
    this.#s = bytesOf(s);
  }
  /** For this library's own steps. */
  get s(): Bytes {
    return this.#s;
  }
  async publicKey(realmId: Bytes): Promise<Bytes> {
    return spkiOf(await unlockKey(this.#s, realmId, this.version));
  }
  async sign(realmId: Bytes, message: Bytes): Promise<Bytes> {
    return sign(message, await unlockKey(this.#s, realmId, this.version));
  }
}
