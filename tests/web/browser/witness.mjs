// Sees what a page sends, keeps and says, and looks there for what must be nowhere.
import assert from 'node:assert/strict';

/** A secret in the forms that somebody might write it in. */
function forms(secret) {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : Buffer.from(secret);
  const wide = Buffer.from(bytes.toString('latin1'), 'utf16le');
  return [bytes, wide, ...['hex', 'base64', 'base64url'].flatMap((form) => {
    const text = bytes.toString(form).replace(/=+$/, '');
    return [Buffer.from(text), Buffer.from(text.toUpperCase())];
  }), Buffer.from([...bytes].join(',')), ...(typeof secret === 'string' ? [Buffer.from([...secret].reverse().join(''))] : [])];
}

export class Witness {
  #seen = [];
  #drawn = [];
  requests = 0;
  errors = [];

  static async of(page) {
    const witness = new Witness();
    // Whatever has 32 bytes and is drawn in the page is a secret: keys, record secrets, coefficients of shares.
    await page.exposeFunction('witnessDrawn', (hex) => void witness.#drawn.push(Buffer.from(hex, 'hex')));
    await page.addInitScript(() => {
      const draw = crypto.getRandomValues.bind(crypto);
      crypto.getRandomValues = (into) => {
        draw(into);
        if (into.byteLength === 32 || into.byteLength === 48) void window.witnessDrawn(Array.from(into, (byte) => byte.toString(16).padStart(2, '0')).join(''));
        return into;
      };
    });
    page.on('request', (request) => {
      ++witness.requests;
      witness.#saw('a URL', request.url());
      witness.#saw('headers', JSON.stringify(request.headers()));
      witness.#saw(`the body of ${request.url()}`, request.postDataBuffer());
    });
    page.on('console', (message) => {
      witness.#saw('the console', message.text());
      // The library makes empty calls beforehand, and realms that are down answer nothing: the browser says both.
      if (message.type() === 'error' && !/^Failed to load resource: (the server responded with a status of (400|403|502|504)|net::)/.test(message.text()) &&
        !/blocked by CORS policy|Content Security Policy|violates the following/.test(message.text())) witness.errors.push(message.text());
    });
    page.on('pageerror', (error) => witness.errors.push(error.message));
    return witness;
  }

  get drawn() {
    return this.#drawn;
  }

  #saw(where, what) {
    if (what) this.#seen.push([where, Buffer.from(what)]);
  }

  async sawNothingOf(page, pins) {
    this.#saw('storage', await page.evaluate(async () => {
      const kept = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie, location.href, document.documentElement.outerHTML,
        JSON.stringify(history.state), window.name, JSON.stringify(await caches.keys())];
      for (const input of document.querySelectorAll('input')) kept.push(input.value);
      for (const { name } of await indexedDB.databases()) {
        const opening = indexedDB.open(name);
        await new Promise((resolve) => (opening.onsuccess = resolve));
        for (const store of opening.result.objectStoreNames) {
          const reading = opening.result.transaction(store).objectStore(store).getAll();
          await new Promise((resolve) => (reading.onsuccess = resolve));
          for (const each of reading.result) {
            const text = (value) => (value instanceof CryptoKey ? `${value.type} ${value.extractable}` : value instanceof Uint8Array ? [...value].join() : value);
            kept.push(JSON.stringify(each, (_, value) => text(value)), JSON.stringify(Object.values(each).map(text)));
          }
        }
      }
      return kept.join('\n');
    }));
    const whole = this.#seen.map(([, what]) => what);
    assert.ok(whole.some((what) => what.includes('ECDSA') || what.includes('private false')), 'the storage was looked at');
    for (const secret of [...pins, ...this.#drawn]) {
      for (const form of forms(secret)) {
        for (const [where, what] of this.#seen) assert.ok(!what.includes(form), `a secret was in ${where}`);
      }
    }
  }
}
