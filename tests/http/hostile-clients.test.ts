import { once } from 'node:events';
import t from 'tap';
import { listen } from '../../services/platform/http-server.ts';
import type { Listener } from '../../services/platform/http-server.ts';
import { authorization, startNode } from '../fixtures/chacra.ts';
import { untilHeld } from '../fixtures/held.ts';
import { openRaw, requestHead } from '../fixtures/raw-connection.ts';
import { READY_EVENT } from '../fixtures/shaman-payloads.ts';
import { startTestShaman } from '../fixtures/shaman.ts';

const FOLDER = '/binaries/p/main/sha/ubuntu/jammy/x86_64/flavors/default';
/** More than sockets hold between two processes: whoever sends it all must be read to its end. */
const MORE = 32 * 1024 * 1024;
const HERE = { host: '127.0.0.1', port: 0 };

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

t.test('a redirect leads to no place outside of the repository', async (t) => {
  const shaman = await startTestShaman(t);
  await shaman.post('/api/repos/ceph/', READY_EVENT);
  const folder = '/api/repos/ceph/main/latest/ubuntu/jammy/x86_64/';
  for (const path of ['../x', 'pool/../../x', '%2e%2e/x', './x', '..']) {
    const client = openRaw(t, shaman.url, requestHead('GET', `${folder}${path}`));
    t.match(await client.answer(), { status: 404 }, path);
  }
  const client = openRaw(t, shaman.url, requestHead('GET', `${folder}pool/..x`));
  t.match(await client.answer(), {
    status: 302,
    headers: { location: `${READY_EVENT.url}pool/..x` },
  });
});

t.test('a connection on which nothing moves is closed, whoever waits for the other', async (t) => {
  const closed = new Promise<void>((resolve) => {
    const listener: Listener = (_request, response) => {
      response.once('close', resolve);
      response.end(Buffer.alloc(MORE));
    };
    void listen(listener, HERE, { silentMilliseconds: 300 }).then((server) => {
      t.teardown(() => server.stop(0));
      // It takes what sockets hold, and never more.
      openRaw(t, server.url, requestHead('GET', '/'));
    });
  });
  await closed;
});

t.test('what was asked behind a held request ends with their connection', async (t) => {
  const shaman = await startTestShaman(t);
  const question = '/api/v1/latest?project=ceph&ref=main&platforms=jammy&wait=600';
  const asked = [question, question, '/api/v1/events'].map((path) => requestHead('GET', path));
  const client = openRaw(t, shaman.url, asked.join(''));
  await untilHeld(shaman, 'wait', 2);
  await untilHeld(shaman, 'stream', 1);
  client.socket.destroy();
  await untilHeld(shaman, 'wait', 0);
  await untilHeld(shaman, 'stream', 0);
});
