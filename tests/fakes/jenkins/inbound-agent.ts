import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { HANDSHAKE } from './agent-socket.ts';

/** What an agent is started with; see the table of its process in the recording. */
export interface AgentOrder {
  /** Of the controller; ends in a slash. */
  readonly url: string;
  readonly name: string;
  readonly secret: string;
  readonly noReconnect?: boolean;
  /** Between two tries; recorded are about ten seconds. */
  readonly pauseMilliseconds?: number;
}

/** An agent process without a process: what containers run in Java, for tests that need none. */
export interface InboundAgent {
  /** Resolves with the exit code that the process would end with. */
  readonly exit: Promise<number>;
  /** As by SIGKILL. */
  kill(): void;
}

const PAUSE_MILLISECONDS = 10_000;

/** Connects like `agent.jar -webSocket`: a refused handshake ends it with 255, a controller that is away is asked again. */
export function startAgent(order: AgentOrder): InboundAgent {
  const killed = new AbortController();
  return { exit: live(order, killed.signal), kill: () => killed.abort() };
}

async function live(order: AgentOrder, killed: AbortSignal): Promise<number> {
  const pause = order.pauseMilliseconds ?? PAUSE_MILLISECONDS;
  let cookie = '';
  while (!killed.aborted) {
    if (await answersLogin(order.url, killed)) {
      const ended = await session(order, cookie, killed);
      if (ended.refused) return 255;
      cookie = ended.cookie;
      if (order.noReconnect === true) return 0;
    }
    await wait(pause, undefined, { signal: killed }).catch(() => undefined);
  }
  return 137;
}

async function answersLogin(url: string, killed: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(`${url}login`, { signal: killed })).status === 200;
  } catch {
    return false;
  }
}

function session(
  order: AgentOrder,
  cookie: string,
  killed: AbortSignal,
): Promise<{ readonly refused: boolean; readonly cookie: string }> {
  return new Promise((resolve) => {
    const headers = {
      [HANDSHAKE.name]: order.name,
      [HANDSHAKE.secret]: order.secret,
      ...(cookie === '' ? {} : { [HANDSHAKE.cookie]: cookie }),
    };
    const socket = new WebSocket(`${order.url.replace(/^http/, 'ws')}wsagents/`, { headers });
    let refused = false;
    let given = cookie;
    const end = () => socket.terminate();
    killed.addEventListener('abort', end);
    socket.on('upgrade', ({ headers: back }) => {
      const value = back[HANDSHAKE.cookie.toLowerCase()];
      if (typeof value === 'string') given = value;
    });
    socket.on('unexpected-response', (_request, response) => {
      refused = response.statusCode !== 503;
      socket.terminate();
    });
    socket.on('message', (data: Buffer) => run(socket, data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      killed.removeEventListener('abort', end);
      resolve({ refused, cookie: given });
    });
  });
}

/** `run ID BASE64`: a script, whose output and end are told. */
function run(socket: WebSocket, line: string): void {
  const [word, id = '', script = ''] = line.split(' ');
  if (word !== 'run') return;
  const child = spawn('sh', ['-c', Buffer.from(script, 'base64').toString()]);
  const tell = (text: string) => socket.readyState === WebSocket.OPEN && socket.send(text);
  const out = (data: Buffer) => tell(`out ${id} ${data.toString('base64')}`);
  child.stdout.on('data', out);
  child.stderr.on('data', out);
  child.on('close', (code) => tell(`exit ${id} ${code ?? 255}`));
}
