import { once } from 'node:events';
import t from 'tap';
import { authorization, startNode } from '../fixtures/chacra.ts';
import { openRaw, requestHead } from '../fixtures/raw-connection.ts';

const FOLDER = '/binaries/p/main/sha/ubuntu/jammy/x86_64/flavors/default';
/** More than sockets hold between two processes: whoever sends it all must be read to its end. */
const MORE = 32 * 1024 * 1024;

t.test('who sends a whole refused upload before reading gets to read why', async (t) => {
  const node = await startNode(t);
  const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.rpm"\r\n\r\n';
  const uploads = [
    ['PUT', `${FOLDER}/x.rpm`, 'application/octet-stream', ''],
    ['PUT', `${FOLDER}/x.deb`, 'application/octet-stream', ''],
    ['POST', `${FOLDER}/`, 'multipart/form-data; boundary=b', form],
  ] as const;
  for (const [method, path, type, start] of uploads) {
    const headers = {
      Authorization: authorization('builder'),
      'Content-Type': type,
      'Content-Length': MORE,
    };
    const client = openRaw(t, node.url, requestHead(method, path, headers) + start);
    const sent = client.socket.write(Buffer.alloc(MORE - start.length, 'x'));
    if (!sent) await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')]);
    t.match(await client.answer(), { status: 422, body: /PACKAGE_MALFORMED/ }, `${method} ${path}`);
    client.socket.write(requestHead('GET', '/health/'));
    t.match(await client.answer(), { status: 204 }, 'and goes on with the same connection');
  }
});
