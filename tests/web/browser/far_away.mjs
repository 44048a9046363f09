// A way to a port of this host that takes as long as one to another city: 25 ms in each direction, and so 50 ms for
// each round trip, that of TCP's own handshake too.
import { createServer, connect } from 'node:net';

const ONE_WAY_MS = 25;

function slowly(from, to, firstMs) {
  let last = performance.now() + firstMs;
  const later = (what) => {
    last = Math.max(last, performance.now() + ONE_WAY_MS);
    setTimeout(what, last - performance.now());
  };
  from.on('data', (chunk) => later(() => to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}

/** The port of the slow way, and how many connections were made to it; closes with `end`. */
export async function farAway(port) {
  let connections = 0;
  const server = createServer({ noDelay: true }, (client) => {
    ++connections;
    const realm = connect({ port, host: '127.0.0.1', noDelay: true });
    slowly(client, realm, 3 * ONE_WAY_MS);
    slowly(realm, client, 0);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, connections: () => connections, end: () => server.close() };
}
