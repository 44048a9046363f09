import type { DeviceKey } from '../types.js';
import { deviceKeyOf, generatePair } from './generated_key.js';

const DATABASE = 'labyrinth-recovery';
const STORE = 'device-keys';

function promised<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inStore<T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await promised(opening);
  try {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await promised(run(transaction.objectStore(STORE)));
    await done;
    return result;
  } finally {
    database.close();
  }
}

/**
 * This browser's device key, kept in IndexedDB as a CryptoKey that WebCrypto does not give out; made where there is none.
 * A browser may throw it away (docs/web.md): `isNew` then says that it has to be enrolled again.
 */
export async function browserDeviceKey(name = 'default'): Promise<DeviceKey & { isNew: boolean }> {
  const kept = (await inStore('readonly', (store) => store.get(name))) as CryptoKeyPair | undefined;
  if (kept) return { ...(await deviceKeyOf(kept)), isNew: false };
  const made = await generatePair();
  try {
    await inStore('readwrite', (store) => store.add(made, name));
  } catch (error) {
    // Another tab was first.
    if ((error as DOMException | null)?.name === 'ConstraintError') return browserDeviceKey(name);
    throw error;
  }
  return { ...(await deviceKeyOf(made)), isNew: true };
}

export async function forgetBrowserDeviceKey(name = 'default'): Promise<void> {
  await inStore('readwrite', (store) => store.delete(name));
}
