/** Wall clock and timers, handed in so that tests own time. */
export interface Clock {
  now(): Date;
  /** Calls back once after the time; the answer cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}
