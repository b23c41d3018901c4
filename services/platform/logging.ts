import { writeSync } from 'node:fs';
import { pino } from 'pino';
import type { DestinationStream, Level, Logger } from 'pino';

const SECRETS = ['authorization', 'cookie', 'key', 'passphrase', 'password', 'token'];

/**
 * JSON lines, to standard error unless another place is given. What looks like a secret is cut out
 * at the top, in headers and in the request's headers, whatever the caller handed in.
 */
export function makeLogger(
  level: Level | 'silent',
  destination: DestinationStream = logDestination(2),
): Logger {
  const paths = SECRETS.flatMap((name) => [
    name,
    `*.${name}`,
    `headers["${name}"]`,
    `*.headers["${name}"]`,
    `headers["proxy-${name}"]`,
    `*.headers["proxy-${name}"]`,
  ]);
  return pino(
    { level, redact: { paths, censor: '[removed]' }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}

/** Lines to an open file. What cannot be written, as on a full disk, is lost; it must not end the service. */
export function logDestination(descriptor: number): DestinationStream {
  return {
    write(line) {
      try {
        writeSync(descriptor, line);
      } catch {
        // There is no other place to tell it.
      }
    },
  };
}
