import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { connect, disconnected, shakeHands } from './agents.ts';
import { hearAgent } from './run-bodies.ts';
import type { AgentLink, World } from './world.ts';

/** Headers of the handshake, as Remoting sends them (`JnlpConnectionState`). */
export const HANDSHAKE = {
  name: 'Node-Name',
  secret: 'Secret-Key',
  cookie: 'Connection-Cookie',
} as const;

const GOODBYE_MILLISECONDS = 50;
const REASONS = { 400: 'Bad Request', 403: 'Forbidden', 500: 'Server Error' } as const;

/** Lets an agent in at `/wsagents/`, or refuses its handshake with the status that was recorded. */
export function acceptAgent(
  world: World,
  controllerKey: string,
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const header = (name: string) => {
    const value = request.headers[name.toLowerCase()];
    return typeof value === 'string' ? value : '';
  };
  const [name, secret] = [header(HANDSHAKE.name), header(HANDSHAKE.secret)];
  const cookie = header(HANDSHAKE.cookie) || randomUUID();
  const hands = /^\/wsagents\/?$/.test(request.url ?? '')
    ? shakeHands(world, controllerKey, { name, secret, cookie })
    : ({ kind: 'refused', status: 400, reason: 'no such path' } as const);
  if (hands.kind === 'refused') {
    const { status, reason } = hands;
    socket.end(
      `HTTP/1.1 ${status} ${REASONS[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
    );
    return;
  }
  sockets.once('headers', (lines: string[]) => lines.push(`${HANDSHAKE.cookie}: ${cookie}`));
  sockets.handleUpgrade(request, socket, head, (opened) => {
    if (hands.kind === 'thrown-out') opened.terminate();
    else welcome(world, opened, name, cookie);
  });
}

function welcome(world: World, socket: WebSocket, name: string, cookie: string): void {
  const link: AgentLink = {
    cookie,
    send: (line) => socket.send(`${line}\n`),
    close() {
      socket.close();
      // The stand-in for a busybox does not answer the frame that says goodbye.
      setTimeout(() => socket.terminate(), GOODBYE_MILLISECONDS).unref();
    },
  };
  const computer = world.computers.get(name);
  if (computer === undefined) {
    socket.close();
    return;
  }
  socket.on('message', (data: Buffer) => {
    const now = [...world.computers.values()].find((each) => each.link === link);
    if (now !== undefined) hearAgent(world, now, data.toString());
  });
  socket.on('close', () => disconnected(world, link));
  socket.on('error', () => socket.terminate());
  connect(world, computer, link);
}
