import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import type { Clock } from '../../../services/domain/clock.ts';
import { acceptAgent } from './agent-socket.ts';
import { secretOf } from './agents.ts';
import { starting, wrongLogin } from './answers.ts';
import { readAsk } from './ask.ts';
import { defineJob } from './define-job.ts';
import type { JobDefinition } from './define-job.ts';
import { addNode } from './nodes.ts';
import { enqueueJob, maintain } from './queue.ts';
import type { Enqueued } from './queue.ts';
import { comeUp, goDown } from './restart.ts';
import { answer } from './root-routes.ts';
import type { Office } from './root-routes.ts';
import { beginBody } from './run-bodies.ts';
import { finishBlock, finishBuild } from './runs.ts';
import { readLogin } from './users.ts';
import { RECORDED_TIMINGS } from './world.ts';
import type { Block, Build, Executor, Job, NodeDefinition, Result } from './world.ts';
import type { Timings, World } from './world.ts';

/** What came over the wire. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** How a request is answered instead: a page of HTML with a status, half a body, nothing, no connection. */
export type Fault = FaultyAnswer & {
  /** Whether what was asked for is done all the same, and only the answer is lost. */
  readonly isDone?: boolean;
};

type FaultyAnswer =
  | { readonly kind: 'html'; readonly status: number; readonly text?: string }
  | { readonly kind: 'body'; readonly status: number; readonly type: string; readonly text: string }
  | { readonly kind: 'half' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'break' };

export interface FakeJenkinsOptions {
  readonly clock: Clock;
  /** `2.462.3`, that of the recording, when not said. */
  readonly version?: string;
  /** Others than recorded, to make a demo or a test quick. */
  readonly timings?: Partial<Timings>;
  readonly agentJar?: Uint8Array | null;
  /** Between two tries of a stand-in agent; recorded are about ten seconds. */
  readonly agentPauseMilliseconds?: number;
  /** Executors of the built-in node; the recording had none. */
  readonly builtInExecutors?: number;
  readonly host?: string;
  readonly port?: number;
  /** The URL that it believes to have; its own address when not said. */
  readonly rootUrl?: string;
}

/** A Jenkins controller over real HTTP and WebSocket that behaves as the recorded one did. */
export class FakeJenkins {
  /** Everything it was asked, in order. */
  readonly asked: Asked[] = [];
  /** Decides on each request whether it goes wrong, and how. */
  fault: (asked: Asked) => Fault | null = () => null;
  readonly world: World;
  readonly #options: FakeJenkinsOptions;
  readonly #office: Office;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #phase: 'down' | 'starting' | 'up' = 'down';
  #session = '';
  #server: Server | null = null;
  #port: number;
  #maintenance: (() => void) | null = null;
  #waiters: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];

  constructor(options: FakeJenkinsOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    const controllerKey = randomBytes(32).toString('hex');
    this.#office = {
      ...{ controllerKey, tokens: new Map(), agentJar: options.agentJar ?? null },
      agentPause: options.agentPauseMilliseconds ?? 10_000,
    };
    this.world = {
      clock: options.clock,
      version: options.version ?? '2.462.3',
      timings: { ...RECORDED_TIMINGS, ...options.timings },
      ...{ nodes: new Map(), computers: new Map(), items: new Map(), left: new Map() },
      jobs: new Map(),
      builtInExecutors: Array.from(
        { length: options.builtInExecutors ?? 0 },
        (_, number): Executor => ({ number, running: null }),
      ),
      ...{ quieting: false, nextItem: 1, nextBlock: 1 },
      began: (build, block) => beginBody(this.world, build, block),
      changed: () => this.#tell(),
    };
  }

  /** Ends in a slash; the same after a restart. */
  get url(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.#port}/`;
  }

  /** X-Jenkins-Session of this run. */
  get session(): string {
    return this.#session;
  }

  /** Listens and is up at once. */
  async start(): Promise<this> {
    await this.listen();
    this.finishStarting();
    return this;
  }

  /** Listens and answers 503 until `finishStarting`. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#server = server;
    server.listen(this.#port, this.#options.host ?? '127.0.0.1');
    await once(server, 'listening');
    // A TCP server's address is an object; only pipes have a string.
    this.#port = (server.address() as AddressInfo).port;
    this.#phase = 'starting';
  }

  finishStarting(): void {
    this.#session = randomBytes(4).toString('hex');
    this.#phase = 'up';
    comeUp(this.world);
    this.#tick();
  }

  /** Ends as by SIGTERM: from now on connections are refused, and agents have lost theirs. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#phase = 'down';
    this.#maintenance?.();
    goDown(this.world);
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    for (const client of this.#sockets.clients) client.terminate();
    await closed;
    // Clients of the same process learn of it in the next turn, and would reuse a dead connection before.
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** A job of the controller; another of the same name takes its place. */
  define(definition: JobDefinition): Job {
    return defineJob(this.world, definition);
  }

  /** Asks for a build as somebody at the pages would; without a quiet period unless it is said. */
  enqueue(
    job: Job | JobDefinition,
    {
      parameters = {},
      quietMilliseconds = 0,
    }: { parameters?: Record<string, string>; quietMilliseconds?: number } = {},
  ): Enqueued {
    const defined = 'builds' in job ? job : this.define(job);
    const all = { ...defined.parameters, ...parameters };
    const request = { startedBy: 'operator', parameters: all, quietMilliseconds };
    return enqueueJob(this.world, defined, request);
  }

  /** A node as an administrator would make it, such as an anchor. */
  addNode(node: Partial<NodeDefinition> & { readonly name: string }): void {
    addNode(this.world, {
      ...{ description: '', remoteFS: '/home/jenkins/agent', numExecutors: 1, mode: 'EXCLUSIVE' },
      ...{ labelString: '', webSocket: true, workDir: true, environment: [] },
      retention: 'hudson.slaves.RetentionStrategy$Always',
      ...node,
    });
  }

  /** Ends a build, or one block of it. */
  finish(build: Build, result: Result = 'SUCCESS', block?: Block): void {
    if (block === undefined) finishBuild(this.world, build, result);
    else finishBlock(this.world, build, block, result);
  }

  /** What an agent of this name must prove itself with. */
  secretOf(node: string): string {
    return secretOf(this.#office.controllerKey, node);
  }

  /** The last build of a job. */
  lastBuild(job: string): Build | undefined {
    return this.world.jobs.get(job)?.builds.at(-1);
  }

  /** Resolves as soon as this holds; looked at whenever something changed or was asked. */
  until(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ isOver, resolve });
      this.#tell();
    });
  }

  /** The queue moves by itself each five seconds. */
  #tick(): void {
    const { clock, timings } = this.world;
    this.#maintenance = clock.after(timings.maintenance, () => {
      maintain(this.world);
      this.#tick();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    } catch {
      // Who asked is gone.
      return;
    }
    const { method = 'GET', url = '/', headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(parts).toString() };
    this.asked.push(asked);
    const fault = this.fault(asked);
    const said = fault === null || fault.isDone ? this.#answer(request, asked.body) : null;
    if (fault !== null) misbehave(response, fault);
    else if (said !== null) response.writeHead(said.status, said.headers).end(said.body);
    this.#tell();
  }

  #answer(request: IncomingMessage, body: string) {
    if (this.#phase !== 'up') return starting;
    const login = readLogin(request.headers.authorization, this.#office.tokens);
    if (login.kind === 'wrong') return wrongLogin;
    const stamp = { version: this.world.version, session: this.#session };
    const rootUrl = this.#options.rootUrl ?? this.url;
    const ask = readAsk(request, body, login, { ...stamp, rootUrl });
    return answer(this.world, ask, this.#office, login, request.headers);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { method = 'GET', url = '/', headers } = request;
    this.asked.push({ method, url, headers, body: '' });
    if (this.#phase !== 'up') socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    else acceptAgent(this.world, this.#office.controllerKey, this.#sockets, request, socket, head);
    this.#tell();
  }

  #tell(): void {
    for (const { isOver, resolve } of this.#waiters) if (isOver()) resolve();
    this.#waiters = this.#waiters.filter(({ isOver }) => !isOver());
  }
}

function misbehave(response: ServerResponse, fault: Fault): void {
  switch (fault.kind) {
    case 'html': {
      const text = fault.text ?? '<html><body><h1>It works!</h1></body></html>';
      response.writeHead(fault.status, { 'content-type': 'text/html' }).end(text);
      return;
    }
    case 'body':
      response.writeHead(fault.status, { 'content-type': fault.type }).end(fault.text);
      return;
    case 'half':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write('{"_class":"hudson.model.Queue","items":[{"id":1,');
      setImmediate(() => response.destroy());
      return;
    case 'break':
      response.destroy();
      return;
    case 'hang':
      return;
  }
}
