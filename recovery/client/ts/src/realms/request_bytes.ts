// What signatures are over: docs/protocol.md, "Signed requests".
import { bytesOf, i2osp, join, lp, type Bytes } from '../bytes.js';
import { Authority } from '../pin/authority.js';
import { deviceId, sha256 } from '../pin/keys.js';
import type { DeviceKey } from '../types.js';
import type { SignatureMessage } from '../wire/messages.js';

export interface Scope {
  realmId: Bytes;
  tenant: string;
  account: string;
}
export type Operation = 'enroll-device' | 'revoke-device' | 'finish-registration' | 'activate' | 'delete-record' | 'raise-floor' | 'get-floor';
export type Signer = Authority | DeviceKey;

const scoped = (label: string, { realmId, tenant, account }: Scope) => join(lp(label), lp(realmId), lp(tenant), lp(account));

export async function requestBytes(scope: Scope, operation: Operation, challenge: Bytes, body: Bytes): Promise<Bytes> {
  return join(scoped('labyrinth-recovery/v1/request', scope), lp(operation), lp(challenge), await sha256(body));
}

export function unlockBytes(scope: Scope, record: string, version: number, challenge: Bytes): Bytes {
  return join(scoped('labyrinth-recovery/v1/unlock', scope), lp(record), i2osp(version, 4), challenge);
}

export const recordBody = (record: string) => lp(record);
export const activateBody = (record: string, version: number) => join(lp(record), i2osp(version, 4));
export const enrollBody = (publicKey: Bytes, name: string) => join(lp(publicKey), lp(name));
export const revokeBody = (id: Bytes) => lp(id);
export const raiseFloorBody = (record: string, sequence: bigint, digest: Bytes) => join(lp(record), i2osp(sequence, 8), lp(digest));

export interface RegistrationParts {
  record: string;
  version: number;
  registrationId: Bytes;
  config: Bytes;
  commitment: Bytes;
  unlockPublicKey: Bytes;
  sealedSecret: Bytes;
}
export async function finishBody(parts: RegistrationParts): Promise<Bytes> {
  return join(lp(parts.record), i2osp(parts.version, 4), lp(parts.registrationId), await sha256(parts.config),
    lp(parts.commitment), lp(parts.unlockPublicKey), await sha256(parts.sealedSecret));
}

/** The message Signature over these request bytes. */
export async function signed(signer: Signer, realmId: Bytes, challenge: Bytes, message: Bytes): Promise<SignatureMessage> {
  if (signer instanceof Authority) {
    const signature = await signer.sign(realmId, message);
    return { challenge, deviceId: undefined, unlockKey: { record: signer.record, version: signer.version }, signature };
  }
  const signature = bytesOf(await signer.sign(message));
  return { challenge, deviceId: await deviceId(bytesOf(signer.publicKey)), unlockKey: undefined, signature };
}
