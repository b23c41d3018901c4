import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { openWebhookOutbox } from '../../services/adapters/webhook-outbox.ts';
import type { WebhookEvent, WebhookRule } from '../../services/domain/webhook.ts';
import { WebhookDelivery } from '../../services/shaman/webhook-delivery.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { BUILD_REPORT, READY_EVENT } from '../fixtures/shaman-payloads.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { testFolder } from '../fixtures/test-folder.ts';

interface Delivery {
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly body: { event: string; status: string; before: string | null; project: string };
}

/** As a status: takes what comes and does not answer. */
const SILENT = 0;

/** A receiver that answers as told and remembers what it got. */
async function someReceiver(t: Test) {
  const state = { status: 204 };
  const got: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      // Our own bodies; what they hold is what the test asserts.
      got.push({ headers: request.headers, text, body: JSON.parse(text) as Delivery['body'] });
      if (state.status !== SILENT) response.writeHead(state.status).end();
      server.emit('delivery');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // A TCP server's address is an object; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  const until = async (count: number) => {
    while (got.length < count) await once(server, 'delivery');
  };
  return { url: `http://127.0.0.1:${port}/hook`, state, got, until };
}

const summary = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ body }) => `${body.event} ${body.before} -> ${body.status}`);

t.test('changes of state are told once each, in order, signed', async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, 'secret'), 'hush\n');
  const receiver = await someReceiver(t);
  const shaman = await startTestShaman(t, {
    folder,
    clock: systemClock,
    shaman: `webhooks: [{ name: ci, url: "${receiver.url}", secretFile: secret, project: "ce*" }]`,
  });
  for (const status of ['queued', 'building', 'building', 'ready']) {
    await shaman.post('/api/repos/ceph/', { ...READY_EVENT, status }, 'chacra');
  }
  await shaman.post('/api/repos/other/', { ...READY_EVENT, project: 'other' }, 'chacra');
  await shaman.post('/api/builds/ceph/', { ...BUILD_REPORT, status: 'started' }, 'jenkins');
  await receiver.until(4);
  t.strictSame(summary(receiver.got), [
    'repo null -> queued',
    'repo queued -> building',
    'repo building -> ready',
    'build null -> started',
  ]);
  for (const { headers, text } of receiver.got) {
    const hmac = createHmac('sha256', 'hush').update(text).digest('hex');
    t.equal(headers['x-hub-signature-256'], `sha256=${hmac}`);
  }
});

t.test('what was not taken waits, through failures and a restart', async (t) => {
  const folder = testFolder(t);
  const receiver = await someReceiver(t);
  const clock = new ManualClock();
  const options = { folder, clock, shaman: `webhooks: [{ name: ci, url: "${receiver.url}" }]` };
  const shaman = await startTestShaman(t, options);
  receiver.state.status = 503;
  await shaman.post('/api/repos/ceph/', { ...READY_EVENT, status: 'queued' }, 'chacra');
  await receiver.until(1);
  await shaman.post('/api/repos/ceph/', { ...READY_EVENT, status: 'ready' }, 'chacra');
  await shaman.stop();
  receiver.state.status = 200;
  const again = await startTestShaman(t, options);
  await receiver.until(3);
  t.strictSame(summary(receiver.got), [
    'repo null -> queued',
    'repo null -> queued',
    'repo queued -> ready',
  ]);
  await again.stop();
  await startTestShaman(t, options);
  t.equal(receiver.got.length, 3, 'what was taken is not told again');
});

t.test('a silent receiver does not hold up the end, and is told again', async (t) => {
  const folder = testFolder(t);
  const receiver = await someReceiver(t);
  const clock = new ManualClock();
  const options = { folder, clock, shaman: `webhooks: [{ name: ci, url: "${receiver.url}" }]` };
  const shaman = await startTestShaman(t, options);
  receiver.state.status = SILENT;
  await shaman.post('/api/repos/ceph/', READY_EVENT, 'chacra');
  await receiver.until(1);
  const stopped = shaman.stop();
  let isStopped = false;
  void stopped.then(() => (isStopped = true));
  while (!isStopped) {
    clock.advance(2000);
    await setImmediate();
  }
  const problems = shaman.log.lines.map(({ fields }) => fields).filter((one) => 'problem' in one);
  t.match(problems, [{ webhook: 'ci', problem: 'shaman is stopping' }]);
  receiver.state.status = 200;
  await startTestShaman(t, options);
  await receiver.until(2);
  t.equal(receiver.got[1]?.text, receiver.got[0]?.text);
});

t.test('what was taken and could not be noted ends nothing', async (t) => {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const outbox = await openWebhookOutbox(testFolder(t), 'ci');
  const note = outbox.delivered.bind(outbox);
  // As on a disk that was full for a moment.
  outbox.delivered = async () => {
    outbox.delivered = note;
    throw new Error('no space left');
  };
  const took: number[] = [];
  const sender = {
    async send(_: WebhookRule, { order }: WebhookEvent) {
      took.push(order);
      return null;
    },
  };
  const rule = {
    name: 'ci',
    url: 'http://127.0.0.1:9/',
    project: '*',
    ref: '*',
    kinds: ['repo'] as const,
  };
  const webhook = new WebhookDelivery({ rule, outbox, sender, clock, log });
  t.teardown(() => webhook.stop());
  await webhook.start([], 0);
  const event = { order: 1, at: '2026-01-01T00:00:00Z', kind: 'repo', project: 'ceph' } as const;
  const rest = { ref: 'main', sha1: 'abc', status: 'ready', before: null, record: {} };
  webhook.offer({ ...event, ...rest });
  while (clock.waiting === 0) await setImmediate();
  t.match(log.lines, [{ level: 'warn', fields: { problem: /no space left/ } }]);
  webhook.offer({ ...event, ...rest, order: 2 });
  clock.advance(1000);
  while (webhook.waiting > 0 || took.at(-1) !== 2) {
    await setImmediate();
    clock.advance(1000);
  }
  t.equal(log.lines.length, 1);
});

t.test('a new receiver hears of nothing older than itself', async (t) => {
  const folder = testFolder(t);
  const receiver = await someReceiver(t);
  const shaman = await startTestShaman(t, { folder });
  await shaman.post('/api/repos/ceph/', { ...READY_EVENT, status: 'queued' }, 'chacra');
  await shaman.stop();
  const again = await startTestShaman(t, {
    folder,
    shaman: `webhooks: [{ name: ci, url: "${receiver.url}" }]`,
  });
  await again.post('/api/repos/ceph/', { ...READY_EVENT, status: 'ready' }, 'chacra');
  await receiver.until(1);
  t.strictSame(summary(receiver.got), ['repo queued -> ready']);
});
