// As much of a TPM's structures as it takes to let a chip count further and to read its statement of that:
// docs/attestation.md, "Bytes". Lengths are two bytes there too, so LP writes TPM2B.
import { bytesOf, fromHex, i2osp, join, lp, sameBytes, type Bytes } from '../../bytes.js';
import { sha256 } from '../../pin/curve.js';
import { verify } from '../../pin/keys.js';

const SPKI = fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004');
const NV_WRITE = fromHex('00000137');
const POLICY_SIGNED = fromHex('00000160');
const POLICY_COMMAND_CODE = fromHex('0000016c');

class Reader {
  #at = 0;
  constructor(private readonly bytes: Uint8Array) {}
  raw(size: number): Bytes {
    if (size > this.bytes.length - this.#at) throw new RangeError('it is cut');
    return bytesOf(this.bytes.subarray(this.#at, (this.#at += size)));
  }
  number(size: number): number {
    return this.raw(size).reduce((value, byte) => value * 256 + byte, 0);
  }
  sized(): Bytes {
    return this.raw(this.number(2));
  }
  is(hex: string): void {
    if (!sameBytes(this.raw(hex.length / 2), fromHex(hex))) throw new RangeError('it is of another kind');
  }
  end(): void {
    if (this.#at !== this.bytes.length) throw new RangeError('it is too long');
  }
}

/** SHA-256 Name of a public area. */
async function nameOf(area: Bytes): Promise<Bytes> {
  return join(fromHex('000b'), await sha256(area));
}

/** The coordinates of a 91-byte SubjectPublicKeyInfo, as the area that a device loads for a client's key. */
function externalKey(spki: Bytes): Bytes {
  return join(fromHex('0023000b00040000000000100018000b00030010'), lp(spki.slice(27, 59)), lp(spki.slice(59)));
}

/** The Name of the written index whose limit only this key lets be raised. */
export async function indexName(handle: number, unlockSpki: Bytes): Promise<Bytes> {
  let policy = await sha256(join(new Uint8Array(32), POLICY_SIGNED, await nameOf(externalKey(unlockSpki))));
  policy = await sha256(policy);  // policyRef is empty
  policy = await sha256(join(policy, POLICY_COMMAND_CODE, NV_WRITE));
  return nameOf(join(i2osp(handle, 4), fromHex('000b22020098'), lp(policy), i2osp(8, 2)));
}

/** What an index holds. Its count never goes back. */
export interface Counter {
  count: number;
  limit: number;
}

/**
 * What the unlock key signs for one write of this limit, behind the count, in the session with this nonce: good for 120
 * seconds.
 */
export async function writeAuthorization(nonceTpm: Bytes, index: Bytes, limit: number): Promise<Bytes> {
  if (nonceTpm.length < 16 || nonceTpm.length > 32) throw new RangeError('a write is signed for a nonce of 16 to 32 bytes only');
  const cpHash = await sha256(join(NV_WRITE, index, index, lp(i2osp(limit, 4)), i2osp(4, 2)));
  return join(nonceTpm, i2osp(120, 4), cpHash);
}

/** The attestation key with this Name, as SubjectPublicKeyInfo, out of a realm's IdentityEvidence. */
export async function attestationKey(identity: Bytes, name: Bytes): Promise<Bytes> {
  const evidence = new Reader(identity);
  evidence.is('4c5241450101');  // "LRAE", format 1, kind 1
  evidence.sized();
  for (let left = evidence.number(1); left > 0; --left) evidence.sized();
  evidence.sized();
  const area = evidence.sized();
  evidence.end();
  if (!sameBytes(await nameOf(area), name)) throw new RangeError("its attestation key is not the record's");
  const key = new Reader(area);
  key.is('0023000b');
  key.raw(4);  // attributes: the Name has them, and whoever sealed has judged them
  key.sized();
  key.is('00100018000b00030010');
  const [x, y] = [key.sized(), key.sized()];
  key.end();
  return join(SPKI, new Uint8Array(32 - x.length), x, new Uint8Array(32 - y.length), y);
}

/** What this key's TPM states, over this nonce, that the index holds. */
export async function readContents(evidence: Bytes, attestationSpki: Bytes, nonce: Bytes, index: Bytes): Promise<Counter> {
  const statement = new Reader(evidence);
  statement.is('4c5241450105');  // kind 5
  const attest = statement.sized();
  const signature = new Reader(statement.sized());
  statement.end();
  signature.is('0018000b');  // ECDSA, SHA-256
  const [r, s] = [signature.sized(), signature.sized()];
  signature.end();
  const raw = join(new Uint8Array(32 - r.length), r, new Uint8Array(32 - s.length), s);
  if (!(await verify(attestationSpki, attest, raw))) throw new RangeError("the signature is not its attestation key's");
  const said = new Reader(attest);
  said.is('ff5443478014');  // made by a TPM, of an NV index
  said.sized();
  if (!sameBytes(said.sized(), nonce)) throw new RangeError('the statement was made for another exchange');
  said.raw(8 + 4 + 4 + 1 + 8);
  if (!sameBytes(said.sized(), index)) throw new RangeError("the statement is not of this record's index");
  said.is('0000');
  const contents = new Reader(said.sized());
  const counter = { count: contents.number(4), limit: contents.number(4) };
  contents.end();
  said.end();
  return counter;
}
