// docs/protocol.md, "Keys from s".
import { bytesOf, fromHex, i2osp, join, random, utf8, type Bytes } from '../bytes.js';
import { Point, sha256, toNumber, toScalar } from './curve.js';

export { sha256 };

/** DER of a P-256 SubjectPublicKeyInfo up to the point. */
const SPKI = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200');
/** DER of a P-256 PKCS#8 key: up to the scalar, and from there to the point. */
const PKCS8 = [fromHex('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420'), fromHex('a144034200')] as const;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const MOST_SECRET = 1024;

export async function hkdf(key: Bytes, info: Bytes, size = 32): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }, imported, 8 * size);
  return bytesOf(bits);
}

export function commit(s: Bytes, digest: Bytes): Promise<Bytes> {
  return hkdf(s, join(utf8('labyrinth-recovery/v1/commit'), digest));
}

/** The mask of a share, and so what uncovers it. */
export async function maskShare(share: Uint8Array, rho: Bytes, realmId: Bytes, version: number): Promise<Bytes> {
  const mask = await hkdf(rho, join(utf8('labyrinth-recovery/v1/mask'), realmId, i2osp(version, 4)));
  return Uint8Array.from(share, (byte, i) => byte ^ mask[i]!);
}

/** sk_i, 32 bytes. */
export async function unlockKey(s: Bytes, realmId: Bytes, version: number): Promise<Bytes> {
  const wide = await hkdf(s, join(utf8('labyrinth-recovery/v1/unlock'), realmId, i2osp(version, 4)), 48);
  return i2osp(toScalar(wide), 32);
}

function pointOf(secretKey: Uint8Array): Uint8Array {
  return Point.BASE.multiply(toNumber(secretKey)).toBytes(false);
}

export function spkiOf(secretKey: Uint8Array): Bytes {
  return join(SPKI, pointOf(secretKey));
}

/** r || s. */
export async function sign(message: Bytes, secretKey: Uint8Array): Promise<Bytes> {
  const pkcs8 = join(PKCS8[0], secretKey, PKCS8[1], pointOf(secretKey));
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, ECDSA, false, ['sign']);
  pkcs8.fill(0);
  return bytesOf(await crypto.subtle.sign(ECDSA, key, message));
}

/** Whether a public key in this form signed this; false for what is no such key. */
export async function verify(spki: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  try {
    return await crypto.subtle.verify(ECDSA, await crypto.subtle.importKey('spki', spki, ECDSA, false, ['verify']), signature, message);
  } catch {
    return false;
  }
}

export async function deviceId(spki: Bytes): Promise<Bytes> {
  return (await sha256(spki)).slice(0, 16);
}

async function encryptionKey(s: Bytes, digest: Bytes, use: KeyUsage): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', await hkdf(s, join(utf8('labyrinth-recovery/v1/enc'), digest)), 'AES-GCM', false, [use]);
}

/** nonce || ciphertext || tag; the length of the secret does not show. */
export async function sealSecret(secret: Uint8Array, s: Bytes, digest: Bytes, nonce: Bytes = random(12)): Promise<Bytes> {
  const padded = new Uint8Array(2 + MOST_SECRET);
  padded.set(i2osp(secret.length, 2));
  padded.set(secret, 2);
  const key = await encryptionKey(s, digest, 'encrypt');
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: digest }, key, padded);
  padded.fill(0);
  return join(nonce, bytesOf(sealed));
}

/** undefined for what the record's key does not open, or whose padding is not as it has to be. */
export async function openSecret(sealed: Bytes, s: Bytes, digest: Bytes): Promise<Bytes | undefined> {
  const key = await encryptionKey(s, digest, 'decrypt');
  let padded: Bytes;
  try {
    padded = bytesOf(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData: digest }, key, sealed.slice(12)));
  } catch {
    return undefined;
  }
  const size = padded.length < 2 ? 0 : (padded[0]! << 8) | padded[1]!;
  const right = padded.length === 2 + MOST_SECRET && size <= MOST_SECRET && padded.subarray(2 + size).every((byte) => byte === 0);
  const secret = right ? padded.slice(2, 2 + size) : undefined;
  padded.fill(0);
  return secret;
}
