import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

/** What follows a request's head: bytes, or whoever writes them. */
export type Sending = (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>;

const HEAD_END = '\r\n\r\n';

/**
 * One HTTP/1.1 connection that stays open, spoken by hand: the client of Node takes longer for a
 * request than the server for its answer, and that is not what is to be measured. Requests follow
 * each other; every answer states its length, as ours do.
 */
export class Connection {
  readonly #url: URL;
  #socket: Socket | null = null;
  #chunks: Buffer[] = [];
  #received = 0;
  /** Bytes of the answer under way, head and all; null while its head is incomplete. */
  #wanted: number | null = null;
  #status = 0;
  #bodyAt = 0;
  #answered: ((reply: Reply) => void) | null = null;
  #failed: ((cause: Error) => void) | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(url: string) {
    this.#url = new URL(url);
  }

  get host(): string {
    return this.#url.host;
  }

  /** Sends a head and what follows it; resolves with the answer, which may come before all is sent. */
  ask(head: string, send: Sending | null = null): Promise<Reply> {
    const asked = this.#turn.then(() => this.#ask(head, send));
    this.#turn = asked.catch(() => undefined);
    return asked;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #ask(head: string, send: Sending | null): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      const socket = (this.#socket ??= this.#open());
      socket.write(head, 'latin1');
      send?.((bytes) => written(socket, bytes)).catch(reject);
    });
  }

  #open(): Socket {
    const { hostname, port } = this.#url;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const end = (cause: Error) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      const failed = this.#failed;
      this.#forget();
      failed?.(cause);
    };
    socket.on('error', end);
    socket.on('close', () => end(new ClosedError()));
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#wanted === null) this.#readHead();
    if (this.#wanted === null || this.#received < this.#wanted) return;
    const body = this.#whole().subarray(this.#bodyAt);
    const answered = this.#answered;
    this.#forget();
    answered?.({ status: this.#status, body });
  }

  /** Nothing is under way any more. */
  #forget(): void {
    this.#chunks = [];
    this.#received = 0;
    this.#wanted = null;
    this.#answered = null;
    this.#failed = null;
  }

  #readHead(): void {
    const bytes = this.#whole();
    const end = bytes.indexOf(HEAD_END);
    if (end === -1) return;
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    this.#bodyAt = end + HEAD_END.length;
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const isEmpty = this.#status === 204 || this.#status === 304;
    if (length === undefined && !isEmpty) throw new Error(`an answer without a length: ${head}`);
    this.#wanted = this.#bodyAt + Number(length ?? 0);
  }

  #whole(): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks;
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first;
    this.#chunks = [whole];
    return whole;
  }
}

/** As Node's own client says it. */
class ClosedError extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the server has closed the connection');
  }
}

/** Resolves when the bytes have left for the kernel. */
function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
