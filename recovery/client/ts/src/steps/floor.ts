import { sameBytes, type Bytes } from '../bytes.js';
import { faulty } from '../errors.js';
import { deviceId, verify } from '../pin/keys.js';
import type { RealmSet } from '../realms/realm_set.js';
import { raiseFloorBody, requestBytes } from '../realms/request_bytes.js';
import type { Floor } from '../types.js';
import type { FloorMessage } from '../wire/messages.js';

/**
 * The floor that a realm gave, if its signature is its device's; throws data_loss else. A lying realm can sign one with a
 * key of its own: whose it is, is for the reader to judge.
 */
export async function checkFloor(realms: RealmSet, realm: number, record: string, floor: FloorMessage): Promise<Floor> {
  const { sequence, digest, deviceId: id, devicePublicKey, challenge, signature } = floor;
  const wrong = (what: string) => faulty(realms.at(realm).name, `gave an epoch floor whose ${what}`);
  if (digest.length !== 32) throw wrong('digest has not 32 bytes');
  if (!sameBytes(await deviceId(devicePublicKey), id)) throw wrong("device id is not its key's");
  const message: Bytes = await requestBytes(realms.scope(realm), 'raise-floor', challenge, raiseFloorBody(record, sequence, digest));
  if (!(await verify(devicePublicKey, message, signature))) throw wrong("signature is not its device's");
  return { realm: realms.at(realm).name, sequence, digest, deviceId: id, devicePublicKey };
}

export function highestFirst(floors: Floor[]): Floor[] {
  return floors.sort((a, b) => (a.sequence === b.sequence ? 0 : a.sequence < b.sequence ? 1 : -1));
}

