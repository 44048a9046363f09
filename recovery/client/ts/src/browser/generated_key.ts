import { bytesOf } from '../bytes.js';
import type { DeviceKey } from '../types.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function deviceKeyOf({ privateKey, publicKey }: CryptoKeyPair): Promise<DeviceKey> {
  const spki = bytesOf(await crypto.subtle.exportKey('spki', publicKey));
  return {
    publicKey: spki,
    sign: async (message) => bytesOf(await crypto.subtle.sign(ALGORITHM, privateKey, bytesOf(message))),
  };
}

/** Of WebCrypto, which does not give it out. */
export function generatePair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

/** A device key that is gone with the page, or the process. */
export async function generateDeviceKey(): Promise<DeviceKey> {
  return deviceKeyOf(await generatePair());
}
