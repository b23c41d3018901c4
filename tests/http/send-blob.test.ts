import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { PieceBuffers } from '../../services/http/piece-buffers.ts';
import { sendBlob } from '../../services/http/send-blob.ts';
import { listen } from '../../services/platform/http-server.ts';

const BODY = randomBytes(3_000_000);
const COUNT = 100;

class CountedBuffers extends PieceBuffers {
  lent = 0;

  override borrow(length: number) {
    const borrowed = super.borrow(length);
    this.lent += 1;
    return {
      ...borrowed,
      giveBack: (state: 'unused' | 'perhaps-in-use') => {
        this.lent -= 1;
        borrowed.giveBack(state);
      },
    };
  }
}

/** A server that sends one file, and what it holds meanwhile. */
async function stage(t: Test) {
  const pieces = new CountedBuffers();
  const held = { files: 0, asked: 0 };
  const open = () => {
    held.files += 1;
    return Promise.resolve({
      size: BODY.length,
      read: (buffer: Uint8Array, position: number) => {
        const part = BODY.subarray(position, position + buffer.length);
        buffer.set(part);
        return Promise.resolve(part.length);
      },
      close: () => {
        held.files -= 1;
        return Promise.resolve();
      },
    });
  };
  const what = { size: BODY.length, etag: '"a"', modified: null, now: new Date(), headers: {} };
  const server = await listen(
    (request, response) => {
      held.asked += 1;
      sendBlob(request, response, { open, pieces }, what).catch(() => response.destroy());
    },
    { host: '127.0.0.1', port: 0 },
  );
  t.teardown(() => server.stop(0));
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(COUNT));
  while (held.asked < COUNT) await wait(10);
  await wait(100);
  return { pieces, held, socket };
}

t.test('who asks for many files at once and takes none holds one of them', async (t) => {
  const { pieces, held, socket } = await stage(t);
  t.equal(held.files, 1);
  t.equal(pieces.lent, 1);
  socket.destroy();
  while (held.files > 0) await wait(10);
  t.equal(pieces.lent, 0);
});

t.test(
  'who asks for many files at once gets each of them whole, one after the other',
  async (t) => {
    const { pieces, held, socket } = await stage(t);
    let [text, body, whole] = [Buffer.alloc(0), 0, 0];
    socket.on('data', (chunk: Buffer) => {
      text = Buffer.concat([text, chunk]);
      for (;;) {
        const start = text.indexOf('\r\n\r\n') + 4;
        if (start < 4 || text.length < start + BODY.length) return;
        t.match(text.subarray(0, 12).toString('latin1'), 'HTTP/1.1 200');
        body = text.compare(BODY, 0, BODY.length, start, start + BODY.length);
        if (body === 0) whole += 1;
        text = text.subarray(start + BODY.length);
      }
    });
    socket.resume();
    for (let turns = 0; whole < COUNT && turns < 1000; turns += 1) await wait(10);
    t.equal(whole, COUNT);
    while (held.files > 0) await wait(10);
    t.equal(pieces.lent, 0);
  },
);
