import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { hostname } from 'node:os';
import { GitbuilderError } from '../domain/errors.ts';

/** How long an answered client may go on sending what nobody wants, so that it gets to read the answer. */
const LINGER_MILLISECONDS = 30_000;

/** Longer than any handler is silent: those that wait on purpose send a blank every 15 s. */
const SILENT_MILLISECONDS = 300_000;

/** What the system's codes mean to who chose the address. */
const NO_LISTENING: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'this user may not use the port',
};

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpServer {
  /** Where it is reached, with a slash at its end. */
  readonly url: string;
  /** Takes no new requests, lets running ones end within the time, then closes what is left. */
  stop(graceMilliseconds: number): Promise<void>;
}

/**
 * An HTTP server that bodies of any length may take any time to reach: limits on them are the
 * handlers' (Node's own would cut every upload off after 300 s).
 */
export async function listen(
  listener: Listener,
  address: { readonly host: string; readonly port: number },
  { silentMilliseconds = SILENT_MILLISECONDS } = {},
): Promise<HttpServer> {
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 65_000,
  });
  // A client that neither sends what it promised nor takes what it asked for holds memory for ever.
  server.timeout = silentMilliseconds;
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    silent.delete(request.socket);
    bound(request, response);
    if (response.socket === null) closeWithConnection(request, response);
    // Its connection is idle only now, and nothing more may come on it.
    response.once('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    listener(request, response);
  };
  server.on('request', serve);
  // The handler says 100 Continue itself, once nothing is left to refuse.
  server.on('checkContinue', serve);
  await new Promise<void>((resolve, reject) => {
    const refused = (cause: Error): void => reject(cannotListen(address, cause));
    server.once('error', refused);
    server.listen(address.port, address.host, () => {
      server.off('error', refused);
      resolve();
    });
  });
  // A TCP server's address is an object; only pipes have a string.
  const { address: host, port } = server.address() as AddressInfo;
  return { url: urlOf(host, port), stop: (grace) => stop(server, silent, grace) };
}

/** The system's own sentence names neither what to look at nor what to change. */
function cannotListen(
  { host, port }: { readonly host: string; readonly port: number },
  cause: NodeJS.ErrnoException,
): Error {
  const reason = (cause.code !== undefined && NO_LISTENING[cause.code]) || cause.message;
  return new GitbuilderError('CANNOT_LISTEN', { address: `${host}:${port}`, reason }, { cause });
}

/** What listens everywhere is reached under this machine's name. */
function urlOf(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

/** Node drains an unread body after the answer; this ends it for clients that never stop. */
function bound(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MILLISECONDS);
    timer.unref();
    request.once('close', () => clearTimeout(timer));
  });
}

/**
 * To an answer that is not its turn yet, since its request came right behind another on the
 * connection, Node never says that the connection is closed: what it holds would be held for ever.
 */
function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  const close = () => {
    response.destroy();
    response.emit('close');
  };
  // Some clients ask for many things at once.
  socket.setMaxListeners(0);
  socket.once('close', close);
  response.once('socket', () => socket.off('close', close));
}

async function stop(server: Server, silent: Iterable<Socket>, grace: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // Clients connect ahead of their first request; to Node such a connection is not idle.
  for (const socket of silent) socket.destroy();
  const timer = setTimeout(() => server.closeAllConnections(), grace);
  await closed;
  clearTimeout(timer);
}
