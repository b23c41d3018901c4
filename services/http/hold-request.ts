import type { IncomingMessage } from 'node:http';
import type { Clock } from '../domain/clock.ts';
import type { HeldRequests } from '../platform/held-requests.ts';
import { FORMAT_TYPES } from './answer-format.ts';
import type { Format } from './answer-format.ts';
import type { Exchange } from './exchange.ts';

/** Proxies and clients drop a connection on which nothing comes; JSON and sh do not mind empty lines. */
const BLANK_MILLISECONDS = 15_000;

/** What holding a request takes. */
export interface Holder {
  readonly held: HeldRequests;
  readonly clock: Clock;
  /** Whose connection it is. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/**
 * Holds a request until what it waits for has come; the signal comes when its client has gone or the
 * service stops. A held one sends an empty line now and then, so its head may be out by then.
 */
export async function holdRequest<T>(
  { held, clock, addressOf }: Holder,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  format: Format,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  const leave = held.enter('wait', addressOf(request), () => {
    if (!response.headersSent) response.setHeader('Connection', 'close');
    stop();
  });
  response.once('close', stop);
  let cancel = (): void => undefined;
  const sendBlank = () => {
    if (!response.headersSent) response.writeHead(200, headersOf(format));
    response.write('\n');
    cancel = clock.after(BLANK_MILLISECONDS, sendBlank);
  };
  cancel = clock.after(BLANK_MILLISECONDS, sendBlank);
  try {
    return await wait(ending.signal);
  } finally {
    cancel();
    leave();
    response.off('close', stop);
  }
}

function headersOf(format: Format) {
  return {
    'Content-Type': FORMAT_TYPES[format],
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    Connection: 'close',
  };
}
