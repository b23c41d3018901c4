import type { Clock } from '../../services/domain/clock.ts';

/** A clock on which every pause is over at once; it remembers how long each should have been. */
export class HastyClock implements Clock {
  /** Milliseconds. */
  readonly pauses: number[] = [];

  now(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.pauses.reduce((sum, pause) => sum + pause, 0));
  }

  after(milliseconds: number, callback: () => void): () => void {
    this.pauses.push(milliseconds);
    const turn = setImmediate(callback);
    return () => clearImmediate(turn);
  }
}
