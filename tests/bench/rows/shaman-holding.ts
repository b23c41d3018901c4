import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Server } from '../server.ts';
import { unreadySha1s } from './shaman-records.ts';
import type { Seed } from './shaman-records.ts';

const PLATFORMS = ['jammy', 'noble', 'debian/12', 'centos9', 'rocky/10'];
const AT_ONCE = 50;
/** Longer than what is looked for in a stream. */
const TAIL = 40;

/** Those who wait for an answer, and those who listen to everything that changes. */
export interface Holding {
  /** Milliseconds (`performance.now()`) at which each stream heard of a change, by its generation. */
  readonly heard: ReadonlyMap<number, readonly number[]>;
  close(): void;
}

/** Opens as many waiting requests and as many event streams; resolves when the server holds all of them. */
export async function hold(server: Server, seed: Seed, many: number): Promise<Holding> {
  const heard = new Map<number, number[]>();
  const sockets: Socket[] = [];
  const open = async (path: string, hear: (text: string) => void) => {
    const socket = await ask(server, path);
    socket.on('data', (text: string) => hear(text));
    sockets.push(socket);
  };
  const waits = waitPaths(seed);
  for (let at = 0; at < many; at += AT_ONCE) {
    const opening = Array.from({ length: Math.min(AT_ONCE, many - at) }, (_, one) => [
      open(waits[(at + one) % waits.length] ?? '', () => undefined),
      open('/api/v1/events?project=ceph', listener(heard)),
    ]);
    await Promise.all(opening.flat());
  }
  await untilHeld(server, many);
  return {
    heard,
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Questions about what is still being built, each on one platform. */
function waitPaths(seed: Seed): string[] {
  return unreadySha1s(seed).flatMap((sha1) =>
    PLATFORMS.map((platform) => {
      const asked = `sha1=${sha1}&platforms=${encodeURIComponent(platform)}`;
      return `/api/v1/matrix?project=ceph&${asked}&wait=3600`;
    }),
  );
}

/** Requests are written by hand: two thousand clients must not cost more than the server. */
function ask(server: Server, path: string): Promise<Socket> {
  const { hostname, port, host } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      resolve(socket);
    });
  });
}

function listener(heard: Map<number, number[]>): (text: string) => void {
  let tail = '';
  return (text) => {
    const now = performance.now();
    const whole = tail + text;
    let end = 0;
    for (const found of whole.matchAll(/"generation":(\d+),/g)) {
      const generation = Number(found[1]);
      const times = heard.get(generation);
      if (times === undefined) heard.set(generation, [now]);
      else times.push(now);
      end = found.index + found[0].length;
    }
    tail = whole.slice(Math.max(end, whole.length - TAIL));
  };
}

async function untilHeld(server: Server, many: number): Promise<void> {
  for (let asked = 0; asked < 200; asked += 1) {
    const text = await (await fetch(new URL('/metrics', server.url))).text();
    const held = (kind: string) =>
      Number(new RegExp(`_held_requests\\{kind="${kind}"\\} (\\d+)`).exec(text)?.[1]);
    if (held('wait') === many && held('stream') === many) return;
    await pause(50);
  }
  throw new Error('the server does not hold what it was asked to');
}
