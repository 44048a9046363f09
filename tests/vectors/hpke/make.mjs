// Writes ../hpke_core_authpsk_aes256gcm.txt with @hpke/core: AuthPSK, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
// AES-256-GCM. Keys are derived from the vector's number, so that the same file comes out every time.
// With --check it compares instead of writing. Every figure is opened again before it is written.
//   npm ci && npm run make      or      npm ci && npm run check
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';

const kFile = new URL('../hpke_core_authpsk_aes256gcm.txt', import.meta.url);
const kVectors = 16;
const suite = new CipherSuite({
  kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm(),
});

const bytes = (what, number, size) =>
  createHash('shake256', { outputLength: size }).update(`${what} ${number}`).digest();
const hex = (buffer) => Buffer.from(buffer).toString('hex');
const keyPair = (what, number) => suite.kem.deriveKeyPair(bytes(what, number, 32));
const publicHex = async (pair) => hex(await suite.kem.serializePublicKey(pair.publicKey));
const secretHex = async (pair) => hex(await suite.kem.serializePrivateKey(pair.privateKey));

async function vector(number) {
  const [recipient, sender] = [await keyPair('recipient', number), await keyPair('sender', number)];
  // The ephemeral pair is derived from ekm as RFC 9180, section 7.1.3 says; the library derives the same one.
  const ekm = bytes('ephemeral', number, 32);
  const ephemeral = await suite.kem.deriveKeyPair(ekm);
  const info = bytes('info', number, number * 7);
  const psk = { id: bytes('psk id', number, 1 + number), key: bytes('psk', number, 32) };
  const plaintext = bytes('plaintext', number, number * 13);

  const from = await suite.createSenderContext(
    { recipientPublicKey: recipient.publicKey, senderKey: sender, psk, info, ekm });
  const enc = new Uint8Array(from.enc);
  const ciphertext = await from.seal(plaintext);
  const to = await suite.createRecipientContext(
    { recipientKey: recipient, senderPublicKey: sender.publicKey, psk, info, enc });
  if (hex(await to.open(ciphertext)) !== hex(plaintext)) throw new Error(`vector ${number} does not open`);
  return [
    `[vector ${number}]`, `info = ${hex(info)}`, `psk = ${hex(psk.key)}`, `psk_id = ${hex(psk.id)}`,
    `skEm = ${await secretHex(ephemeral)}`, `skRm = ${await secretHex(recipient)}`,
    `pkRm = ${await publicHex(recipient)}`, `skSm = ${await secretHex(sender)}`,
    `pkSm = ${await publicHex(sender)}`, `enc = ${hex(enc)}`, `pt = ${hex(plaintext)}`, `ct = ${hex(ciphertext)}`, '',
  ].join('\n');
}

const parts = ['# Made by hpke/make.mjs with @hpke/core: AuthPSK, P-256, HKDF-SHA256, AES-256-GCM. Hexadecimal.\n'];
for (let number = 0; number < kVectors; ++number) parts.push(await vector(number));
const content = parts.join('\n');
if (process.argv.includes('--check')) {
  if (readFileSync(kFile, 'utf8') !== content) throw new Error('the file is not what @hpke/core computes');
  console.log(`${kVectors} vectors agree`);
} else {
  writeFileSync(kFile, content);
  console.log(`${kVectors} vectors written`);
}
