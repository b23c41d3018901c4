import type { Clock } from '../../domain/clock.ts';
import { amount } from '../amounts.ts';
import { oneLine } from './problem.ts';
import type { FileResult, UploadWatch } from './send-files.ts';

const REDRAW_MILLISECONDS = 100;
const BAR_WIDTH = 20;
const CLEAR_LINE = '\r\u001b[2K';

/** Where progress is shown: standard error, which is a terminal or is not. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how an upload goes: one line that rewrites itself on a terminal, a line for each file elsewhere. */
export class Progress implements UploadWatch {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #results: FileResult[] = [];
  readonly #started: number;
  readonly #named: number;
  #totalBytes = 0;
  #settledBytes = 0;
  #uploadedBytes = 0;
  #sentBytes = 0;
  #drawnAt = 0;

  constructor(screen: Screen, clock: Clock, named: number) {
    this.#screen = screen;
    this.#clock = clock;
    this.#named = named;
    this.#started = clock.now().getTime();
  }

  get results(): readonly FileResult[] {
    return this.#results;
  }

  /** Bytes that went out, those of broken attempts too. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get seconds(): number {
    return (this.#clock.now().getTime() - this.#started) / 1000;
  }

  readonly found = (files: readonly { readonly size: number }[]): void => {
    this.#totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  };

  readonly sent = (bytes: number): void => {
    this.#sentBytes += bytes;
    this.#draw();
  };

  readonly done = (result: FileResult): void => {
    this.#results.push(result);
    const size = result.size ?? 0;
    this.#settledBytes += size;
    if (result.outcome === 'uploaded') this.#uploadedBytes += size;
    if (this.#screen.isTTY !== true || result.outcome === 'failed') this.say(resultLine(result));
    this.#draw();
  };

  /** A line that stays. */
  readonly say = (line: string): void => {
    this.clear();
    this.#screen.write(`${line}\n`);
    this.#drawnAt = 0;
    this.#draw();
  };

  /** Takes the moving line away. */
  clear(): void {
    if (this.#screen.isTTY === true) this.#screen.write(CLEAR_LINE);
  }

  #draw(): void {
    if (this.#screen.isTTY !== true) return;
    const now = this.#clock.now().getTime();
    if (now - this.#drawnAt < REDRAW_MILLISECONDS) return;
    this.#drawnAt = now;
    const underWay = Math.max(0, this.#sentBytes - this.#uploadedBytes);
    const share = Math.min(1, (this.#settledBytes + underWay) / Math.max(1, this.#totalBytes));
    const full = Math.round(share * BAR_WIDTH);
    const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}`;
    const rate = amount(this.#sentBytes / Math.max(this.seconds, 0.001));
    const line = `[${bar}] ${this.#results.length} of ${this.#named} files, ${amount(this.#sentBytes)} sent, ${rate}/s`;
    this.#screen.write(`${CLEAR_LINE}${line.slice(0, (this.#screen.columns ?? 80) - 1)}`);
  }
}

function resultLine({ path, outcome, size, error }: FileResult): string {
  const what = `${outcome.padEnd(13)} ${oneLine(path)}`;
  if (error === null) return size === null ? what : `${what} (${amount(size)})`;
  return `${what}: ${[error.message, error.advice].filter((part) => part !== null).join('. ')}`;
}
