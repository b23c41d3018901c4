import { createReadStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { basicAuthorization } from '../../services/platform/auth.ts';
import { Connection } from './connection.ts';
import type { Reply, Sending } from './connection.ts';
import type { Server } from './server.ts';
import { binariesPath, entryPath, repoPath } from './target.ts';
import type { Target } from './target.ts';

/** Of a publish; one that takes longer has failed. */
const PATIENCE_SECONDS = 60;

/** What is sent: bytes, a file, or a stream of known length. */
export type Body =
  | Uint8Array
  | { readonly path: string; readonly size: number }
  | { readonly chunks: AsyncIterable<Uint8Array>; readonly size: number };

export interface UploadOptions {
  /** Called at the moment before the last byte leaves. */
  readonly onLastByte?: () => void;
  /** Other bytes may stand under that name. */
  readonly force?: boolean;
}

/** One client with one connection that stays open, as an uploader or a package manager has. */
export class Client {
  readonly #connection: Connection;
  /** The header lines of every request. */
  readonly #lines: string;

  constructor({ url, credentials }: Pick<Server, 'url' | 'credentials'>) {
    this.#connection = new Connection(url);
    const colon = credentials.indexOf(':');
    const [user, key] = [credentials.slice(0, colon), credentials.slice(colon + 1)];
    this.#lines = `Host: ${this.#connection.host}\r\nAuthorization: ${basicAuthorization(user, key)}\r\n`;
  }

  close(): void {
    this.#connection.close();
  }

  get(path: string): Promise<Reply> {
    return this.#send('GET', path, null);
  }

  /** Asks for something to be done; answers the JSON. */
  async postJson(path: string): Promise<Readonly<Record<string, unknown>>> {
    const reply = await this.#send('POST', path, new Uint8Array());
    if (reply.status >= 300) throw refused(path, reply);
    return Object.fromEntries(fieldsOf(reply.body));
  }

  /** Uploads a file and throws unless it is taken. */
  async upload(target: Target, name: string, body: Body, options: UploadOptions = {}) {
    const path = binariesPath(target) + encodeURIComponent(name);
    const query = options.force === true ? '?force=1' : '';
    const reply = await this.#send('PUT', path + query, body, options.onLastByte);
    if (reply.status !== 201 && reply.status !== 200) throw refused(path, reply);
  }

  async remove(target: Target, name: string): Promise<void> {
    const path = binariesPath(target) + encodeURIComponent(name);
    const reply = await this.#send('DELETE', path, null);
    if (reply.status !== 204) throw refused(path, reply);
  }

  /** The sha256 of each uploaded file by its name; empty when there is none. */
  async listing(target: Target): Promise<Map<string, string>> {
    const path = binariesPath(target);
    const reply = await this.get(path);
    if (reply.status === 404) return new Map();
    if (reply.status !== 200) throw refused(path, reply);
    const sums = [...fieldsOf(reply.body)].map(([name, binary]) => {
      return [name, String(entriesOf(binary).get('sha256'))] as const;
    });
    return new Map(sums);
  }

  /** Asks for a publish; answers the number of the generation that will cover it. */
  async update(target: Target): Promise<number> {
    const path = `${repoPath(target)}update`;
    const reply = await this.#send('POST', path, new Uint8Array());
    if (reply.status !== 200) throw refused(path, reply);
    return Number(fieldsOf(reply.body).get('generation'));
  }

  /** Asks for a publish, and is answered when clients can install it. */
  async publish(target: Target): Promise<void> {
    const path = `${repoPath(target)}update?wait=${PATIENCE_SECONDS}`;
    const reply = await this.#send('POST', path, new Uint8Array());
    const fields = fieldsOf(reply.body);
    if (reply.status !== 200 || fields.get('done') !== true || fields.get('status') === 'failed')
      throw refused(path, reply);
  }

  /** Asks to publish an earlier generation again; answers the number of the publish that does. */
  async goBack(target: Target, generation: string): Promise<number> {
    const path = `/api/v1${repoPath(target)}generations/${generation}/restore`;
    const reply = await this.#send('POST', path, new Uint8Array());
    if (reply.status !== 200) throw refused(path, reply);
    return Number(fieldsOf(reply.body).get('generation'));
  }

  /** Asks until the published entry file is there and is not what it was before; answers its bytes. */
  async awaitEntry(target: Target, before: Buffer | null): Promise<Buffer> {
    const path = entryPath(target);
    for (let asked = 1; ; asked += 1) {
      const reply = await this.get(path);
      if (reply.status === 200 && (before === null || !reply.body.equals(before)))
        return reply.body;
      if (reply.status !== 200 && reply.status !== 404) throw refused(path, reply);
      if (asked % 200 === 0) await this.liveGeneration(target);
      await pause(1);
    }
  }

  /** Waits until a generation, or a later one, is live. */
  async awaitGeneration(target: Target, generation: number): Promise<void> {
    while ((await this.liveGeneration(target)) < generation) await pause(1);
  }

  /** The number of the generation that is served, 0 for none; throws when the last publish failed. */
  async liveGeneration(target: Target): Promise<number> {
    const reply = await this.get(repoPath(target));
    const fields = fieldsOf(reply.body);
    if (reply.status !== 200 || fields.get('status') === 'failed')
      throw refused('publishing', reply);
    return Number(fields.get('live_generation') ?? 0);
  }

  #send(
    method: string,
    path: string,
    body: Body | null,
    onLastByte: () => void = () => undefined,
  ): Promise<Reply> {
    const length = body === null ? '' : `Content-Length: ${sizeOf(body)}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\n${this.#lines}${length}\r\n`;
    if (body === null || sizeOf(body) === 0) return this.#connection.ask(head);
    return this.#connection.ask(head, (write) => feed(write, body, onLastByte));
  }
}

function sizeOf(body: Body): number {
  return body instanceof Uint8Array ? body.length : body.size;
}

function chunksOf(body: Body): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (body instanceof Uint8Array) return [body];
  if ('chunks' in body) return body.chunks;
  return createReadStream(body.path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
}

async function feed(
  write: Parameters<Sending>[0],
  body: Body,
  onLastByte: () => void,
): Promise<void> {
  let left = sizeOf(body);
  for await (const chunk of chunksOf(body)) {
    left -= chunk.length;
    if (left > 0) {
      await write(chunk);
      continue;
    }
    if (chunk.length > 1) await write(chunk.subarray(0, -1));
    onLastByte();
    await write(chunk.subarray(-1));
  }
}

function fieldsOf(body: Buffer): ReadonlyMap<string, unknown> {
  return entriesOf(JSON.parse(body.toString()));
}

function entriesOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

function refused(path: string, { status, body }: Reply): Error {
  return new Error(`${path} was answered ${status}: ${body.toString().slice(0, 500)}`);
}
