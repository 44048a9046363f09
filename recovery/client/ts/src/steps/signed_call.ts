import type { Bytes } from '../bytes.js';
import type { Method } from '../realms/methods.js';
import type { RealmSet } from '../realms/realm_set.js';
import { requestBytes, signed, type Operation, type Signer } from '../realms/request_bytes.js';
import { CallError } from '../errors.js';
import type { Fields, Message } from '../wire/codec.js';
import type { SignatureMessage } from '../wire/messages.js';

export interface Signing {
  operation: Operation;
  body: Bytes;
  signer: Signer;
  /** One that was fetched beforehand. */
  challenge?: Promise<Bytes> | undefined;
}

/**
 * A call with an authorization. After 'unavailable' it is signed anew over a new challenge and made once more: what is
 * done already answers well, or that it is not there. So with a challenge that was fetched beforehand and has expired.
 */
export async function signedCall<Q extends Fields & { authorization: Fields[string] }, A extends Fields>(
  realms: RealmSet, realm: number, method: Method<Q, A>, signing: Signing,
  request: Omit<Message<Q>, 'authorization'>, signal: AbortSignal,
): Promise<Message<A>> {
  const channel = realms.at(realm);
  const { operation, body, signer } = signing;
  const make = async (challenge: Bytes): Promise<Message<A>> => {
    const message = await requestBytes(realms.scope(realm), operation, challenge, body);
    const authorization: SignatureMessage = await signed(signer, channel.id, challenge, message);
    return channel.call(method, { ...request, authorization } as unknown as Message<Q>, signal);
  };
  try {
    return await make(await (signing.challenge ?? channel.challenge(signal)));
  } catch (error) {
    const again = error instanceof CallError &&
      (error.code === 'unavailable' || (signing.challenge && error.code === 'permission_denied'));
    if (!again) throw error;
    return make(await channel.challenge(signal));
  }
}

/** A challenge for later: its failure is seen by who waits for it. */
export function prefetch(challenge: Promise<Bytes>): Promise<Bytes> {
  challenge.catch(() => undefined);
  return challenge;
}
