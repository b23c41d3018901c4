import type { Clock } from '../../domain/clock.ts';
import type { Verification } from '../../domain/verification.ts';
import { amount } from '../amounts.ts';
import type { Screen } from '../upload/progress.ts';

const REDRAW_MILLISECONDS = 100;
const LINE_MILLISECONDS = 10_000;
const BAR_WIDTH = 20;
const CLEAR_LINE = '\r\u001b[2K';

/** Shows how far a verification is: one line that rewrites itself on a terminal, a line now and then elsewhere. */
export class VerifyProgress {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #began: number;
  #shownAt: number;
  #bytesBefore: number | null = null;

  constructor(screen: Screen, clock: Clock) {
    this.#screen = screen;
    this.#clock = clock;
    this.#began = clock.now().getTime();
    this.#shownAt = this.#began;
  }

  readonly show = (
    { blobs, bytes, lost }: Pick<Verification, 'blobs' | 'bytes' | 'lost'>,
    totalBytes: number,
  ): void => {
    // What an earlier call had read says nothing of the speed of this one.
    this.#bytesBefore ??= bytes;
    const now = this.#clock.now().getTime();
    const pause = this.#screen.isTTY === true ? REDRAW_MILLISECONDS : LINE_MILLISECONDS;
    if (now - this.#shownAt < pause) return;
    this.#shownAt = now;
    const share = Math.min(1, bytes / Math.max(1, totalBytes));
    const rate = (bytes - this.#bytesBefore) / Math.max(0.001, (now - this.#began) / 1000);
    const left = rate === 0 ? '' : `, ${timeLeft(Math.max(0, totalBytes - bytes) / rate)} left`;
    const found = lost.length === 0 ? '' : `, ${lost.length} lost`;
    const text = `${blobs} blobs, ${amount(bytes)} of ${amount(totalBytes)}, ${amount(rate)}/s${left}${found}`;
    if (this.#screen.isTTY !== true) {
      this.#screen.write(`${text}\n`);
      return;
    }
    const full = Math.round(share * BAR_WIDTH);
    const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${text}`;
    this.#screen.write(`${CLEAR_LINE}${bar.slice(0, (this.#screen.columns ?? 80) - 1)}`);
  };

  /** Takes the moving line away. */
  clear(): void {
    if (this.#screen.isTTY === true) this.#screen.write(CLEAR_LINE);
  }
}

function timeLeft(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${whole} s`;
}
